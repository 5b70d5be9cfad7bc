"""Compiles a network as the settings say."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from ablate.data.fitting import Units
from ablate.spec.training import TrainingSettings
from ablate.tasks import Task
from ablate.training.optimizer import make_loss, make_optimizer
from ablate.training.outputs import Distance

CROSSENTROPIES = {
    "categorical_crossentropy": keras.metrics.CategoricalCrossentropy,
    "binary_crossentropy": keras.metrics.BinaryCrossentropy,
}
"""The metrics that are plain losses, by Keras's names of these."""


class OwnUnitsError(keras.metrics.Metric):  # type: ignore[misc]
    """The mean squared error in the data's own units, of a network that is trained in scaled ones.

    Args:
        values: how many numbers a network gives.
    """

    def __init__(self, values: int) -> None:
        super().__init__(name="squared_error")
        self.values = values
        # A variable, so that the program of a network serves every split.
        self.squares = self.add_variable((values,), "ones", name="squares")
        self.total = self.add_variable((), "zeros", name="total")
        self.count = self.add_variable((), "zeros", name="count")

    def set_units(self, units: Units) -> None:
        """Takes the units of a split."""
        self.squares.assign(np.square(units.deviation).astype(np.float32))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds the errors of a batch."""
        kind = self.total.dtype
        errors = ops.square(ops.cast(y_pred, kind) - ops.cast(y_true, kind)) * self.squares
        self.total.assign_add(ops.sum(ops.mean(errors, axis=-1)))
        self.count.assign_add(ops.cast(ops.shape(y_true)[0], kind))

    def result(self) -> Any:
        """The mean over the examples."""
        return ops.divide_no_nan(self.total, self.count)

    def reset_state(self) -> None:
        """Begins an epoch; the units stay."""
        self.total.assign(0.0)
        self.count.assign(0.0)

    def get_config(self) -> dict[str, Any]:
        """What it was made with."""
        return {"values": self.values}


class LabelsAccuracy(keras.metrics.MeanMetricWrapper):  # type: ignore[misc]
    """The share of examples all of whose labels are right."""

    def __init__(self) -> None:
        super().__init__(_all_right, name="accuracy")

    def get_config(self) -> dict[str, Any]:
        """It is made with nothing."""
        return {}


def _all_right(y_true: Any, y_pred: Any) -> Any:
    right = ops.equal(ops.greater_equal(y_pred, 0.5), ops.greater_equal(y_true, 0.5))
    return ops.cast(ops.all(right, axis=-1), "float32")


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
