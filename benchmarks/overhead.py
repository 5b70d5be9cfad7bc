"""What `ablate run` costs, beside what one would run without it. Whole processes, alternating.

First question: how long does a study take by `ablate run` as it comes, with the workers that it
chooses and the report that it writes, and by a script as a user would write it (`by_hand.py`:
plain arrays, Optuna, SQLite, no environment of ours)? Two variants of the bottleneck network on
line images, a search of each and then replicates that are tested. Every trial of a search has
another dropout rate, so that none can use a network that was compiled before; the replicates of a
variant can, and do.

Second question: what does `ablate run --workers 1` cost on top of a bare loop of `model.fit`
(`bare_loop.py`) with the same configurations, images and seeds, in the environment of that
worker, with as many threads? Again no two trials share a compiled network, so that both sides
build and compile each anew. The overhead is told twice: of the whole processes, to which starting
a second process and writing the report belong, however few the trainings; and of the trainings
alone, from the end of the first to the end of the last.

Prints the wall time, the user and system time and the page faults of each run, children and
grandchildren included, then their medians and the medians of the ratios of pairs. A short run
goes before, uncounted, so that the images are prepared and the files lie in the disk cache.

    python benchmarks/overhead.py [--repeats 3] [--backend tensorflow] [--only as-it-comes]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
from processes import (
    Usage,
    bare_environment,
    median_ratio,
    median_usage,
    run_process,
    same_as_worker,
)

from ablate.config import load_study
from ablate.data.prepared import find_prepared
from ablate.store.place import StoragePlace, open_existing
from ablate.store.studies import find_study

HERE = Path(__file__).parent
STORAGE = "runs/ablate.journal"
STUDY = """
[study]
name         = "{name}"
dataset      = "line"
search_space = "bottleneck"

[data]
images_per_class = {images}

[training]
epochs     = {epochs}
batch_size = 128

[fix]
batch_norm_momentum = 0.9

[tune]
trials        = {trials}
sampler       = "random"
pruner        = "none"
dropout       = {{ low = 0.1, high = 0.4 }}
learning_rate = {{ low = 1e-3, high = 1e-2, log = true }}
"""
COMPARED = """
[vary]
pooling = ["max", "average"]

[replicate]
seeds = {seeds}
"""
Run = tuple[Usage, float | None]
"""What a process took, and its seconds from the end of the first training to that of the last."""


def ablate_run(folder: Path, backend: Any, name: str, *options: str) -> Usage:
    command = [sys.executable, "-m", "ablate", "run", f"{name}.toml", "--fresh", "--plain"]
    return run_process([*command, *options], bare_environment(backend), folder)


def stored_trials(folder: Path, name: str) -> list[Any]:
    """The trials of the only search of a study, in the order in which they were trained."""
    stored = find_study(open_existing(StoragePlace(str(folder / STORAGE))), name)
    assert stored is not None
    (study,) = stored.parts.values()
    return study.trials


def by_hand(folder: Path, options: Namespace) -> Usage:
    (folder / "by_hand.db").unlink(missing_ok=True)
    counts = {key: getattr(options, key) for key in ("trials", "seeds", "epochs")}
    arguments = [f"--{key}={count}" for key, count in counts.items()]
    command = [sys.executable, str(HERE / "by_hand.py"), "images.npz", *arguments]
    return run_process(command, bare_environment(options.backend), folder)


def one_worker(folder: Path, options: Namespace) -> Run:
    usage = ablate_run(folder, options.backend, "one_worker", "--workers", "1")
    trials = stored_trials(folder, "one_worker")
    expected = json.loads((folder / "trials.json").read_text())
    assert [trial.params for trial in trials] == expected, "not the same configurations"
    ends = [trial.datetime_complete.timestamp() for trial in trials]
    return usage, ends[-1] - ends[0]


def bare_loop(folder: Path, options: Namespace) -> Run:
    environment = same_as_worker(
        load_study(folder / "one_worker.toml", (), bare_environment(options.backend))
    )
    arguments = ["one_worker.toml", STORAGE, "trials.json"]
    command = [sys.executable, str(HERE / "bare_loop.py"), *arguments]
    usage = run_process(command, environment, folder)
    ends = json.loads(usage.output.splitlines()[-1])
    return usage, ends[-1] - ends[0]


def prepare(folder: Path, options: Namespace) -> None:
    """Writes the two studies and what the two scripts read, and runs each study once, shortly."""
    sizes = {"images": options.images_per_class, "epochs": options.epochs}
    (folder / "as_it_comes.toml").write_text(
        STUDY.format(name="as_it_comes", trials=options.trials, **sizes)
        + COMPARED.format(seeds=options.seeds)
    )
    (folder / "one_worker.toml").write_text(
        STUDY.format(name="one_worker", trials=options.trainings, **sizes)
    )
    ablate_run(folder, options.backend, "one_worker", "--set", "training.epochs=1")
    # Drawn at random: they do not depend on what is measured.
    trials = [trial.params for trial in stored_trials(folder, "one_worker")]
    (folder / "trials.json").write_text(json.dumps(trials))
    study = load_study(folder / "as_it_comes.toml", (), bare_environment(options.backend))
    prepared = find_prepared(study.datasets[0], StoragePlace(str(folder / STORAGE)).cache)
    assert prepared is not None
    np.savez(
        folder / "images.npz",
        x_train=prepared.array("x_train"),
        y_train=prepared.array("y_train"),
        x_test=prepared.array("x_test"),
        y_test=prepared.array("y_test"),
    )


def as_it_comes_and_by_hand(folder: Path, options: Namespace) -> None:
    ours: list[Usage] = []
    theirs: list[Usage] = []

    def run_ours() -> None:
        ours.append(ablate_run(folder, options.backend, "as_it_comes"))
        print(f"ablate run              {ours[-1]}", flush=True)

    def run_theirs() -> None:
        theirs.append(by_hand(folder, options))
        print(f"script by hand          {theirs[-1]}", flush=True)

    for repeat in range(options.repeats):
        for run in (run_theirs, run_ours) if repeat % 2 == 0 else (run_ours, run_theirs):
            run()
    trainings = 2 * (options.trials + options.seeds)
    print(f"medians of {options.repeats}, {trainings} trainings each:")
    print(f"ablate run              {median_usage(ours)}")
    print(f"script by hand          {median_usage(theirs)}")
    print_ratios("ablate run / script by hand", ours, theirs)


def one_worker_and_bare_loop(folder: Path, options: Namespace) -> None:
    ours: list[Run] = []
    theirs: list[Run] = []

    def run_ours() -> None:
        ours.append(one_worker(folder, options))
        print_run("ablate run --workers 1", ours[-1])

    def run_theirs() -> None:
        theirs.append(bare_loop(folder, options))
        print_run("bare loop", theirs[-1])

    for repeat in range(options.repeats):
        for run in (run_theirs, run_ours) if repeat % 2 == 0 else (run_ours, run_theirs):
            run()
    our_usage, our_trainings = zip(*ours, strict=True)
    their_usage, their_trainings = zip(*theirs, strict=True)
    print(f"medians of {options.repeats}, {options.trainings} trainings each:")
    print_run("ablate run --workers 1", (median_usage(our_usage), statistics.median(our_trainings)))
    print_run("bare loop", (median_usage(their_usage), statistics.median(their_trainings)))
    print_ratios("ablate run --workers 1 / bare loop", our_usage, their_usage)
    ratios = [a / b for a, b in zip(our_trainings, their_trainings, strict=True)]
    print(
        f"overhead, the trainings after the first: {statistics.median(ratios):.3f} "
        f"({', '.join(f'{ratio:.3f}' for ratio in ratios)})"
    )


def print_run(name: str, run: Run) -> None:
    usage, trainings = run
    print(f"{name:<24}{usage}, after the first training {trainings:.1f} s", flush=True)


def print_ratios(title: str, ours: Any, theirs: Any) -> None:
    print(
        f"{title}, medians of pairs: wall {median_ratio(ours, theirs, lambda u: u.wall):.3f}, "
        f"processor {median_ratio(ours, theirs, lambda u: u.cpu):.3f}, "
        f"page faults {median_ratio(ours, theirs, lambda u: u.faults):.3f}"
    )


def main() -> None:
    """Prints every run, then medians and ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--backend", choices=["tensorflow", "jax"], default="tensorflow")
    parser.add_argument("--only", choices=["as-it-comes", "bare-loop"])
    parser.add_argument("--images-per-class", type=int, default=80, help="60 %% are for training")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--trials", type=int, default=3, help="of the search of each variant")
    parser.add_argument("--seeds", type=int, default=3, help="of each variant's replicates")
    parser.add_argument("--trainings", type=int, default=10, help="beside the bare loop")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ablate-bench-") as name:
        folder = Path(name)
        prepare(folder, options)
        if options.only != "bare-loop":
            as_it_comes_and_by_hand(folder, options)
        if options.only != "as-it-comes":
            one_worker_and_bare_loop(folder, options)


if __name__ == "__main__":
    main()
