"""What a network gives, looked at: class probabilities, or no score of it means anything."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from ablate.spec.training import TrainingSettings

SOFTMAX = "end it in a softmax"
OWN_STEP = (
    "leave `metrics` to Keras, and have an own train_step or test_step update and return all of "
    "self.metrics"
)
ACTIVATIONS = ("softmax", "sparsemax")
"""Keras's activations that may give probabilities. (Those of sparsemax do not always, in 3.15.)"""
LEEWAY = 1e-3
"""How far from 1 the sum of a row may be, and how far below 0 a number."""
MIXED_LEEWAY = 2e-2
"""The same under a mixed policy, where 16 bits are added up."""
DISTANCE = "distance_from_probabilities"
"""What the metric `Distance` is called in Keras's logs."""


class Distance(keras.metrics.Metric):  # type: ignore[misc]
    """How far the outputs of an epoch are from probabilities, where they are farthest."""

    def __init__(self) -> None:
        super().__init__(name=DISTANCE)
        self.farthest = self.add_variable((), "zeros", name="farthest")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Looks at the outputs of a batch."""
        rows = ops.cast(y_pred, self.farthest.dtype)
        from_one = ops.max(ops.abs(ops.sum(rows, axis=-1) - 1))
        found = ops.maximum(from_one, -ops.min(rows))
        self.farthest.assign(ops.maximum(self.farthest, found))

    def result(self) -> Any:
        """The distance: of a row's sum from 1, or of a number below 0."""
        return ops.convert_to_tensor(self.farthest)


def leeway(settings: TrainingSettings) -> float:
    """How far from probabilities outputs may be that are trained so."""
    return LEEWAY if settings.dtype_policy == "float32" else MIXED_LEEWAY


def fault_of_activation(model: keras.Model) -> str | None:
    """Why a network cannot give probabilities, by the activation of its last layer.

    Known of Keras's own layers and activations alone; all else shows in what comes out.
    """
    layer = _last_layer(model)
    activation = getattr(layer, "activation", None)
    name = getattr(activation, "__name__", None)
    if name is None or name in ACTIVATIONS or not (is_keras(type(layer)) and is_keras(activation)):
        return None
    return f"{_giver(model)} gives no probabilities: its activation is {name}; {SOFTMAX}"


def fault_of_outputs(model: keras.Model, outputs: NDArray[Any], leeway: float) -> str | None:
    """Why the outputs of a network, ``(n, classes)``, are no probabilities; None where they are."""
    rows = outputs.astype(np.float32)
    if not np.isfinite(rows).all():
        count = int((~np.isfinite(rows).all(axis=1)).sum())
        rule = f"the network's outputs are not finite for {count} of {len(rows)} images"
        return f"{rule}; look for a division by 0 in its layers"
    sums = rows.sum(axis=1)
    farthest = float(sums[np.abs(sums - 1).argmax()])
    if abs(farthest - 1) > leeway:
        return f"{_giver(model)} gives no probabilities: rows sum to {farthest:.4g}; {SOFTMAX}"
    lowest = float(rows.min())
    if lowest < -leeway:
        return f"{_giver(model)} gives no probabilities: numbers as low as {lowest:.4g}; {SOFTMAX}"
    return None


def fault_of_distance(model: keras.Model, distance: float, epoch: int) -> str:
    """What is told where `Distance` has seen outputs that are too far off."""
    found = f"in epoch {epoch} they were off by {distance:.4g}"
    return f"{_giver(model)} gives no probabilities: {found}; {SOFTMAX}"


def try_out(model: keras.Model, input_shape: tuple[int, ...]) -> str | None:
    """Why a network that was just built gives no probabilities for any two images."""
    images = np.random.default_rng(0).random((2, *input_shape), np.float32)
    return fault_of_outputs(model, look(model, images), LEEWAY)


def look(model: keras.Model, images: NDArray[Any]) -> NDArray[Any]:
    """What a network gives for some images, which leaves it as it is.

    A layer of a user's may count or draw whenever it is called: such states are put back.
    """
    states = [(one, ops.convert_to_numpy(one)) for one in model.non_trainable_variables]
    outputs: NDArray[Any] = ops.convert_to_numpy(model(images, training=False))
    for variable, value in states:
        variable.assign(value)
    return outputs


def _last_layer(model: keras.Model) -> Any:
    """The layer or operation whose outputs are the network's; None where its graph is not known."""
    outputs = getattr(model, "outputs", None)
    if not outputs:
        return None
    last = outputs[0]._keras_history.operation
    return _last_layer(last) or last if isinstance(last, keras.Model) else last


def _giver(model: keras.Model) -> str:
    layer = _last_layer(model)
    return f"its network, {model.name}," if layer is None else f"its last layer, {layer.name},"


def is_keras(thing: Any) -> bool:
    """Whether a class or function is Keras's, and no user's."""
    return str(getattr(thing, "__module__", "")).partition(".")[0] == "keras"
