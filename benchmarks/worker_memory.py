"""How the memory of one worker grows with the trials that it trains.

Runs a search of networks of different widths (bottleneck network, line images, 2 epochs) with one
worker, and reads the worker's resident memory after each trial; then the same with a limit, which
replaces the worker.

    python benchmarks/worker_memory.py [--trials 60] [--backend tensorflow]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psutil

from ablate.config import load_study
from ablate.messages import Event, Finished
from ablate.phases import PhaseState
from ablate.running import Limits
from ablate.spec import StudySpec
from ablate.storage import StoragePlace
from ablate.study import run_study

STUDY = """
[study]
name         = "memory"
dataset      = "line"
search_space = "bottleneck"
[data]
images_per_class = 40
[training]
epochs  = 2
backend = "{backend}"
[fix]
batch_norm_momentum = 0.9
[tune]
trials        = {trials}
sampler       = "random"
pruner        = "none"
stem_filters  = {{ choices = [16, 32, 64] }}
batch_size    = {{ choices = [32, 64, 128] }}
learning_rate = {{ low = 1e-3, high = 1e-2, log = true }}
"""
MIB = 2**20


class Reader:
    """Reads the worker's memory after each trial."""

    def __init__(self) -> None:
        self.read: list[tuple[int, int]] = []
        """Process number and bytes of resident memory, after each trial."""

    def opened(self, study: StudySpec, phases: Sequence[PhaseState], cut_off: int) -> None:
        """Reads nothing."""

    def heard(self, event: Event) -> None:
        """Reads when a trial is over."""
        if isinstance(event, Finished):
            (worker,) = (
                child for child in psutil.Process().children() if "ablate.worker" in child.cmdline()
            )
            self.read.append((worker.pid, worker.memory_info().rss))

    def said(self, text: str) -> None:
        """Reads nothing."""

    def stopping(self) -> None:
        """Reads nothing."""


def run(folder: Path, trials: int, backend: str, limits: Limits) -> list[tuple[int, int]]:
    folder.mkdir()
    (folder / "study.toml").write_text(STUDY.format(trials=trials, backend=backend))
    reader = Reader()
    study = load_study(folder / "study.toml")
    run_study(study, StoragePlace(str(folder / "ablate.journal")), reader, limits=limits)
    return reader.read


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--backend", default="tensorflow")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        read = run(Path(scratch) / "free", options.trials, options.backend, Limits())
        first = read[0][1]
        print("trials | resident memory, MiB | ratio to the first", flush=True)
        for number in sorted({1, 2, 5, *range(10, len(read) + 1, 10), len(read)}):
            held = read[number - 1][1]
            print(f"{number} | {held / MIB:.0f} | {held / first:.3f}")
        limit = round(first * 1.2)
        limited = run(
            Path(scratch) / "limited",
            options.trials,
            options.backend,
            Limits(worker_memory=limit),
        )
        most = max(held for _, held in limited)
        print(
            f"with a limit of {limit / MIB:.0f} MiB: {len({pid for pid, _ in limited})} workers, "
            f"at most {most / MIB:.0f} MiB after a trial"
        )


if __name__ == "__main__":
    main()
