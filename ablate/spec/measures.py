"""The table of measures: what is measured of a training run, how it is stored, written and shown.

To add one, add it to `MEASURES` and measure it in `training`, or in `tasks` where it tells how well a
network does; all else reads this table.
"""

from __future__ import annotations

from collections.abc import Iterable

from ablate.spec.measure import LOSS, Kind, Measure, MeasureTable

ONE_CLASS = frozenset({"classification", "binary_classification"})
"""Tasks in which an example belongs to one class."""
CLASSES = ONE_CLASS | {"multilabel_classification"}
NUMBERS = frozenset({"regression"})


def _asked(name: str, title: str, kind: Kind, tasks: frozenset[str], short: str = "") -> Measure:
    """A score that some studies ask for."""
    return Measure(
        name,
        title,
        kind,
        ("validation", "test"),
        ("export", "trials", "variants"),
        better="lower" if kind == "loss" else "higher",
        short=short,
        tasks=tasks,
        asked=True,
    )


MEASURES = (
    Measure(
        "accuracy",
        "accuracy",
        "share",
        ("validation", "test"),
        ("curves", "progress", "export", "trials", "variants", "front"),
        better="higher",
        published="accuracy",
        tasks=CLASSES,
    ),
    # The mean over the classes that occur, each counting the same.
    Measure(
        "f1",
        "macro F1",
        "share",
        ("validation", "test"),
        ("export", "trials", "variants"),
        better="higher",
        short="F1",
        published="f1",
        tasks=CLASSES,
    ),
    _asked("balanced_accuracy", "balanced accuracy", "share", ONE_CLASS),
    _asked("precision", "macro precision", "share", CLASSES, short="precision"),
    _asked("recall", "macro recall", "share", CLASSES, short="recall"),
    # Of several classes the mean, each one against the rest.
    _asked("roc_auc", "ROC AUC", "share", CLASSES),
    _asked("average_precision", "average precision", "share", CLASSES),
    _asked("top_5_accuracy", "top-5 accuracy", "share", frozenset({"classification"})),
    _asked("matthews_corrcoef", "Matthews correlation", "number", ONE_CLASS),
    # The plain loss of a classification, as scikit-learn has it.
    _asked("log_loss", "log loss", "loss", CLASSES),
    _asked("root_mean_squared_error", "root mean squared error", "loss", NUMBERS, short="RMSE"),
    _asked("mean_absolute_error", "mean absolute error", "loss", NUMBERS, short="MAE"),
    _asked(
        "mean_absolute_percentage_error",
        "mean absolute percentage error",
        "loss",
        NUMBERS,
        short="MAPE",
    ),
    _asked("r2", "R²", "number", NUMBERS),
    # Crossentropy, without label smoothing and weight penalties.
    Measure(
        "loss",
        "loss",
        "loss",
        ("validation", "test"),
        ("curves", "progress", "export", "trials", "variants"),
        better="lower",
        published="loss",
    ),
    Measure("test_images", "images", "count", ("test",)),
    # Those of batch norm's averages included.
    Measure(
        "parameters",
        "parameters",
        "count",
        ("network",),
        ("export", "trials", "variants", "front"),
        better="lower",
        published="parameters",
    ),
    Measure("trainable_parameters", "trainable", "count", ("network",), better="lower"),
    # Additions and multiplications of one forward pass; missing where a layer's are not known.
    Measure(
        "flops",
        "FLOPs of an image",
        "count",
        ("network",),
        ("trials", "variants"),
        better="lower",
        short="FLOPs",
    ),
    # Wall time, the validation after each epoch included. It varies from run to run. Published in
    # any unit, the same for all variants: only ratios are compared.
    Measure(
        "training_seconds",
        "training time",
        "number",
        ("training",),
        ("trials", "variants", "front"),
        better="lower",
        short="time",
        unit="s",
        digits=1,
        same=0.1,
        published="training_time",
        spent=True,
    ),
    # The median over the epochs after the first, which includes compilation.
    Measure(
        "seconds_per_epoch",
        "time of an epoch",
        "number",
        ("training",),
        better="lower",
        unit="s",
        digits=2,
        spent=True,
    ),
    # The median wall time of a forward pass.
    Measure(
        "inference_seconds",
        "time of an image",
        "number",
        ("inference",),
        ("variants",),
        better="lower",
        short="latency",
        unit="s",
        milli=True,
        digits=2,
    ),
    Measure("epochs", "epochs", "count", ("training",)),
    # By the study's objective, counted from 1.
    Measure("best_epoch", "best epoch", "count", ("training",)),
)
"""All of them, in the order of the reports' tables."""

EVERY = MeasureTable(MEASURES)
"""All measures of all tasks."""


def measures_of(task: str, asked: Iterable[str] = (), own: Iterable[Measure] = ()) -> MeasureTable:
    """The measures of a study.

    Args:
        task: its task.
        asked: the names of those that the task always has, or the study asks for.
        own: those of the user's own; they stand after the task's scores.
    """
    names = frozenset(asked)
    found = [
        measure
        for measure in MEASURES
        if (measure.tasks is None or task in measure.tasks)
        and (not measure.asked or measure.name in names)
    ]
    place = next(index for index, measure in enumerate(found) if measure.name == LOSS)
    return MeasureTable((*found[:place], *own, *found[place:]))
