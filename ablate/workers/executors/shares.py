"""Which part of the machine each worker may use: a GPU, and processor cores."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ablate.limits import MEMORY_SHARE

MEMORY_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
CORE_QUOTAS = (Path("/sys/fs/cgroup/cpu.max"),)
THREADS = (
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "OMP_NUM_THREADS",
    "NPROC",  # what XLA's client of the CPU takes as the number of cores
)
"""Environment variables that say how many threads a library of a worker's computes with."""


@dataclass(frozen=True)
class Share:
    """A worker's part of the machine: a GPU, processor cores, and threads to compute with."""

    gpu: str | None = None
    """The number or name of its GPU; None where there is none, or all may be used."""
    cores: tuple[int, ...] | None = None
    """The processor cores that it may use; None for all."""
    threads: int | None = None
    """How many threads compute; None for what its libraries take."""

    def environment(self) -> dict[str, str]:
        """Environment variables that set its threads; a user's own values count more."""
        return {} if self.threads is None else dict.fromkeys(THREADS, str(self.threads))

    def device(self) -> dict[str, str]:
        """Environment variables that show it its GPU alone."""
        return {} if self.gpu is None else {"CUDA_VISIBLE_DEVICES": self.gpu}


def usable_cores(quotas: Sequence[Path] = CORE_QUOTAS) -> tuple[int, ...]:
    """The processor cores that this process may use, containers and affinities heeded.

    Args:
        quotas: files that may hold how much processor time the container around this process gets
            in each period, as the kernel's control groups write it: ``200000 100000``.
    """
    try:
        cores = tuple(sorted(os.sched_getaffinity(0)))
    except AttributeError:  # macOS
        cores = tuple(range(os.cpu_count() or 1))
    for file in quotas:
        with contextlib.suppress(OSError, ValueError):  # "max 100000": no limit
            time, period = (int(number) for number in file.read_text().split())
            cores = cores[: max(1, math.ceil(time / period))]
    return cores


def memory_share(workers: int, limits: Sequence[Path] = MEMORY_LIMITS) -> int:
    """The bytes that a worker may hold before it is replaced: its part of most of the memory.

    Args:
        workers: how many there are.
        limits: files that may hold a limit of the container around this process.
    """
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for file in limits:
        with contextlib.suppress(OSError, ValueError):  # "max" is no number
            total = min(total, int(file.read_text()))
    return int(MEMORY_SHARE * total / workers)


def visible_gpus(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The GPUs that CUDA programs see, by number or name, found without loading one."""
    named = environment.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return tuple(one.strip() for one in named.split(",") if one.strip() not in ("", "-1"))
    program = shutil.which("nvidia-smi", path=environment.get("PATH"))
    if program is None:
        return ()
    result = subprocess.run([program, "--list-gpus"], capture_output=True, text=True, check=False)
    lines = result.stdout.splitlines() if result.returncode == 0 else []
    return tuple(str(index) for index, line in enumerate(lines) if line.startswith("GPU"))


def share_out(
    workers: int | None,
    workers_per_gpu: int,
    cores: Sequence[int],
    gpus: Sequence[str],
    threads: int | None = None,
) -> tuple[Share, ...]:
    """The shares of so many workers.

    Args:
        workers: how many; None for `workers_per_gpu` for each GPU, and one where there is none.
        workers_per_gpu: how many share a GPU.
        cores: the processor cores that may be used.
        gpus: the GPUs that may be used.
        threads: how many threads each computes with; None for as many as it has cores, and for a
            single worker what its libraries take.

    Returns:
        Cores are dealt out evenly, all of them; where there are fewer cores than workers, some
        have the same. A single worker may use the whole machine.
    """
    count = workers or max(1, len(gpus) * workers_per_gpu)
    if count == 1:
        return (Share(threads=threads),)
    shares = []
    for index in range(count):
        first, last = index * len(cores) // count, (index + 1) * len(cores) // count
        own = tuple(cores[first:last]) or (cores[index % len(cores)],)
        gpu = gpus[index // workers_per_gpu % len(gpus)] if gpus else None
        shares.append(Share(gpu, own, threads or len(own)))
    return tuple(shares)
