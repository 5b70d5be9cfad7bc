"""What an epoch costs more where batch norm's averages are recalibrated, and where outputs are watched.

Trains the bottleneck network on line images in one process after the other, alternating: with each
backend, as it is, with recalibrated averages, and without the metric that holds each batch's outputs
against probabilities, in a worker's environment. The validation of each epoch is counted; the first
epoch, which traces and compiles, is not.

Prints the processor seconds of an epoch, medians over epochs and processes, and their ratio to those
of the training as it is, the median of pairs; and whether the training losses are equal to the last
bit, as they have to be.

    python benchmarks/epoch_cost.py [--repeats 4] [--epochs 4] [--threads 1]
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

from ablate.backends import BackendName
from ablate.config.data import load_data_settings
from ablate.data.prepared import prepare
from ablate.data.split import training_split
from ablate.spec.training import TrainingSettings
from ablate.spec.trial import Epoch, TrialSpec
from ablate.workers.executors.environment import worker_environment
from ablate.workers.executors.shares import Share

BACKENDS: tuple[BackendName, ...] = ("tensorflow", "jax")
AS_IT_IS, RECALIBRATED, NOT_WATCHED = "as it is", "recalibrated", "not watched"
KINDS = (AS_IT_IS, RECALIBRATED, NOT_WATCHED)


def leave_out_the_watch() -> None:
    """Has networks compiled in this process without the metric that watches."""
    import keras

    from ablate.training.outputs import Distance

    compiled = keras.Model.compile

    def without(model: keras.Model, *, metrics: list[Any], **others: Any) -> None:
        compiled(model, metrics=[m for m in metrics if not isinstance(m, Distance)], **others)

    keras.Model.compile = without


def train_here(options: Namespace) -> None:
    """Trains in this process, and prints the processor seconds of each epoch, and its losses."""
    from ablate.training.loop import Decision, train

    settings = load_data_settings("line", {"images_per_class": options.images_per_class}, {})
    split = training_split(prepare(settings, options.cache), settings, seed=0)
    if options.kind == NOT_WATCHED:
        leave_out_the_watch()
    averages = "recalibrated" if options.kind == RECALIBRATED else "moving"
    training = {"epochs": options.epochs, "batch_norm_averages": averages}
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
    parser.add_argument("--repeats", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=4, help="the first one is not counted")
    parser.add_argument("--images-per-class", type=int, default=40, help="60 %% are for training")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--kind", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--cache", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.kind:
        train_here(options)
        return
    found: dict[tuple[str, str], list[float]] = {}
    losses: dict[str, set[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for _, backend, kind in product(range(options.repeats), BACKENDS, KINDS):
            share = Share(threads=options.threads)
            bare = {**bare_environment(backend), **share.environment()}
            names = ("images_per_class", "epochs")
            sizes = [f"--{name.replace('_', '-')}={getattr(options, name)}" for name in names]
            command = [sys.executable, str(Path(__file__).resolve()), f"--kind={kind}"]
            environment = worker_environment(bare, backend, share)
            cache = Path(folder)
            usage = run_process([*command, f"--cache={cache}", *sizes], environment, cache)
            seconds, told = json.loads(usage.output.splitlines()[-1])
            found.setdefault((backend, kind), []).append(statistics.median(seconds))
            losses.setdefault(backend, set()).add(json.dumps(told))
    print(
        "| backend | training | processor seconds of an epoch | ratio |\n| --- | --- | ---: | ---: |"
    )
    for (backend, kind), seconds in found.items():
        pairs = zip(seconds, found[backend, AS_IT_IS], strict=True)
        ratio = statistics.median(one / other for one, other in pairs)
        print(f"| {backend} | {kind} | {statistics.median(seconds):.3f} | {ratio:.3f} |")
    for backend, different in losses.items():
        print(f"{backend}: training losses {'equal' if len(different) == 1 else 'DIFFER'}")


if __name__ == "__main__":
    main()
