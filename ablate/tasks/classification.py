"""Each example belongs to one of several classes; a network gives the probability of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ablate.tasks import _scores
from ablate.tasks._base import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ablate.tasks._base import Score

SOFTMAX = "end it in a softmax"


_OF_LABELS: Mapping[str, Score] = {
    "accuracy": _scores.accuracy,
    "balanced_accuracy": _scores.balanced_accuracy,
    "f1": _scores.f1,
    "precision": _scores.precision,
    "recall": _scores.recall,
    "matthews_corrcoef": _scores.matthews_corrcoef,
}


def _of_likeliest(score: Callable[..., float | None]) -> Score:
    """A measure of the likeliest class."""
    return lambda targets, outputs, weights: score(targets, outputs.argmax(axis=1), weights)


def _one_against_the_rest(score: Callable[..., float | None]) -> Score:
    """A measure of each class against the rest; of two classes, that of the second one."""

    def found(
        targets: NDArray[Any], outputs: NDArray[Any], weights: NDArray[Any] | None
    ) -> float | None:
        import numpy as np

        if outputs.shape[1] == 2:
            return score(targets, outputs[:, 1], weights)
        return score(np.eye(outputs.shape[1])[targets], outputs, weights)

    return found


def _units(values: int) -> int:
    return values


def _ending(values: int) -> str:
    return f'Dense({values}, "softmax")'


def _encoded(targets: NDArray[Any], values: int) -> NDArray[np.float32]:
    import numpy as np

    return np.eye(values, dtype=np.float32).take(targets, axis=0)


def _fault(outputs: NDArray[Any], far: float) -> str | None:
    import numpy as np

    sums = outputs.sum(axis=1)
    farthest = float(sums[np.abs(sums - 1).argmax()])
    if abs(farthest - 1) > far:
        return f"rows sum to {farthest:.4g}; {SOFTMAX}"
    lowest = float(outputs.min())
    return f"numbers as low as {lowest:.4g}; {SOFTMAX}" if lowest < -far else None


def _decided(outputs: NDArray[Any]) -> NDArray[np.int64]:
    likeliest: NDArray[np.int64] = outputs.argmax(axis=1)
    return likeliest


TASK = Task(
    name="classification",
    loss="categorical_crossentropy",
    loss_title="crossentropy",
    losses=(
        "categorical_crossentropy",
        "categorical_focal_crossentropy",
        "categorical_hinge",
        "kl_divergence",
        "mean_squared_error",
    ),
    measures=("accuracy", "f1"),
    metric="accuracy",
    # Those of sparsemax do not always sum to 1, in Keras 3.15.
    activations=("softmax", "sparsemax"),
    outputs="distribution",
    metrics=("accuracy",),
    has_classes=True,
    decided=_decided,
    units=_units,
    ending=_ending,
    encoded=_encoded,
    fault=_fault,
    scores={
        **{name: _of_likeliest(score) for name, score in _OF_LABELS.items()},
        "roc_auc": _one_against_the_rest(_scores.roc_auc),
        "average_precision": _one_against_the_rest(_scores.average_precision),
        "top_5_accuracy": _scores.top_5_accuracy,
        "log_loss": _scores.log_loss,
    },
)
"""Targets are whole numbers ``(n,)`` from 0, outputs ``(n, classes)`` probabilities."""
