"""What several workers gain on this machine, and which thread settings suit them.

Runs `line_dropout` (two trials of each search, two seeds of each variant) with one worker, with
two that are pinned to cores of their own and told so (what ``--workers 2`` does), with two that
are pinned only, and with two that are left alone, alternating, each into a storage of its own.
Prints wall time and CPU time of each run, and the medians of their ratios to one worker.

    python benchmarks/workers.py [--repeats 3]
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from ablate.config import find_study, load_study
from ablate.running.run import run_study
from ablate.store.place import StoragePlace
from ablate.workers.executors.local import LocalExecutor
from ablate.workers.executors.shares import Share, share_out, usable_cores

SMALLER = ["tune.trials=2", "replicate.seeds=2"]


class Pinned(Share):
    """Cores of its own, but no word about them to the libraries."""

    def environment(self) -> dict[str, str]:
        """Bounds nothing."""
        return {}


def shares(setting: str) -> Sequence[Share]:
    both = share_out(2, 1, usable_cores(), ())
    return {
        "1 worker": [Share()],
        "2 workers, pinned, threads bounded": both,
        "2 workers, pinned": [Pinned(one.gpu, one.cores) for one in both],
        "2 workers, left alone": [Share(), Share()],
    }[setting]


SETTINGS = (
    "1 worker",
    "2 workers, pinned, threads bounded",
    "2 workers, pinned",
    "2 workers, left alone",
)


def cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def run(setting: str, folder: Path) -> tuple[float, float, int]:
    study = load_study(find_study("line_dropout"), SMALLER)
    place = StoragePlace(str(folder / "ablate.journal"))
    executor = LocalExecutor(folder / "worker.log", study.training.backend, shares(setting))
    wall, cpu = time.perf_counter(), cpu_seconds()
    summary = run_study(study, place, executor=lambda threads: executor)
    return time.perf_counter() - wall, cpu_seconds() - cpu, summary.trained


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    wall: dict[str, list[float]] = {setting: [] for setting in SETTINGS}
    cpu: dict[str, list[float]] = {setting: [] for setting in SETTINGS}
    with tempfile.TemporaryDirectory() as scratch:
        prepared: Path | None = None
        for repeat in range(repeats):
            for setting in SETTINGS:
                folder = Path(scratch) / f"{repeat}-{SETTINGS.index(setting)}"
                folder.mkdir()
                if prepared is not None:
                    shutil.copytree(prepared, folder / "data")
                wall_seconds, cpu_used, trained = run(setting, folder)
                if prepared is None:  # this run paid for preparing the data: it is not counted
                    prepared = folder / "data"
                    folder = Path(scratch) / "again"
                    folder.mkdir()
                    shutil.copytree(prepared, folder / "data")
                    wall_seconds, cpu_used, trained = run(setting, folder)
                wall[setting].append(wall_seconds)
                cpu[setting].append(cpu_used)
                print(
                    f"{setting}: {trained} trials, {wall_seconds:.1f} s, CPU {cpu_used:.1f} s",
                    flush=True,
                )
    print("setting | wall, ratio to 1 worker | CPU, ratio to 1 worker")
    for setting in SETTINGS:
        ratios = [
            statistics.median(a / b for a, b in zip(of[setting], of[SETTINGS[0]], strict=True))
            for of in (wall, cpu)
        ]
        print(f"{setting} | {ratios[0]:.3f} | {ratios[1]:.3f}")


if __name__ == "__main__":
    main()
