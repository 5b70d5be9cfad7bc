"""How long commands take to start, and reports to be written, as whole processes.

`ablate --help` and `ablate check smoke` are compared with ``python -c "import click"``, in turn so
that what else the machine does meets all alike. Reports are of a study of 6 trials, as many as
`smoke` has, and of one of 10,000, made by `many_trials` without training.

    python benchmarks/startup.py [--repeats 11] [--reports 5] [--trials 10000]
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from many_trials import make_study

from ablate.store.place import StoragePlace

COMMANDS = {
    'python -c "import click"': ("-c", "import click"),
    "ablate --help": ("-m", "ablate", "--help"),
    "ablate check smoke": ("-m", "ablate", "check", "smoke"),
}
FEW = 6
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
"""Without it Python would compile ablate anew in every process, which an installed one is spared."""


@dataclass(frozen=True)
class Spent:
    """What a process took, in seconds."""

    wall: float
    user: float
    """Processor time of its own code, that of the processes that it started included."""
    system: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--repeats", type=int, default=11, help="of each short command")
    parser.add_argument("--reports", type=int, default=5, help="of each kind")
    parser.add_argument("--trials", type=int, default=10_000)
    arguments = parser.parse_args()
    runs = in_turn(
        {name: partial(spent, command) for name, command in COMMANDS.items()},
        arguments.repeats,
    )
    clicks = next(iter(runs.values()))
    for name, found in runs.items():
        ratio = median(own.wall / click.wall for own, click in zip(found, clicks, strict=True))
        print(f"{line(name, found)}, {ratio:.2f} times import click")
    with tempfile.TemporaryDirectory(prefix="startup-") as folder:
        few, many = Path(folder) / "few", Path(folder) / "many"
        reports = {
            "report, figures at hand": reporting(few, FEW, anew=False),
            "report, drawn anew": reporting(few, FEW, anew=True),
            f"report over {arguments.trials:,} trials, drawn anew": reporting(
                many, arguments.trials, anew=True
            ),
        }
        for name, found in in_turn(reports, arguments.reports).items():
            print(line(name, found))


def in_turn(measured: Mapping[str, Callable[[], Spent]], repeats: int) -> Mapping[str, list[Spent]]:
    """Each of them so many times, by turns; a first time, which fills caches, is not counted."""
    runs: dict[str, list[Spent]] = {name: [] for name in measured}
    for number in range(repeats + 1):
        for name, measure in measured.items():
            found = measure()
            if number:
                runs[name].append(found)
    return runs


def reporting(folder: Path, trials: int, *, anew: bool) -> Callable[[], Spent]:
    """Makes a study, where there is none yet, and says how to measure its report."""
    place = StoragePlace(str(folder / "runs" / "ablate.journal"))
    if not folder.exists():
        folder.mkdir()
        make_study(folder, place, trials, epochs=20)
    out = folder / ("anew" if anew else "at-hand")

    def measure() -> Spent:
        if anew:
            shutil.rmtree(out, ignore_errors=True)
        return spent(("-m", "ablate", "report", "--storage", place.url, "--out", str(out)))

    return measure


def spent(arguments: tuple[str, ...]) -> Spent:
    """Runs Python with these arguments."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=ENVIRONMENT)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Spent(wall, after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime)


def line(name: str, runs: list[Spent]) -> str:
    """The medians, as text."""
    wall, user, system = (
        median(getattr(r, part) for r in runs) for part in ("wall", "user", "system")
    )
    return f"{name:42} {wall:6.3f} s, user {user:6.3f} s, system {system:5.3f} s"


if __name__ == "__main__":
    main()
