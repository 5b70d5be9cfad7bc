"""Measures a trained network."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from sklearn import metrics

from ablate.data.fitting import Units
from ablate.tasks import Task
from ablate.training.compiling import plain_loss
from ablate.training.network import ModelError
from ablate.training.outputs import OWN_STEP, fault_of_outputs, is_keras
from ablate.training.parts import Part, Seen, see

if TYPE_CHECKING:
    from numpy.typing import NDArray

WARM_UP, TIMED = 3, 20
"""Forward passes before the latency is measured, and those that are."""


Measures = dict[str, int | float]
"""By key, see `MeasureTable.keys`."""
Predictions = tuple[tuple[float, ...], ...]
KEPT = 5000
"""Test examples whose predictions are kept."""
Evaluate = Callable[[keras.Model, Any], Measures]
"""Of a network, and of what `Model.evaluate` takes, gives measures by name."""
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
    evaluate: Evaluate | None = None
    """A function of the user's that measures a network itself; None where there is none."""
    evaluated: tuple[str, ...] = ()
    """What it is asked for, by the name of the measure."""
    values: int = 2
    """How many classes, labels or numbers there are."""
    units: Units | None = None
    """Those that the numbers of a regression are scaled by; None for any other task."""

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
        return {
            f"{prefix}{name}": one
            for name, one in found.items()
            if one is not None and math.isfinite(one)
        }


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
    model: keras.Model, validation: Part, scores: Scores, leeway: float, val_loss: float
) -> tuple[Measures, ConfusionMatrix | None]:
    """What a trained network gives on the validation examples, besides the loss of its epoch.

    Args:
        model: the network, with the weights of an epoch.
        validation: the examples.
        scores: what is measured.
        leeway: how far from probabilities its outputs may be.
        val_loss: the validation loss that was logged of the epoch.

    Raises:
        ModelError: it does not give what its task says, or its own code has logged another loss
            than that of its outputs.
    """
    seen = _seen(model, validation, scores, leeway)
    if not is_keras(type(model)):
        _compare(val_loss, _plain_loss(scores, seen))
    return _all_scores("val_", scores, seen, model, validation), _matrix(scores, seen)


def validation_scores(
    model: keras.Model, validation: Part, scores: Scores, leeway: float
) -> Measures:
    """All scores of a network on the validation examples, as it is.

    Raises:
        ModelError: it does not give what its task says, within the leeway.
    """
    seen = _seen(model, validation, scores, leeway)
    return _all_scores("val_", scores, seen, model, validation)


def measure_tested(
    model: keras.Model,
    test: Part,
    scores: Scores,
    leeway: float,
    clock: Callable[[], float],
) -> tuple[Measures, ConfusionMatrix | None, Predictions | None]:
    """What a replicate gives on the test examples, and how long it takes for one.

    Raises:
        ModelError: it does not give what its task says, within the leeway.
    """
    seen = _seen(model, test, scores, leeway)
    measures: Measures = {
        "test_loss": _plain_loss(scores, seen),
        **_all_scores("test_", scores, seen, model, test),
        "test_images": len(seen.targets),
        "inference_seconds": inference_seconds(model, seen.example, clock),
    }
    predictions = _predictions(scores.task, seen.targets, seen.outputs)
    return measures, _matrix(scores, seen), predictions


def _all_scores(
    prefix: str, scores: Scores, seen: Seen, model: keras.Model, part: Part
) -> Measures:
    found = scores.of(prefix, seen.targets, seen.outputs, seen.weights)
    if scores.evaluate is None or not scores.evaluated:
        return found
    given = scores.evaluate(model, part.data())
    return found | {f"{prefix}{name}": given[name] for name in scores.evaluated}


def _plain_loss(scores: Scores, seen: Seen) -> float:
    return plain_loss(scores.task, seen.targets, seen.outputs, scores.values, seen.weights)


def _predictions(task: Task, targets: NDArray[Any], outputs: NDArray[Any]) -> Predictions | None:
    """True values and predictions of examples; None where there are classes to choose from.

    Of more than are kept a draw, the same for every replicate: examples may lie sorted by class, or
    take turns.
    """
    if task.outputs == "distribution" or (task.decided is None and task.outputs == "shares"):
        return None
    true = targets[:, None] if targets.ndim == 1 else targets
    kept: Any = slice(None)
    if len(true) > KEPT:
        kept = np.random.default_rng(0).choice(len(true), KEPT, replace=False)
    rows = np.concatenate([true[kept], outputs[kept]], axis=1, dtype=np.float64)
    return tuple(tuple(row) for row in rows.tolist())


def _seen(model: keras.Model, part: Part, scores: Scores, leeway: float) -> Seen:
    """What a network gives, in the data's own units."""
    seen = see(model, part)
    if fault := fault_of_outputs(model, seen.outputs, leeway, scores.task):
        raise ModelError(fault)
    return seen if scores.units is None else replace(seen, outputs=scores.units.own(seen.outputs))


def _matrix(scores: Scores, seen: Seen) -> ConfusionMatrix | None:
    if scores.task.decided is None:
        return None
    return confusion_matrix(seen.targets, scores.task.decided(seen.outputs), scores.values)


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


def confusion_matrix(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: int
) -> ConfusionMatrix:
    """How many images of each class were taken for each."""
    matrix = metrics.confusion_matrix(labels, predicted, labels=range(classes))
    return tuple(tuple(int(count) for count in row) for row in matrix)


def inference_seconds(model: keras.Model, image: Any, clock: Callable[[], float]) -> float:
    """The median wall time of one compiled forward pass of one image, a batch of one."""
    times = []
    for _ in range(WARM_UP):
        model.predict_on_batch(image)
    for _ in range(TIMED):
        started = clock()
        model.predict_on_batch(image)
        times.append(clock() - started)
    return statistics.median(times)
