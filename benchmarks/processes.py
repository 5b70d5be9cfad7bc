"""Measures whole processes, with all that they start, in environments that are known."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ablate.backends import BackendName
from ablate.spec.study import StudySpec
from ablate.workers.executors.defaults import Machine, choose_workers
from ablate.workers.executors.environment import worker_environment

SETTINGS = ("TF_", "XLA_", "JAX_", "MALLOC_", "GLIBC_", "OMP_", "ABLATE_", "OPTUNA_")
"""How the names of environment variables begin that change what is measured."""
OTHER_SETTINGS = ("KERAS_BACKEND", "NPROC", "LD_PRELOAD")


@dataclass(frozen=True)
class Usage:
    """What a process and all its children and grandchildren have taken."""

    wall: float
    """Seconds from its start to its end."""
    user: float
    """Seconds of processor time in programs."""
    system: float
    """Seconds of processor time in the system's kernel."""
    faults: int
    """Page faults that needed no disk: pages of memory that the kernel handed out."""
    output: str = ""
    """What it printed."""

    @property
    def cpu(self) -> float:
        """Seconds of processor time."""
        return self.user + self.system

    def __str__(self) -> str:
        return (
            f"{self.wall:7.1f} s, user {self.user:7.1f} s, system {self.system:6.1f} s, "
            f"{self.faults:12,} page faults"
        )


def bare_environment(backend: BackendName) -> dict[str, str]:
    """This process's environment without whatever sets up memory, threads or libraries."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(SETTINGS) and name not in OTHER_SETTINGS
    }
    return {**kept, "KERAS_BACKEND": backend}


def same_as_worker(study: StudySpec) -> dict[str, str]:
    """The environment of the only worker of ``ablate run --workers 1``, threads and all."""
    backend, machine = study.training.backend, Machine.here()
    (share,) = choose_workers(study, machine, count=1).shares(machine)
    return worker_environment(bare_environment(backend), backend, share)


def run_process(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Usage:
    """Runs a command in a folder, and measures it with all the processes that it waits for.

    Raises:
        SystemExit: it failed; holds what it printed.
    """
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, env=dict(environment), cwd=folder, stdout=output, stderr=errors
        )
        # What a child has taken is added to its parent's when the parent has waited for it.
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        printed = output.read()
        if process.returncode:
            raise SystemExit(f"{printed}{errors.read()}{command} ended with {process.returncode}")
    return Usage(wall, used.ru_utime, used.ru_stime, used.ru_minflt, printed)


def median_ratio(
    ours: Sequence[Usage], theirs: Sequence[Usage], of: Callable[[Usage], float]
) -> float:
    """The median of what each pair of runs, one of ours and the one of theirs beside it, gives."""
    return statistics.median(of(one) / of(other) for one, other in zip(ours, theirs, strict=True))


def median_usage(runs: Sequence[Usage]) -> Usage:
    """The median of each number by itself."""
    return Usage(
        wall=statistics.median(run.wall for run in runs),
        user=statistics.median(run.user for run in runs),
        system=statistics.median(run.system for run in runs),
        faults=round(statistics.median(run.faults for run in runs)),
    )
