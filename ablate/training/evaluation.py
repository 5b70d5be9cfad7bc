"""Measures a trained network."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from sklearn import metrics

from ablate.data.fitting import Units
from ablate.data.split import Rows, Split, TestSet
from ablate.tasks import Task
from ablate.training.compiling import plain_loss
from ablate.training.network import ModelError
from ablate.training.outputs import OWN_STEP, fault_of_outputs, is_keras

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH = 512
WARM_UP, TIMED = 3, 20
"""Forward passes before the latency is measured, and those that are."""


Measures = dict[str, int | float]
"""By key, see `ablate.spec.measures.KEYS`."""
Predictions = tuple[tuple[float, ...], ...]
KEPT = 5000
"""Test examples whose predictions are kept."""
ConfusionMatrix = tuple[tuple[int, ...], ...]
"""Rows are true classes, columns predicted ones."""


@dataclass(frozen=True)
class Scores:
    """What tells how well a network does, besides its loss."""

    task: Task
    asked: tuple[str, ...] = ()
    """Measures besides those that the task always has."""
    own: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """Functions of the user's, by the name of their measure."""

    def of(
        self,
        prefix: str,
        targets: NDArray[Any],
        outputs: NDArray[Any],
        weights: NDArray[np.float64] | None = None,
    ) -> Measures:
        """All that are defined for these targets, by name with a prefix.

        A function of the user's is given no weights.

        Raises:
            ModelError: a function of the user's raised, or gave no finite number.
        """
        names = (*self.task.measures, *self.asked)
        found = {name: self.task.score(name, targets, outputs, weights) for name in names}
        found |= {name: _users(name, one, targets, outputs) for name, one in self.own.items()}
        return {f"{prefix}{name}": one for name, one in found.items() if one is not None}


def _users(
    name: str, function: Callable[..., Any], targets: NDArray[Any], outputs: NDArray[Any]
) -> float:
    """What a function of the user's gives for true values and predictions.

    Raises:
        ModelError: it raised, or gave no finite number.
    """
    true, predicted = (one[:, 0] if one.shape[1:] == (1,) else one for one in (targets, outputs))
    try:
        value = function(true, predicted)
        number = float(value)
    except (Exception, SystemExit) as error:
        first = next(iter(str(error).splitlines()), "")
        rule = f"the metric {name} raised {type(error).__name__}: {first}"
        raise ModelError(rule) from error
    if not math.isfinite(number):
        raise ModelError(f"the metric {name} gave {number}, which is no finite number")
    return number


def measure_trained(
    model: keras.Model, split: Split, scores: Scores, leeway: float, val_loss: float
) -> tuple[Measures, ConfusionMatrix | None]:
    """What a trained network gives on the validation examples, besides the loss of its epoch.

    Args:
        model: the network, with the weights of an epoch.
        split: the examples.
        scores: what is measured.
        leeway: how far from probabilities its outputs may be.
        val_loss: the validation loss that was logged of the epoch.

    Raises:
        ModelError: it does not give what its task says, or its own code has logged another loss
            than that of its outputs.
    """
    outputs = _outputs(model, split.x_val, scores.task, leeway, split.units)
    values = len(split.class_names)
    if not is_keras(type(model)):
        _compare(val_loss, plain_loss(scores.task, split.y_val, outputs, values, split.w_val))
    return scores.of("val_", split.y_val, outputs, split.w_val), _matrix(
        scores.task, split.y_val, outputs, values
    )


def validation_scores(model: keras.Model, split: Split, scores: Scores, leeway: float) -> Measures:
    """All scores of a network on the validation examples, as it is.

    Raises:
        ModelError: it does not give what its task says, within the leeway.
    """
    outputs = _outputs(model, split.x_val, scores.task, leeway, split.units)
    return scores.of("val_", split.y_val, outputs, split.w_val)


def measure_tested(
    model: keras.Model,
    split: Split,
    test: TestSet,
    scores: Scores,
    leeway: float,
    clock: Callable[[], float],
) -> tuple[Measures, ConfusionMatrix | None, Predictions | None]:
    """What a replicate gives on the test examples, and how long it takes for one.

    Raises:
        ModelError: it does not give what its task says, within the leeway.
    """
    outputs = _outputs(model, test.x, scores.task, leeway, split.units)
    values = len(split.class_names)
    measures: Measures = {
        "test_loss": plain_loss(scores.task, test.y, outputs, values, test.weights),
        **scores.of("test_", test.y, outputs, test.weights),
        "test_images": len(test.y),
        "inference_seconds": inference_seconds(model, test.x, clock),
    }
    matrix = _matrix(scores.task, test.y, outputs, values)
    return measures, matrix, _predictions(scores.task, test.y, outputs)


def _predictions(task: Task, targets: NDArray[Any], outputs: NDArray[Any]) -> Predictions | None:
    """True values and predictions of the first examples; None where there are classes to choose from."""
    if task.outputs == "distribution" or (task.decided is None and task.outputs == "shares"):
        return None
    true = targets[:, None] if targets.ndim == 1 else targets
    rows = np.concatenate([true[:KEPT], outputs[:KEPT]], axis=1, dtype=np.float64)
    return tuple(tuple(row) for row in rows.tolist())


def _outputs(
    model: keras.Model, examples: Rows, task: Task, leeway: float, units: Units | None
) -> NDArray[Any]:
    """What a network gives, in the data's own units."""
    outputs = predict(model, examples)
    if fault := fault_of_outputs(model, outputs, leeway, task):
        raise ModelError(fault)
    return outputs if units is None else units.own(outputs)


def _matrix(
    task: Task, targets: NDArray[Any], outputs: NDArray[Any], classes: int
) -> ConfusionMatrix | None:
    return confusion_matrix(targets, task.decided(outputs), classes) if task.decided else None


def _compare(logged: float, found: float) -> None:
    """Looks whether an own test_step has logged the loss that the predictions have.

    They may differ somewhat, because a layer may draw when it is tested.

    Raises:
        ModelError: they differ by half.
    """
    if not math.isclose(logged, found, rel_tol=0.5, abs_tol=0.01):
        rule = (
            f"its validation loss is logged as {logged:.4g}, but its predictions have {found:.4g}"
        )
        raise ModelError(f"{rule}; {OWN_STEP}")


def predict(model: keras.Model, images: Rows) -> NDArray[Any]:
    """What a network gives, ``(n, units)``.

    The network is called directly: `Model.predict` would trace a graph for each trial, which
    costs more than these few batches.
    """
    batches = (images[start : start + BATCH] for start in range(0, len(images), BATCH))
    return np.concatenate(
        [keras.ops.convert_to_numpy(model(batch, training=False)) for batch in batches]
    )


def confusion_matrix(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: int
) -> ConfusionMatrix:
    """How many images of each class were taken for each."""
    matrix = metrics.confusion_matrix(labels, predicted, labels=range(classes))
    return tuple(tuple(int(count) for count in row) for row in matrix)


def inference_seconds(model: keras.Model, images: Rows, clock: Callable[[], float]) -> float:
    """The median wall time of one compiled forward pass of one image."""
    image, times = images[:1], []
    for _ in range(WARM_UP):
        model.predict_on_batch(image)
    for _ in range(TIMED):
        started = clock()
        model.predict_on_batch(image)
        times.append(clock() - started)
    return statistics.median(times)
