"""Compiles a network as the settings say."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from ablate.data.fitting import Units
from ablate.spec.training import TrainingSettings
from ablate.tasks import Task
from ablate.training.metrics import LabelsAccuracy, OwnUnitsError
from ablate.training.optimizer import make_loss, make_optimizer
from ablate.training.outputs import Distance

CROSSENTROPIES = {
    "categorical_crossentropy": keras.metrics.CategoricalCrossentropy,
    "binary_crossentropy": keras.metrics.BinaryCrossentropy,
}
"""The metrics that are plain losses, by Keras's names of these."""


def compile_network(
    model: keras.Model, settings: TrainingSettings, examples: int, task: Task, values: int
) -> str:
    """Compiles a network, and says what its plain validation loss is called in Keras's logs.

    Where training minimises something else than the task's plain loss, that is measured beside it.

    Args:
        model: the network.
        settings: how it is trained.
        examples: how many it is trained on.
        task: what its outputs mean.
        values: how many classes, labels or numbers there are.
    """
    plain = _is_plain(settings, model, task)
    watch = [] if task.outputs == "numbers" else [Distance(sums=task.outputs == "distribution")]
    model.compile(
        optimizer=make_optimizer(settings, math.ceil(examples / settings.batch_size)),
        loss=make_loss(settings),
        metrics=[*_scores(task), *([] if plain else [_plain_metric(task, values)]), *watch],
    )
    return "val_loss" if plain else f"val_{_plain_name(task)}"


def _scores(task: Task) -> list[Any]:
    """What is measured beside the loss after every epoch."""
    is_of_labels = task.outputs == "shares" and not task.has_classes
    return [LabelsAccuracy() if is_of_labels else name for name in task.metrics]


def set_units(model: keras.Model, units: Units | None) -> None:
    """Tells a compiled network of a regression the units of a split."""
    if units is None:
        return
    # `model.metrics` names them only once a batch was seen.
    for metric in keras.tree.flatten(model._compile_metrics._user_metrics):
        if isinstance(metric, OwnUnitsError):
            metric.set_units(units)


def plain_loss(task: Task, targets: NDArray[Any], outputs: NDArray[Any], values: int) -> float:
    """The mean of a task's plain loss, as Keras computes it, in the data's own units."""
    losses = keras.losses.get(task.loss)(task.encoded(targets, values), outputs)
    return float(np.mean(keras.ops.convert_to_numpy(losses)))


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
        and not model.losses
    )
