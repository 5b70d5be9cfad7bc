"""Compiles a network as the settings say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from ablate.data.fitting import Units
from ablate.spec.training import TrainingSettings
from ablate.tasks import Task
from ablate.training.metrics import LabelsAccuracy, OwnUnitsError
from ablate.training.network import ModelError
from ablate.training.optimizer import make_loss, make_optimizer
from ablate.training.outputs import Distance
from ablate.training.user_compile import compile_again, fault_of_losses

CROSSENTROPIES = {
    "categorical_crossentropy": keras.metrics.CategoricalCrossentropy,
    "binary_crossentropy": keras.metrics.BinaryCrossentropy,
}
"""The metrics that are plain losses, by Keras's names of these."""


def compile_network(
    model: keras.Model,
    settings: TrainingSettings,
    steps: int | None,
    task: Task,
    values: int,
    *,
    is_plain: bool | None = None,
) -> str:
    """Compiles a network, and says what its plain validation loss is called in Keras's logs.

    One that comes compiled keeps its optimizer, loss and metrics. Where training minimises something
    else than the task's plain loss, that is measured beside it.

    Args:
        model: the network.
        settings: how it is trained.
        steps: steps of an epoch; None where nobody knows, and the learning rate depends on nothing.
        task: what its outputs mean.
        values: how many classes, labels or numbers there are.
        is_plain: whether what is minimised is the plain loss; found out unless given.
    """
    if is_plain is None:  # of a network that comes compiled nobody knows what its loss is
        is_plain = not model.compiled and _is_plain(settings, model, task)
    monitor = "val_loss" if is_plain else f"val_{_plain_name(task)}"
    watch = [] if task.outputs == "numbers" else [Distance(sums=task.outputs == "distribution")]
    measured = [*_scores(task), *([] if is_plain else [_plain_metric(task, values)])]
    is_weighted = settings.weighted_metrics
    if model.compiled:
        compile_again(model, measured, watch, is_weighted=is_weighted)
        return monitor
    model.compile(
        optimizer=make_optimizer(settings, steps or 1),
        loss=make_loss(settings),
        metrics=watch if is_weighted else [*measured, *watch],
        weighted_metrics=measured if is_weighted else None,
    )
    return monitor


@contextmanager
def measured_when_compiled(
    model: keras.Model, settings: TrainingSettings, task: Task, values: int, units: Units | None
) -> Iterator[None]:
    """Within it a network that is compiled anew is still measured, by the plain loss beside its own.

    Args:
        model: the network.
        settings: how it is trained.
        task: what its outputs mean.
        values: how many classes, labels or numbers there are.
        units: those that numbers are scaled by.

    Raises:
        ModelError: it is compiled with a loss or a metric that cannot be given its labels.
    """

    def compile_and_measure(*arguments: Any, **options: Any) -> None:
        type(model).compile(model, *arguments, **options)
        if fault := fault_of_losses(model):
            raise ModelError(f"fit compiled the network {fault}")
        compile_network(model, settings, 1, task, values, is_plain=False)
        set_units(model, units)

    vars(model)["compile"] = compile_and_measure
    try:
        yield
    finally:
        vars(model).pop("compile", None)


def _scores(task: Task) -> list[Any]:
    """What is measured beside the loss after every epoch."""
    is_of_labels = task.outputs == "shares" and not task.has_classes
    return [LabelsAccuracy() if is_of_labels else name for name in task.metrics]


def set_units(model: keras.Model, units: Units | None) -> None:
    """Tells a compiled network of a regression the units of a split."""
    if units is None:
        return
    # `model.metrics` names them only once a batch was seen.
    own = model._compile_metrics
    for metric in keras.tree.flatten([own._user_metrics, own._user_weighted_metrics]):
        if isinstance(metric, OwnUnitsError):
            metric.set_units(units)


def plain_loss(
    task: Task,
    targets: NDArray[Any],
    outputs: NDArray[Any],
    values: int,
    weights: NDArray[np.float64] | None = None,
) -> float:
    """The mean of a task's plain loss in the data's own units, that of classes as Keras computes it.

    Weighted it is the sum of the weighted losses over that of the weights, as of any other measure.
    """
    if task.outputs == "numbers":  # 32 bits would lose the small difference of large numbers
        errors = np.asarray(targets, np.float64).reshape(outputs.shape) - outputs
        losses = np.square(errors).mean(axis=1)
    else:
        encoded = task.encoded(targets, values)
        losses = keras.ops.convert_to_numpy(keras.losses.get(task.loss)(encoded, outputs))
    return float(np.average(losses, weights=weights))


def _plain_name(task: Task) -> str:
    return "squared_error" if task.outputs == "numbers" else "crossentropy"


def _plain_metric(task: Task, values: int) -> keras.metrics.Metric:
    if task.outputs == "numbers":
        return OwnUnitsError(values)
    return CROSSENTROPIES[task.loss](name=_plain_name(task))


def _is_plain(settings: TrainingSettings, model: keras.Model, task: Task) -> bool:
    return (
        settings.loss == task.loss
        and task.outputs != "numbers"  # these are trained in other units
        and not settings.label_smoothing
        and not settings.weighted_metrics  # Keras divides a weighted loss by the number of examples
        and not model.losses
    )
