"""What keeping compiled networks gains: replicates of a small network, beside bare fits.

Trains eight replicates of the `smoke` network (digits, 4 epochs of batches of 32) by the code that
a worker runs, which keeps the compiled network, test and latency of each included; the same with
batches that Python hands over, as those of large data sets; and fits the same network eight times
from plain arrays, building and compiling each anew, without a test. Each in a process of its own,
taking turns, in the same environment: that of a worker that trains these replicates here, but for its
cores. Of another study the untuned configuration of its first variant is trained, the first two ways.

Prints the seconds of the eight trainings of each process, without the loading of Keras, then the
medians and the ratio of medians; and the same of the whole processes.

    python benchmarks/replicates.py [--backend tensorflow] [--repeats 3] [--replicates 8] [--study smoke]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from processes import bare_environment, run_process, same_as_worker

from ablate.backends import BACKENDS
from ablate.config import find_study, load_study
from ablate.data.prepared import PreparedData, prepare
from ablate.data.split import test_set, training_split
from ablate.planning.plan import trial_spec, untuned
from ablate.spec.study import StudySpec
from ablate.spec.trial import TrialSpec

HERE = Path(__file__)


def train_replicates(specs: list[TrialSpec], prepared: PreparedData) -> list[float]:
    """Seconds of each training, as a worker trains: images drawn, trained, tested."""
    from ablate.training.kept import KeptNetworks
    from ablate.training.loop import Decision, train

    kept, seconds = KeptNetworks(), []
    for spec in specs:
        started = time.perf_counter()
        split = training_split(prepared, spec.data, spec.seed)
        test = test_set(prepared, spec.data)
        result = train(spec, split, lambda epoch: Decision.CONTINUE, test, kept=kept)
        assert result.outcome == "complete", result.reason
        seconds.append(time.perf_counter() - started)
    return seconds


def train_by_python(specs: list[TrialSpec], prepared: PreparedData) -> list[float]:
    """The same, of batches that Python hands over."""
    from ablate.training import pipelines

    pipelines.PIPELINE_MEMORY = 0
    return train_replicates(specs, prepared)


def fit_anew(specs: list[TrialSpec], prepared: PreparedData) -> list[float]:
    """Seconds of each `fit`, with the building and compiling of its network."""
    import keras

    from ablate.architectures import baseline

    seconds = []
    for spec in specs:
        split = training_split(prepared, spec.data, spec.seed)
        x_train, x_val, classes = split.x_train[:], split.x_val[:], len(split.class_names)
        y_train = keras.utils.to_categorical(split.y_train, classes)
        y_val = keras.utils.to_categorical(split.y_val, classes)
        started = time.perf_counter()
        keras.utils.clear_session()
        keras.utils.set_random_seed(spec.seed)
        parameters: dict[str, object] = dict(spec.parameters)
        model = baseline.build(x_train.shape[1:], classes, **parameters)  # type: ignore[arg-type]
        model.compile(
            keras.optimizers.Adam(spec.training.learning_rate),
            "categorical_crossentropy",
            metrics=["accuracy"],
        )
        model.fit(
            x_train,
            y_train,
            batch_size=spec.training.batch_size,
            epochs=spec.training.epochs,
            validation_data=(x_val, y_val),
            verbose=0,
        )
        seconds.append(time.perf_counter() - started)
    return seconds


WAYS: dict[str, Callable[[list[TrialSpec], PreparedData], list[float]]] = {
    "anew": fit_anew,
    "python": train_by_python,
    "kept": train_replicates,
}
TITLES = {
    "kept": "replicates of ablate",
    "python": "those, batches by Python",
    "anew": "bare fits, each anew",
}


def replicated(name: str, replicates: int, backend: str) -> StudySpec:
    settings = [f"replicate.seeds={replicates}", f"training.backend={backend}"]
    return load_study(find_study(name), settings, {})


def train_here(way: str, study: StudySpec, cache: Path) -> None:
    """Trains in this process, and prints the seconds of each training."""
    prepared = prepare(study.datasets[0], cache)
    cell = study.cells[0]
    specs = [trial_spec(study, cell, prepared.digest, seed, untuned) for seed in study.seeds]
    print(*WAYS[way](specs, prepared))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--backend", choices=["tensorflow", "jax"], default="tensorflow")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--replicates", type=int, default=8)
    parser.add_argument("--study", default="smoke")
    parser.add_argument("--way", choices=WAYS, help="train in this process, one way only")
    parser.add_argument("--cache", type=Path, default=Path("runs/data"), help="for --way")
    options = parser.parse_args()
    study = replicated(options.study, options.replicates, options.backend)
    if options.way:
        train_here(options.way, study, options.cache)
        return
    ways = ["kept"]
    if BACKENDS[options.backend].pipelines:
        ways.insert(0, "python")
    if options.study == "smoke":
        ways.insert(0, "anew")
    environment = same_as_worker(study)
    added = environment.items() - bare_environment(options.backend).items()
    print("environment:", *sorted(f"{name}={value}" for name, value in added))
    sums: dict[str, list[float]] = {way: [] for way in ways}
    wholes: dict[str, list[float]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory(prefix="ablate-bench-") as scratch:
        folder = Path(scratch)
        prepare(study.datasets[0], folder)
        given = [
            f"--{name}={getattr(options, name)}" for name in ("backend", "replicates", "study")
        ]
        command = [sys.executable, str(HERE.resolve()), f"--cache={folder}", *given]
        for repeat in range(options.repeats):
            for way in ways[:: -1 if repeat % 2 else 1]:
                usage = run_process([*command, f"--way={way}"], environment, folder)
                seconds = [float(text) for text in usage.output.splitlines()[-1].split()]
                sums[way].append(sum(seconds))
                wholes[way].append(usage.wall)
                each = " ".join(f"{one:.2f}" for one in seconds)
                print(
                    f"{TITLES[way]}: {sums[way][-1]:6.2f} s ({each}); process {usage}", flush=True
                )
    for name, values in (("trainings", sums), ("whole processes", wholes)):
        medians = {way: statistics.median(of_way) for way, of_way in values.items()}
        texts = (f"{TITLES[way]} {median:.2f} s" for way, median in medians.items())
        ratios = (f"{medians['kept'] / medians[way]:.3f}" for way in ways if way != "kept")
        print(
            f"{name}, medians of {options.repeats}: {', '.join(texts)}; ratios {', '.join(ratios)}"
        )


if __name__ == "__main__":
    main()
