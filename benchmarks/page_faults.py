"""What a training step costs the system: page faults, and the time that goes into them.

Trains the bottleneck network on line images in one process after the other, alternating: with each
backend, from plain arrays and from the batches that a worker makes of memory-mapped files, in the
environment as it comes and in a worker's, which keeps the memory that a step frees. The number of
threads is the same in both. The first epoch, which traces and compiles, is not counted.

Prints the milliseconds, user and system milliseconds and page faults of a step, medians over the
processes; and the training losses to the last bit, which have to be equal in both environments.

    python benchmarks/page_faults.py [--repeats 3] [--epochs 4] [--threads 1]
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from argparse import Namespace
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from processes import bare_environment, run_process

from ablate import tasks
from ablate.backends import BackendName
from ablate.config.data import load_data_settings
from ablate.data.prepared import prepare
from ablate.data.split import training_split
from ablate.datasets.line import SIDE
from ablate.spec.data import DataSettings
from ablate.workers.executors.environment import worker_environment
from ablate.workers.executors.shares import Share

BACKENDS: tuple[BackendName, ...] = ("tensorflow", "jax")
FEEDS = ("plain arrays", "batches")
ENVIRONMENTS = ("as it comes", "ours")


@dataclass(frozen=True)
class Step:
    """What a step of a training took, on average, after the first epoch."""

    milliseconds: float
    user: float
    """Milliseconds of processor time in programs."""
    system: float
    """Milliseconds of processor time in the system's kernel."""
    faults: float
    losses: tuple[str, ...]
    """Of every epoch on the training images, to the last bit."""


def used() -> tuple[float, float, float, int]:
    """The time now, and what this process has taken so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), usage.ru_utime, usage.ru_stime, usage.ru_minflt


def train_here(feed: str, options: Namespace) -> None:
    """Trains in this process, and prints what a step took."""
    import keras

    from ablate.architectures import bottleneck
    from ablate.training.batches import Batches

    settings = line_images(options.images_per_class)
    split = training_split(prepare(settings, options.cache), settings, seed=0)
    classes = len(split.class_names)
    encoded = partial(tasks.find("classification").encoded, values=classes)
    keras.utils.set_random_seed(0)
    model = bottleneck.build((SIDE, SIDE, 3), classes)
    model.compile("adam", "categorical_crossentropy")
    readings: list[Any] = []
    notes = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: readings.append(used()))
    common: dict[str, Any] = {"epochs": options.epochs, "verbose": 0, "callbacks": [notes]}
    if feed == "batches":
        data = Batches(split.x_train, split.y_train, encoded, options.batch_size, seed=0)
        history = model.fit(data, shuffle=False, **common)
    else:
        x, y = split.x_train[:], encoded(split.y_train)
        history = model.fit(x, y, batch_size=options.batch_size, **common)
    steps = -(-len(split.x_train) // options.batch_size) * (options.epochs - 1)
    wall, user, system, faults = (
        (last - first) / steps for first, last in zip(readings[0], readings[-1], strict=True)
    )
    losses = [repr(loss) for loss in history.history["loss"]]
    print(json.dumps([1000 * wall, 1000 * user, 1000 * system, faults, losses]))


def line_images(images_per_class: int) -> DataSettings:
    return load_data_settings("line", {"images_per_class": images_per_class}, {})


def train_apart(
    backend: BackendName, feed: str, environment: str, options: Namespace, cache: Path
) -> Step:
    """Trains in a process of its own."""
    share = Share(threads=options.threads)
    bare = {**bare_environment(backend), **share.environment()}
    variables = worker_environment(bare, backend, share) if environment == "ours" else bare
    names = ("images_per_class", "batch_size", "epochs")
    sizes = [f"--{name.replace('_', '-')}={getattr(options, name)}" for name in names]
    command = [sys.executable, str(Path(__file__).resolve()), f"--feed={feed}", f"--cache={cache}"]
    usage = run_process([*command, *sizes], variables, cache)
    wall, user, system, faults, losses = json.loads(usage.output.splitlines()[-1])
    return Step(wall, user, system, faults, tuple(losses))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=4, help="the first one is not counted")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--images-per-class", type=int, default=80, help="60 %% are for training")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, default=BACKENDS)
    parser.add_argument("--feed", choices=FEEDS, help="train in this process, one way only")
    parser.add_argument("--cache", type=Path, default=Path("runs/data"), help="for --feed")
    options = parser.parse_args()
    if options.epochs < 2:
        parser.error("the first epoch is not counted: --epochs has to be 2 or more")
    if options.feed:
        train_here(options.feed, options)
        return
    ways = list(product(options.backends, FEEDS, ENVIRONMENTS))
    steps: dict[tuple[BackendName, str, str], list[Step]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory(prefix="ablate-bench-") as scratch:
        prepare(line_images(options.images_per_class), Path(scratch))
        for repeat in range(options.repeats):
            for way in ways[:: -1 if repeat % 2 else 1]:
                step = train_apart(*way, options, Path(scratch))
                steps[way].append(step)
                print(f"{', '.join(way)}: {step.milliseconds:.1f} ms a step", flush=True)
    print(f"a step, medians of {options.repeats}:")
    print("backend | images | environment | ms | user ms | system ms | page faults")
    for way in ways:
        numbers = [
            statistics.median(getattr(step, name) for step in steps[way])
            for name in ("milliseconds", "user", "system", "faults")
        ]
        print(f"{' | '.join(way)} | " + " | ".join(f"{number:,.1f}" for number in numbers))
    print("training losses of each epoch:")
    for backend, feed in product(options.backends, FEEDS):
        losses = {step.losses for name in ENVIRONMENTS for step in steps[backend, feed, name]}
        verdict = "equal" if len(losses) == 1 else "NOT EQUAL"
        print(f"{backend}, {feed}: {verdict} in both environments and every process")
        for one in sorted(losses):
            print(f"  {' '.join(one)}")


if __name__ == "__main__":
    main()
