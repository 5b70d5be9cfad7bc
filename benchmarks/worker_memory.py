"""How much memory a worker holds, and how that grows with the trials that it trains.

Runs a search of networks of different widths (2 epochs each: the bottleneck network, on `digits`
the baseline) and reads the memory of each worker after every epoch and every trial: all that is
resident, and its own alone, without the pages of mapped files, through which it reads the images.
Three runs, each with new workers:

- ``kept``: workers as they come, which keep the memory that a step frees;
- ``given-back``: the same with a user's environment that has it given back to the system;
- ``limited``: as they come, with a limit of 1.2 times what the first trial leaves, which replaces
  the workers.

The data set may have any size, so that it shows whether a worker's memory grows with it. MNIST is
read from the folder that ABLATE_DATA_HOME names.

    python benchmarks/worker_memory.py [--trials 60] [--backend tensorflow] [--workers 1]
    python benchmarks/worker_memory.py --trials 5 --runs kept --data line --images-per-class 1000
    python benchmarks/worker_memory.py --trials 5 --runs kept --data mnist --workers 2
"""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
import time
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from processes import bare_environment

from ablate.backends import BackendName
from ablate.config import load_study
from ablate.config.data import HOME_VARIABLE
from ablate.limits import Limits
from ablate.running.run import log_path, run_study
from ablate.spec.study import StudySpec
from ablate.state.phases import PhaseState
from ablate.store.place import StoragePlace
from ablate.workers.executors.defaults import Machine, choose_workers
from ablate.workers.executors.local import LocalExecutor
from ablate.workers.executors.memory import held_memory
from ablate.workers.messages import Event, Finished, Trained

STUDY = """
[study]
name         = "memory"
dataset      = "{dataset}"
search_space = "{network}"
[data]
{images}
[training]
epochs  = 2
backend = "{backend}"
[fix]
batch_norm_momentum = 0.9
{fixed}
[tune]
trials        = {trials}
sampler       = "random"
pruner        = "none"
{widths}
batch_size    = {{ choices = [32, 64, 128] }}
learning_rate = {{ low = 1e-3, high = 1e-2, log = true }}
"""
BOTTLENECK = {
    "network": "bottleneck",
    "fixed": "",
    "widths": "stem_filters  = { choices = [16, 32, 64] }",
}
BASELINE = {
    "network": "baseline",
    "fixed": "kernel_size = 3\ndense_units = 64",
    "widths": "filters       = { choices = [8, 16, 32] }",
}
NETWORKS = {"line": BOTTLENECK, "mnist": BOTTLENECK, "digits": BASELINE}
IMAGES = {"line": "images_per_class", "mnist": "per_class", "digits": "per_class"}
"""The setting that says how many images of each class there are."""
FEW = {"line": 40}
"""Images of each class unless told; of the other data sets all."""
GIVEN_BACK: Mapping[BackendName, Mapping[str, str]] = {
    "tensorflow": {
        "TF_CPU_ALLOCATOR_USE_BFC": "false",
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=0",
    },
    "jax": {  # what the GNU C library takes by itself
        "MALLOC_ARENA_MAX": str(8 * (os.cpu_count() or 1)),
        "MALLOC_MMAP_MAX_": "65536",
        "MALLOC_TRIM_THRESHOLD_": "131072",
        "MALLOC_TOP_PAD_": "131072",
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=0",
    },
}
"""A user's environment, which counts more than what a worker is given."""
RUNS = ("kept", "given-back", "limited")
MIB = 2**20


@dataclass(frozen=True)
class Reading:
    """The memory of the worker that holds most, after a trial."""

    resident: int
    """Bytes, pages of mapped files included."""
    own: int
    """Bytes that only this process has."""
    most: int
    """The most that any worker has had of its own after an epoch or a trial so far."""


class Reader:
    """Reads the workers' memory after each epoch and each trial."""

    def __init__(self) -> None:
        self.read: list[Reading] = []
        """One after each trial."""
        self.workers = set[int]()
        """The process numbers of all workers that there were."""
        self._most = 0

    def opened(self, study: StudySpec, phases: Sequence[PhaseState], cut_off: int) -> None:
        """Reads nothing."""

    def heard(self, event: Event) -> None:
        """Reads when an epoch or a trial is over."""
        if not isinstance(event, Trained | Finished):
            return
        resident, own = 0, 0
        for process in psutil.Process().children():
            with contextlib.suppress(psutil.Error):  # it has just gone
                if "ablate.workers.process" in process.cmdline():
                    self.workers.add(process.pid)
                    resident = max(resident, process.memory_info().rss)
                    own = max(own, held_memory(process))
        self._most = max(self._most, own)
        if isinstance(event, Finished):
            self.read.append(Reading(resident, own, self._most))

    def said(self, text: str) -> None:
        """Reads nothing."""

    def stopping(self) -> None:
        """Reads nothing."""


def run(folder: Path, options: Namespace, limits: Limits) -> Reader:
    """Runs the search in a folder of its own."""
    folder.mkdir()
    file, place = folder / "study.toml", StoragePlace(str(folder / "ablate.journal"))
    count = options.images_per_class or FEW.get(options.data)
    images = f"{IMAGES[options.data]} = {count}" if count else ""
    text = STUDY.format(
        dataset=options.data,
        images=images,
        backend=options.backend,
        trials=options.trials,
        **NETWORKS[options.data],
    )
    file.write_text(text)
    study, machine, reader = load_study(file), Machine.here(), Reader()
    shares = choose_workers(study, machine, count=options.workers).shares(machine)
    executor = LocalExecutor(log_path(place, study), study.training.backend, shares)
    started = time.perf_counter()
    run_study(study, place, reader, executor=lambda threads: executor, limits=limits)
    print(f"{options.trials} trials in {time.perf_counter() - started:.1f} s", flush=True)
    return reader


def print_readings(read: Sequence[Reading]) -> None:
    first = read[0].own
    print("trainings | resident, MiB | of its own, MiB | ratio to the first | at most so far, MiB")
    for number in sorted({1, 2, 5, *range(10, len(read) + 1, 10), len(read)}):
        if number <= len(read):
            one = read[number - 1]
            print(
                f"{number} | {one.resident / MIB:.0f} | {one.own / MIB:.0f} | "
                f"{one.own / first:.3f} | {one.most / MIB:.0f}"
            )


def main() -> None:
    """Prints what workers held in each run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--backend", choices=["tensorflow", "jax"], default="tensorflow")
    parser.add_argument("--data", choices=NETWORKS, default="line")
    parser.add_argument("--images-per-class", type=int)
    parser.add_argument("--workers", type=int, choices=[1, 2], default=1)
    parser.add_argument("--runs", nargs="+", choices=RUNS, default=RUNS)
    options = parser.parse_args()
    if "limited" in options.runs and "kept" not in options.runs:
        parser.error("the limit follows from how workers come: --runs kept limited")
    user = bare_environment(options.backend)
    if HOME_VARIABLE in os.environ:
        user[HOME_VARIABLE] = os.environ[HOME_VARIABLE]
    limit = 0
    with tempfile.TemporaryDirectory(prefix="ablate-bench-") as scratch:
        for name in [name for name in RUNS if name in options.runs]:
            os.environ.clear()
            os.environ.update(user)
            if name == "given-back":
                os.environ.update(GIVEN_BACK[options.backend])
            limits = Limits(worker_memory=limit) if name == "limited" else Limits()
            print(f"{name}: ", end="", flush=True)
            reader = run(Path(scratch) / name, options, limits)
            if name == "kept":
                limit = round(1.2 * reader.read[0].own)
            if name != "limited":
                print_readings(reader.read)
                continue
            most = max(one.own for one in reader.read)
            print(
                f"with a limit of {limit / MIB:.0f} MiB: {len(reader.workers)} workers, none with "
                f"more than {most / MIB:.0f} MiB of its own after a trial"
            )


if __name__ == "__main__":
    main()
