"""What a network gives, looked at: what its task says, or no score of it means anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from ablate.document.words import called
from ablate.spec.data import InputShape
from ablate.spec.training import TrainingSettings
from ablate.tasks import Task

OWN_STEP = (
    "leave `metrics` to Keras, and have an own train_step or test_step update and return all of "
    "self.metrics"
)
LEEWAY = 1e-3
"""How far from 1 the sum of a row may be, and how far below 0 a number."""
MIXED_LEEWAY = 2e-2
"""The same under a mixed policy, where 16 bits are added up."""
DISTANCE = "distance_from_probabilities"
"""What the metric `Distance` is called in Keras's logs."""


class Distance(keras.metrics.Metric):  # type: ignore[misc]
    """How far the outputs of an epoch are from probabilities, where they are farthest.

    Args:
        sums: whether those of an example must sum to 1.
    """

    def __init__(self, *, sums: bool = True) -> None:
        super().__init__(name=DISTANCE)
        self.sums = sums
        self.farthest = self.add_variable((), "zeros", name="farthest")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Looks at the outputs of a batch."""
        rows = ops.cast(y_pred, self.farthest.dtype)
        above = ops.abs(ops.sum(rows, axis=-1) - 1) if self.sums else rows - 1
        from_one = ops.max(above)
        found = ops.maximum(from_one, -ops.min(rows))
        self.farthest.assign(ops.maximum(self.farthest, found))

    def result(self) -> Any:
        """The distance: of a row's sum from 1, or of a number below 0 or above 1."""
        return ops.convert_to_tensor(self.farthest)

    def get_config(self) -> dict[str, Any]:
        """What it was made with."""
        return {"sums": self.sums}


def leeway(settings: TrainingSettings) -> float:
    """How far from probabilities outputs may be that are trained so."""
    return LEEWAY if settings.dtype_policy == "float32" else MIXED_LEEWAY


def fault_of_activation(model: keras.Model, task: Task) -> str | None:
    """Why a network cannot give what its task says, by the activation of its last layer.

    Known of Keras's own layers and activations alone; all else shows in what comes out.
    """
    layer = _last_layer(model)
    activation = getattr(layer, "activation", None)
    name = getattr(activation, "__name__", None)
    may_be = name is None or not task.activations or name in task.activations
    if may_be or not (is_keras(type(layer)) and is_keras(activation)):
        return None
    return f"{_giver(model)} gives no probabilities: its activation is {name}; {_remedy(task)}"


def fault_of_outputs(
    model: keras.Model, outputs: NDArray[Any], leeway: float, task: Task
) -> str | None:
    """Why the outputs of a network, ``(n, units)``, are not what its task says; None where they are."""
    rows = outputs.astype(np.float32)
    if not np.isfinite(rows).all():
        count = int((~np.isfinite(rows).all(axis=1)).sum())
        shape = getattr(model, "input_shape", None)  # of several inputs a list or a dictionary
        noun = called(shape[1:] if isinstance(shape, tuple) else None)
        rule = f"the network's outputs are not finite for {count} of {len(rows)} {noun}"
        return f"{rule}; look for a division by 0 in its layers"
    fault = task.fault(rows, leeway)
    return f"{_giver(model)} gives no probabilities: {fault}" if fault else None


def fault_of_distance(model: keras.Model, distance: float, epoch: int, task: Task) -> str:
    """What is told where `Distance` has seen outputs that are too far off."""
    found = f"in epoch {epoch} they were off by {distance:.4g}"
    return f"{_giver(model)} gives no probabilities: {found}; {_remedy(task)}"


def try_out(model: keras.Model, input_shape: InputShape, task: Task) -> str | None:
    """Why a network that was just built does not give what its task says, for any two examples."""
    examples = any_examples(input_shape, 2, np.random.default_rng(0))
    return fault_of_outputs(model, look(model, examples), LEEWAY, task)


def any_examples(input_shape: InputShape, count: int, rng: np.random.Generator) -> Any:
    """Random examples from 0 to 1, whatever the data are; of several inputs each by its name."""
    if isinstance(input_shape, Mapping):
        shapes = input_shape.items()
        return {name: rng.random((count, *shape), np.float32) for name, shape in shapes}
    return rng.random((count, *input_shape), np.float32)


def _remedy(task: Task) -> str:
    """How such a network may end."""
    return "end it in a softmax" if task.outputs == "distribution" else "end it in a sigmoid"


def look(model: keras.Model, examples: Any) -> NDArray[Any]:
    """What a network gives for some examples, which leaves it as it is.

    A layer of a user's may count or draw whenever it is called: such states are put back.
    """
    states = [(one, ops.convert_to_numpy(one)) for one in model.non_trainable_variables]
    outputs: NDArray[Any] = ops.convert_to_numpy(model(examples, training=False))
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
