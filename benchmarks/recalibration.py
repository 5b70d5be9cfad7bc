"""What recalibrated averages of batch norm cost: the processor time of an epoch.

Trains the bottleneck network on line images in one process after the other, alternating: with each
backend, with moving and with recalibrated averages, in a worker's environment. The validation of
each epoch is counted; the first epoch, which traces and compiles, is not.

Prints the processor seconds of an epoch, medians over epochs and processes; and the training losses
to the last bit, which have to be equal.

    python benchmarks/recalibration.py [--repeats 2] [--epochs 3] [--threads 1]
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

from processes import bare_environment, run_process

from ablate.config.data import load_data_settings
from ablate.data.prepared import prepare
from ablate.data.split import training_split
from ablate.spec.training import Backend, TrainingSettings
from ablate.spec.trial import Epoch, TrialSpec
from ablate.workers.executors.environment import worker_environment
from ablate.workers.executors.shares import Share

BACKENDS: tuple[Backend, ...] = ("tensorflow", "jax")
AVERAGES = ("moving", "recalibrated")


def train_here(options: Namespace) -> None:
    """Trains in this process, and prints the processor seconds of each epoch, and its losses."""
    from ablate.training.loop import Decision, train

    settings = load_data_settings("line", {"images_per_class": options.images_per_class}, {})
    split = training_split(prepare(settings, options.cache), settings, seed=0)
    training = {"epochs": options.epochs, "batch_norm_averages": options.averages}
    spec = TrialSpec(
        data=settings,
        data_digest="0",
        architecture="bottleneck",
        parameters={},
        training=TrainingSettings.model_validate(training),
        seed=0,
    )
    used: list[float] = []

    def on_epoch(epoch: Epoch) -> Decision:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        used.append(usage.ru_utime + usage.ru_stime)
        return Decision.CONTINUE

    result = train(spec, split, on_epoch)
    seconds = [later - sooner for sooner, later in pairwise(used)]
    print(json.dumps([seconds, [repr(epoch.loss) for epoch in result.curves]]))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=3, help="the first one is not counted")
    parser.add_argument("--images-per-class", type=int, default=80, help="60 %% are for training")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--averages", help=argparse.SUPPRESS)
    parser.add_argument("--cache", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.averages:
        train_here(options)
        return
    found: dict[tuple[str, str], list[float]] = {}
    losses: dict[str, set[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for _, backend, averages in product(range(options.repeats), BACKENDS, AVERAGES):
            share = Share(threads=options.threads)
            bare = {**bare_environment(backend), **share.environment()}
            names = ("images_per_class", "epochs")
            sizes = [f"--{name.replace('_', '-')}={getattr(options, name)}" for name in names]
            command = [sys.executable, str(Path(__file__).resolve()), f"--averages={averages}"]
            environment = worker_environment(bare, backend, share)
            cache = Path(folder)
            usage = run_process([*command, f"--cache={cache}", *sizes], environment, cache)
            seconds, told = json.loads(usage.output.splitlines()[-1])
            found.setdefault((backend, averages), []).extend(seconds)
            losses.setdefault(backend, set()).add(json.dumps(told))
    print("| backend | averages | processor seconds of an epoch |\n| --- | --- | ---: |")
    for (backend, averages), seconds in found.items():
        print(f"| {backend} | {averages} | {statistics.median(seconds):.2f} |")
    for backend, different in losses.items():
        print(f"{backend}: training losses {'equal' if len(different) == 1 else 'DIFFER'}")


if __name__ == "__main__":
    main()
