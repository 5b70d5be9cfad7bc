"""Whether the validation loss jumps because batch norm's moving averages lag behind.

Trains the bottleneck network on line images (4 epochs, batches of 128) from several seeds, with
and without dropout, at two momentums of batch norm. After each epoch the same weights are
validated with the moving averages, and with the mean and variance of 8,000 training images in
their place: in all batch norms, or in part. The training does not notice it.

Each training has a process of its own with one thread, takes 3 to 10 minutes or more, and joins a
CSV file when it is done; the same command goes on where it was stopped. ``--draw`` draws that file
and prints it as Markdown.

    python benchmarks/batch_norm_lag.py [--seeds 3] [--images-per-class 1000]
    python benchmarks/batch_norm_lag.py --draw
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from io import StringIO
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablate import tasks
from ablate.config import load_data_settings
from ablate.data.prepared import prepare
from ablate.data.split import Rows, Split, training_split
from ablate.files import replacing, write_text
from ablate.spec.data import DataSettings
from ablate.spec.training import TrainingSettings
from ablate.workers.executors.environment import worker_environment
from ablate.workers.executors.shares import Share

if TYPE_CHECKING:
    import keras

OUT = Path(__file__).parents[1] / "docs" / "batch_norm_lag.csv"
DROPOUTS = (0.0, 0.2)
MOMENTUMS = (0.9, 0.99)
TRAINING = TrainingSettings(epochs=4, batch_size=128)
POPULATION = 8000
"""Training images whose mean and variance take the place of the moving averages."""
BATCH = 250
LINES = {
    "moving_loss": ("validation, moving averages", "#de8f05", "-", "o"),
    "first_means_loss": ("validation, only the first batch norm's means", "#029e73", "--", "s"),
    "recalibrated_loss": ("validation, recalibrated", "#0173b2", "-", "^"),
    "loss": ("training", "0.45", ":", ""),
}
"""What is drawn: label, a colour of seaborn's palette for the colour-blind, style and marker."""
Moments = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Mean and variance of each channel."""
LOOKS: Mapping[str, tuple[str, str]] = {
    "moving": ("moving averages", ""),
    "recalibrated": ("recalibrated", "means and variances of all"),
    "means": ("only means", "means of all"),
    "variances": ("only variances", "variances of all"),
    "first": ("only first batch norm", "means and variances of the first"),
    "first_means": ("only first means", "means of the first"),
}
"""By the name in the CSV file: a label, and which moving averages are replaced."""


class Training(NamedTuple):
    """What tells the trainings apart; seeds are those of replicates, from 1."""

    images_per_class: int
    seed: int
    dropout: float
    momentum: float

    @property
    def data(self) -> DataSettings:  # noqa: D102
        return load_data_settings("line", {"images_per_class": self.images_per_class}, {})


def pooled(batches: Iterable[NDArray[Any]]) -> Moments:
    """Mean and variance of each channel, the last axis, over all batches together."""
    count, mean, squares = 0, np.zeros(1), np.zeros(1)
    for batch in batches:
        values = np.asarray(batch, np.float64).reshape(-1, batch.shape[-1])
        own, before = values.mean(axis=0), count
        count += len(values)
        between = (own - mean) ** 2 * before * len(values) / count
        squares = squares + ((values - own) ** 2).sum(axis=0) + between
        mean = mean + (own - mean) * len(values) / count
    return mean, squares / count


def batch_norms(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    import keras

    return [one for one in model.layers if isinstance(one, keras.layers.BatchNormalization)]


def averages(model: keras.Model) -> list[Moments]:
    """The moving averages of each batch norm."""
    norms = batch_norms(model)
    return [(norm.moving_mean.numpy(), norm.moving_variance.numpy()) for norm in norms]


def replace(norm: keras.layers.BatchNormalization, moments: Moments) -> None:
    norm.moving_mean.assign(moments[0].astype(np.float32))
    norm.moving_variance.assign(moments[1].astype(np.float32))


@contextmanager
def restored(model: keras.Model) -> Iterator[None]:
    """Gives the moving averages back at the end."""
    kept = averages(model)
    try:
        yield
    finally:
        for norm, moments in zip(batch_norms(model), kept, strict=True):
            replace(norm, moments)


def population(model: keras.Model, images: Rows) -> list[Moments]:
    """What each batch norm would have to hold, those before it holding it already."""
    import keras

    found = []
    with restored(model):
        for norm in batch_norms(model):
            before = keras.Model(model.input, norm.input)
            batches = (images[at : at + BATCH] for at in range(0, len(images), BATCH))
            found.append(pooled(before(batch, training=False).numpy() for batch in batches))
            replace(norm, found[-1])
    return found


def validate(
    model: keras.Model, replaced: str, found: Sequence[Moments], split: Split
) -> tuple[float, float]:
    """Loss and accuracy; `found` is what the population gave."""
    from ablate.training.compiling import plain_loss
    from ablate.training.parts import ArrayPart, see

    with restored(model):
        norms = zip(batch_norms(model), averages(model), found, strict=True)
        for index, (norm, moving, new) in enumerate(norms):
            chosen = not index or "all" in replaced
            mean = new[0] if chosen and "means" in replaced else moving[0]
            variance = new[1] if chosen and "variances" in replaced else moving[1]
            replace(norm, (mean, variance))
        probabilities = see(model, ArrayPart(split.x_val, split.y_val)).outputs
    right = probabilities.argmax(axis=1) == split.y_val
    classes = probabilities.shape[1]
    loss = plain_loss(tasks.find(tasks.DEFAULT), split.y_val, probabilities, classes)
    return loss, float(right.mean())


def shifts(moving: Moments, found: Moments, epsilon: float) -> dict[str, float]:
    """How far the moving means of a batch norm lie off: the largest and the median channel's.

    In standard deviations of the population, and in what batch norm divides by, which includes
    its epsilon. A channel that is always the same has no shift in the former.
    """
    off, variance = np.abs(moving[0] - found[0]), found[1]
    plain = np.divide(off, np.sqrt(variance), out=np.zeros_like(off), where=variance > 0)
    divided = off / np.sqrt(variance + epsilon)
    largest = {"shift_max": plain.max(), "epsilon_shift_max": divided.max()}
    medians = {"shift_median": np.median(plain), "epsilon_shift_median": np.median(divided)}
    return {name: float(value) for name, value in (largest | medians).items()}


def look_at(model: keras.Model, split: Split, images: Rows) -> dict[str, float]:
    """All that is measured after an epoch."""
    moving, found = averages(model), population(model, images)
    row = {}
    for name, (_, replaced) in LOOKS.items():
        row[f"{name}_loss"], row[f"{name}_accuracy"] = validate(model, replaced, found, split)
    return row | shifts(moving[0], found[0], batch_norms(model)[0].epsilon)


def train(training: Training, split: Split) -> list[dict[str, float]]:
    """Trains as `ablate run` does, and gives a row for each epoch."""
    import keras

    from ablate.training.batches import Batches
    from ablate.training.network import build_network
    from ablate.training.optimizer import make_loss, make_optimizer

    classes, size = len(split.class_names), TRAINING.batch_size
    rng = np.random.default_rng(training.seed)
    chosen = rng.choice(len(split.x_train), min(POPULATION, len(split.x_train)), replace=False)
    images = Rows(split.x_train.examples, split.x_train.rows[np.sort(chosen)])
    keras.utils.clear_session()
    keras.utils.set_random_seed(training.seed)
    parameters = {"dropout": training.dropout, "batch_norm_momentum": training.momentum}
    model = build_network("bottleneck", None, split.x_train.shape[1:], classes, parameters)
    model.compile(make_optimizer(TRAINING, 0), make_loss(TRAINING))
    encoded = partial(tasks.find("classification").encoded, values=classes)
    batches = Batches(split.x_train, split.y_train, encoded, size, training.seed)
    rows: list[dict[str, float]] = []

    def note(epoch: int, logs: Mapping[str, float]) -> None:
        row = {**training._asdict(), "epoch": epoch + 1, "loss": logs["loss"]}
        rows.append(row | look_at(model, split, images))

    keras.utils.set_random_seed(training.seed)
    callback = keras.callbacks.LambdaCallback(on_epoch_end=note)
    model.fit(batches, shuffle=False, epochs=TRAINING.epochs, callbacks=[callback], verbose=0)
    return rows


def done(text: str) -> set[Training]:
    """The trainings that a CSV file holds."""
    keys = pd.read_csv(StringIO(text or ",".join(Training._fields)))[list(Training._fields)]
    return {Training(*key) for key in keys.itertuples(index=False)}


def train_missing(out: Path, cache: Path, images_per_class: int, seeds: int) -> None:
    """Trains what is not there yet, all of one seed before the next."""
    environment = worker_environment(os.environ, "tensorflow", Share(threads=1))
    for key in product(range(1, seeds + 1), DROPOUTS, MOMENTUMS):
        training = Training(images_per_class, *key)
        prepare(training.data, cache)
        text = out.read_text() if out.exists() else ""
        if training in done(text):
            continue
        print(training, flush=True)
        values = ["--only", *map(str, key), "--images-per-class", str(images_per_class)]
        command = [sys.executable, __file__, "--cache", str(cache), *values]
        made = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
        header, rows = made.stdout.decode().split("\n", maxsplit=1)
        write_text(out, (text or f"{header}\n") + rows)


def draw(table: pd.DataFrame, path: Path) -> None:
    """A panel for each dropout and momentum, a thin line for each seed."""
    import matplotlib as mpl
    import seaborn as sns
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "ablate"  # the same data give the same file
    sns.set_theme(style="whitegrid", context="paper")
    figure = Figure(figsize=(7.5, 6), layout="constrained")
    panels = figure.subplots(len(DROPOUTS), len(MOMENTUMS), sharex=True, sharey=True)
    drawn = {}
    for ax, (dropout, momentum) in zip(panels.flat, product(DROPOUTS, MOMENTUMS), strict=True):
        runs = table[(table["dropout"] == dropout) & (table["momentum"] == momentum)]
        for (_, run), (name, look) in product(runs.groupby("seed"), LINES.items()):
            label, colour, style, marker = look
            (line,) = ax.plot(run["epoch"], run[name], style, color=colour, marker=marker)
            line.set(linewidth=1, markersize=4, alpha=0.8)
            drawn[label] = line
        ax.set(title=f"dropout {dropout:g}, momentum {momentum:g}", yscale="log")
        ax.set(xlabel="epoch", ylabel="loss", xticks=range(1, TRAINING.epochs + 1))
        ax.label_outer()
    figure.legend(drawn.values(), drawn.keys(), loc="outside lower center", ncols=2)
    with replacing(path) as file:
        figure.savefig(file, format="svg", metadata={"Date": None})


def markdown(table: pd.DataFrame) -> str:
    """Medians over seeds, and the largest jumps of epochs 2 to 4."""
    names = {f"{name}_loss": label for name, (label, _) in LOOKS.items()}
    names = {"loss": "training loss", **names, "epsilon_shift_max": "largest shift of a first mean"}
    medians = table.groupby(["dropout", "momentum", "epoch"])[list(names)].median().reset_index()
    later = table[table["epoch"] > 1]
    jump = (later["moving_loss"] - later["recalibrated_loss"]).nlargest(10)
    jumps = later.loc[jump.index, ["seed", "dropout", "momentum", "epoch", *names]]
    texts = [
        part.rename(columns=names).astype(object).to_markdown(index=False, floatfmt=".3f")
        for part in (medians, jumps)  # as objects, so that whole numbers stay whole
    ]
    return f"Medians over seeds:\n\n{texts[0]}\n\nThe largest jumps after the first epoch:\n\n{texts[1]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images-per-class", type=int, default=1000)
    parser.add_argument("--out", type=Path, default=OUT, help="the CSV file")
    parser.add_argument("--cache", type=Path, default=Path("runs/data"), help="of prepared data")
    parser.add_argument("--draw", action="store_true", help="draw what there is, train nothing")
    parser.add_argument("--only", nargs=3, type=float, metavar="VALUE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        seed, *values = options.only
        training = Training(options.images_per_class, int(seed), *values)
        prepared = prepare(training.data, options.cache)
        rows = train(training, training_split(prepared, training.data, training.seed))
        print(pd.DataFrame(rows).to_csv(index=False, float_format="%.6g"), end="")
    elif options.draw:
        table = pd.read_csv(options.out)
        table = table[table["images_per_class"] == options.images_per_class]
        draw(table, options.out.with_suffix(".svg"))
        print(markdown(table))
    else:
        train_missing(options.out, options.cache, options.images_per_class, options.seeds)


if __name__ == "__main__":
    main()
