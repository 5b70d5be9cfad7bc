"""Kills the processes of a study at random moments, and counts what is lost by it.

    python tests/chaos/storm.py [--faults 50] [--seed 0] [--workers 2] [--pause 16]

Runs a study undisturbed, and again under fire: workers, the parent, or both at once are ended by
``kill -9``, and sometimes the journal's last line is cut in the middle afterwards. Whenever the
parent is gone, the same command is run again, as its user would. Ends with exit code 1 if any
trial was lost or trained to its end twice, or a number differs from the undisturbed run's.

A trial that takes three workers down is given up by design; so one that was hit twice is spared.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pandas as pd
import psutil
from rich.console import Console
from rich.table import Table

import ablate
from ablate.housekeeping.health import examine
from ablate.limits import LIVES
from ablate.store.attributes import CHOSEN_FROM, DIED, OWNER
from ablate.store.place import StoragePlace, open_existing
from ablate.store.slots import Slots
from ablate.store.studies import StoredStudy, find_study
from ablate.store.trials import fills, outcome_of

MODELS = Path(__file__).parents[1] / "functional" / "models.py"
SPACE = """
architecture = "models.py:build"
[parameters]
units = { choices = [4, 8, 16], default = 16 }
trouble = { choices = ["none"], default = "none" }
"""
STUDY = """
[study]
name = "storm"
dataset = "digits"
search_space = "space.toml"
[data]
per_class = 40
test_per_class = 20
validation = 0.2
[training]
epochs = {epochs}
batch_size = 16
[vary]
units = [4, 16]
[tune]
trials = {trials}
sampler = "random"
pruner = "none"
learning_rate = {{ low = 1e-3, high = 1e-1, log = true }}
[replicate]
seeds = {seeds}
[artifacts]
models = "best"
"""
ONE_THREAD = dict.fromkeys(
    ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"), "1"
)
NUMBERS = ["val_loss", "val_accuracy", "val_f1", "test_loss", "test_accuracy", "test_f1"]
FAULTS = ("kill a worker", "kill the parent", "kill both", "kill both, cut the journal")


@dataclass
class Tally:
    """What a storm did, and what it left."""

    faults: Counter[str] = field(default_factory=Counter)
    starts: int = 0
    """How often the command was given."""
    planned: int = 0
    finished: int = 0
    """Planned trials that are finished."""
    repeated: int = 0
    """Planned trials that were finished more than once."""
    cut_off: int = 0
    """Trials that were begun and did not end; each was begun again."""
    failed: int = 0
    running: int = 0
    findings: tuple[str, ...] = ()
    """What ``ablate doctor`` would name."""
    differing: int = 0
    """Rows of the results that are not the undisturbed run's."""
    seconds: float = 0.0

    @property
    def lost(self) -> int:
        return self.planned - self.finished

    @property
    def is_clean(self) -> bool:
        bad = self.lost or self.repeated or self.failed or self.running or self.differing
        return not bad and not self.findings


def make_folder(folder: Path, *, trials: int, seeds: int, epochs: int) -> Path:
    """Writes the study that is run."""
    folder.mkdir(parents=True)
    shutil.copy(MODELS, folder / "models.py")
    (folder / "space.toml").write_text(SPACE)
    (folder / "study.toml").write_text(STUDY.format(trials=trials, seeds=seeds, epochs=epochs))
    return folder


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    log = (folder / "output.log").open("a")
    with log:
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "ablate"),
                *("run", "study.toml", "--no-report", "--plain", *options),
            ],
            cwd=folder,
            env={**os.environ, **ONE_THREAD},
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
        )


def run_under_fire(
    folder: Path,
    *,
    faults: int,
    rng: random.Random,
    pause: Callable[[], float],
    workers: int = 2,
    kinds: Iterator[str] | None = None,
    deadline: float = 3600.0,
) -> Tally:
    """Runs the study in a folder to its end, and injects so many faults on the way."""
    tally = Tally()
    begun = time.monotonic()
    parent = start(folder, "--workers", str(workers))
    tally.starts = 1
    while True:
        wait_for_end(parent, pause())
        if time.monotonic() - begun > deadline:
            parent.kill()
            raise TimeoutError(f"not complete after {deadline:g} s: {tally}")
        if parent.poll() is None and sum(tally.faults.values()) < faults:
            kind = next(kinds) if kinds is not None else rng.choice(FAULTS)
            if inject(kind, parent, folder, rng):
                tally.faults[kind] += 1
        if parent.poll() is not None:
            if parent.returncode == 0:
                break
            if parent.returncode > 0:
                raise RuntimeError((folder / "output.log").read_text()[-3000:])
            parent = start(folder, "--workers", str(workers))
            tally.starts += 1
    tally.seconds = time.monotonic() - begun
    return tally


def wait_for_end(parent: subprocess.Popen[str], seconds: float) -> None:
    try:
        parent.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def workers_of(parent: subprocess.Popen[str]) -> list[psutil.Process]:
    found = []
    for child in psutil.Process(parent.pid).children():
        try:
            if "ablate.workers.process" in child.cmdline():
                found.append(child)
        except psutil.Error:
            continue
    return found


def inject(kind: str, parent: subprocess.Popen[str], folder: Path, rng: random.Random) -> bool:
    """Does the damage; False where there was nobody to hit."""
    try:
        workers = workers_of(parent)
    except psutil.Error:
        return False
    if kind == "kill a worker":
        spared = hit_twice(folder)
        workers = [worker for worker in workers if worker.pid not in spared]
        if not workers:
            return False
        rng.choice(workers).kill()
        return True
    victims: list[psutil.Process | subprocess.Popen[str]] = [parent]
    if kind != "kill the parent":
        victims += workers
        rng.shuffle(victims)
    for victim in victims:
        try:
            victim.kill()
        except psutil.Error:
            continue
    parent.wait()
    journal = folder / "runs" / "ablate.journal"
    if "cut" in kind and journal.exists() and not wait_for_gone(workers):
        cut_last_line(journal, rng)
    return True


def wait_for_gone(workers: list[psutil.Process]) -> list[psutil.Process]:
    """Those that are still there."""
    return psutil.wait_procs(workers, timeout=20)[1]


def cut_last_line(journal: Path, rng: random.Random) -> None:
    """What a power cut leaves of the last record."""
    content = journal.read_bytes()
    if not content.endswith(b"\n"):
        return  # it has been cut already
    last = content.rfind(b"\n", 0, len(content) - 1) + 1
    with journal.open("r+b") as file:
        file.truncate(rng.randrange(last + 1, len(content)))


def stored_in(folder: Path) -> StoredStudy:
    return find_study(open_existing(place_of(folder)), "storm")


def place_of(folder: Path) -> StoragePlace:
    return StoragePlace(str(folder / "runs" / "ablate.journal"))


def attempts_of(stored: StoredStudy) -> list[list]:
    """The trials that were begun for each thing that was planned and begun."""
    attempts = []
    for part, study in stored.parts.items():
        if part.cell is not None:
            slots = Slots(study).refresh()
            begun = (slots.attempts(slot) for slot in range(stored.spec.tune.trials))
            attempts += [trials for trials in begun if trials]
            continue
        groups: dict[tuple, list] = {}
        for trial in study.get_trials(deepcopy=False):
            if "seed" in trial.params:
                key = (*sorted(trial.params.items()), CHOSEN_FROM.of(trial))
                groups.setdefault(key, []).append(trial)
        attempts += groups.values()
    return attempts


def hit_twice(folder: Path) -> set[int]:
    """The processes that train what has taken as many workers down as is allowed."""
    try:
        stored = stored_in(folder)
    except ablate.errors.InputError:
        return set()
    spared = set()
    for attempts in attempts_of(stored):
        if sum(DIED.is_on(trial) for trial in attempts) >= LIVES - 1:
            owners = [OWNER.of(trial) for trial in attempts if outcome_of(trial) == "running"]
            spared |= {owner.pid for owner in owners}
    return spared


def count(folder: Path, tally: Tally) -> None:
    """Fills in what a finished study holds."""
    stored = stored_in(folder)
    spec = stored.spec
    tally.planned = len(spec.cells) * (spec.tune.trials + len(spec.seeds))
    attempts = attempts_of(stored)
    filled = [sum(fills(trial) for trial in trials) for trials in attempts]
    tally.finished = sum(number > 0 for number in filled)
    tally.repeated = sum(number > 1 for number in filled)
    outcomes = Counter(
        outcome_of(trial)
        for study in stored.parts.values()
        for trial in study.get_trials(deepcopy=False)
    )
    tally.cut_off, tally.failed = outcomes["interrupted"], outcomes["failed"]
    tally.running = outcomes["running"] + outcomes["waiting"]
    health = examine(place_of(folder), datetime.now())
    bad = {
        "artifacts that cannot be read": health.spoiled,
        "lost trials": health.lost,
        "damaged lines": health.damaged or health.torn,
        "incomplete studies": health.incomplete,
    }
    tally.findings = tuple(name for name, found in bad.items() if found)


def results(folder: Path) -> pd.DataFrame:
    """The numbers of all finished trials, by what was trained."""
    table = ablate.results("storm", storage=place_of(folder).url)
    table = table[table["outcome"] != "interrupted"]
    keys = ["phase", "dataset", "variant", "seed", "learning_rate"]
    return table.set_index(keys)[["outcome", *NUMBERS]].sort_index()


def count_differing(one: pd.DataFrame, other: pd.DataFrame) -> int:
    """Rows that are in one only, or differ."""
    both = one.add_suffix("_").join(other.add_suffix("_other"), how="outer")
    same = pd.Series(True, index=both.index)
    for name in ("outcome", *NUMBERS):
        a, b = both[f"{name}_"], both[f"{name}_other"]
        same &= (a == b) | (a.isna() & b.isna())
    same &= both["outcome_"].notna() & both["outcome_other"].notna()
    return int((~same).sum())


def show(tally: Tally) -> None:
    table = Table("what", "number")
    for kind in FAULTS:
        table.add_row(f"faults: {kind}", str(tally.faults[kind]))
    rows = {
        "times that the command was given": tally.starts,
        "trials planned": tally.planned,
        "trials finished": tally.finished,
        "trials lost": tally.lost,
        "trials finished more than once": tally.repeated,
        "trials failed": tally.failed,
        "trials still running": tally.running,
        "attempts cut off, and begun again": tally.cut_off,
        "rows that differ from the undisturbed run's": tally.differing,
        "findings of the doctor": ", ".join(tally.findings) or "none",
        "seconds": f"{tally.seconds:.0f}",
    }
    for name, value in rows.items():
        table.add_row(name, str(value))
    Console().print(table)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faults", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--trials", type=int, default=20, help="of each of the two searches")
    parser.add_argument("--seeds", type=int, default=20, help="of each of the two variants")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--pause", type=float, default=16.0, help="at most, between faults, in s")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    size = {"trials": options.trials, "seeds": options.seeds, "epochs": options.epochs}
    with tempfile.TemporaryDirectory() as scratch:
        calm = make_folder(Path(scratch) / "calm", **size)
        if start(calm).wait() != 0:
            raise RuntimeError((calm / "output.log").read_text()[-3000:])
        struck = make_folder(Path(scratch) / "struck", **size)
        tally = run_under_fire(
            struck,
            faults=options.faults,
            rng=rng,
            pause=lambda: rng.uniform(0.2, options.pause),
            workers=options.workers,
        )
        count(struck, tally)
        tally.differing = count_differing(results(calm), results(struck))
    show(tally)
    return 0 if tally.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
