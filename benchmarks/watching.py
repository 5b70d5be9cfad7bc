"""What it costs that each batch's outputs are held against probabilities: processor time of an epoch.

Trains the bottleneck network on line images in one process after the other, alternating: with each
backend, with the metric that watches and without it, in a worker's environment. The first epoch,
which traces and compiles, is not counted.

    python benchmarks/watching.py [--repeats 4] [--epochs 4] [--images-per-class 40]
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import tempfile
from argparse import Namespace
from itertools import pairwise, product
from pathlib import Path
from typing import Any

from processes import bare_environment, run_process

from ablate.config.data import load_data_settings
from ablate.data.prepared import prepare
from ablate.data.split import training_split
from ablate.spec.training import Backend, TrainingSettings
from ablate.spec.trial import Epoch, TrialSpec
from ablate.workers.executors.environment import worker_environment
from ablate.workers.executors.shares import Share

BACKENDS: tuple[Backend, ...] = ("tensorflow", "jax")
WATCHED = ("watched", "not watched")


def leave_out_the_watch() -> None:
    """Has networks compiled in this process without the metric."""
    import keras

    from ablate.training.outputs import Distance

    compiled = keras.Model.compile

    def without(model: keras.Model, *, metrics: list[Any], **others: Any) -> None:
        compiled(model, metrics=[m for m in metrics if not isinstance(m, Distance)], **others)

    keras.Model.compile = without


def train_here(options: Namespace) -> None:
    """Trains in this process, and prints the processor seconds of each epoch."""
    from ablate.training.loop import Decision, train

    if options.watched == "not watched":
        leave_out_the_watch()
    settings = load_data_settings("line", {"images_per_class": options.images_per_class}, {})
    split = training_split(prepare(settings, options.cache), settings, seed=0)
    training = TrainingSettings(epochs=options.epochs)
    spec = TrialSpec(
        data=settings,
        data_digest="0",
        architecture="bottleneck",
        parameters={},
        training=training,
        seed=0,
    )
    used: list[float] = []

    def on_epoch(epoch: Epoch) -> Decision:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        used.append(usage.ru_utime + usage.ru_stime)
        return Decision.CONTINUE

    train(spec, split, on_epoch)
    print(json.dumps([later - sooner for sooner, later in pairwise(used)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=4, help="the first one is not counted")
    parser.add_argument("--images-per-class", type=int, default=40, help="60 %% are for training")
    parser.add_argument("--watched", choices=WATCHED, help=argparse.SUPPRESS)
    parser.add_argument("--cache", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.watched:
        train_here(options)
        return
    found: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for _, backend, watched in product(range(options.repeats), BACKENDS, WATCHED):
            share = Share(threads=1)
            bare = {**bare_environment(backend), **share.environment()}
            sizes = [f"--epochs={options.epochs}", f"--images-per-class={options.images_per_class}"]
            command = [sys.executable, str(Path(__file__).resolve()), f"--watched={watched}"]
            environment, cache = worker_environment(bare, backend, share), Path(folder)
            usage = run_process([*command, f"--cache={cache}", *sizes], environment, cache)
            seconds = json.loads(usage.output.splitlines()[-1])
            found.setdefault((backend, watched), []).append(statistics.median(seconds))
    print("| backend | not watched | watched | ratio of pairs |\n| --- | ---: | ---: | ---: |")
    for backend in BACKENDS:
        with_it, without = (found[backend, watched] for watched in WATCHED)
        ratio = statistics.median(a / b for a, b in zip(with_it, without, strict=True))
        seconds = f"{statistics.median(without):.3f} | {statistics.median(with_it):.3f}"
        print(f"| {backend} | {seconds} | {ratio:.3f} |")


if __name__ == "__main__":
    main()
