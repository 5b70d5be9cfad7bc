"""Each example is of the positive class or not; a network gives the probability that it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ablate.tasks import _scores
from ablate.tasks._base import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ablate.tasks._base import Score

SIGMOID = "end it in a sigmoid"
THRESHOLD = 0.5


_OF_LABELS: Mapping[str, Score] = {
    "accuracy": _scores.accuracy,
    "balanced_accuracy": _scores.balanced_accuracy,
    "f1": _scores.f1,
    "precision": _scores.precision,
    "recall": _scores.recall,
    "matthews_corrcoef": _scores.matthews_corrcoef,
}


def _of_decision(score: Callable[..., float | None]) -> Score:
    """A measure of what is taken for positive."""
    return lambda targets, outputs, weights: score(targets, _decided(outputs), weights)


def _of_share(score: Callable[..., float | None]) -> Score:
    """A measure of the probability."""
    return lambda targets, outputs, weights: score(targets, outputs[:, 0], weights)


def _log_loss(targets: NDArray[Any], outputs: NDArray[Any], weights: NDArray[Any] | None) -> float:
    import numpy as np

    return _scores.log_loss(targets, np.column_stack([1 - outputs[:, 0], outputs[:, 0]]), weights)


def _units(values: int) -> int:
    return 1


def _ending(values: int) -> str:
    return 'Dense(1, "sigmoid")'


def _encoded(targets: NDArray[Any], values: int) -> NDArray[np.float32]:
    import numpy as np

    return np.asarray(targets, np.float32)[:, None]


def _fault(outputs: NDArray[Any], far: float) -> str | None:
    return _scores.fault_of_shares(outputs, far, SIGMOID)


def _decided(outputs: NDArray[Any]) -> NDArray[np.int64]:
    positive: NDArray[np.int64] = (outputs[:, 0] >= THRESHOLD).astype("int64")
    return positive


TASK = Task(
    name="binary_classification",
    loss="binary_crossentropy",
    loss_title="crossentropy",
    losses=("binary_crossentropy", "binary_focal_crossentropy", "hinge", "mean_squared_error"),
    measures=("accuracy", "f1", "roc_auc"),
    metric="roc_auc",
    activations=("sigmoid", "hard_sigmoid"),
    outputs="shares",
    metrics=("accuracy",),
    has_classes=True,
    decided=_decided,
    units=_units,
    ending=_ending,
    encoded=_encoded,
    fault=_fault,
    scores={
        **{name: _of_decision(score) for name, score in _OF_LABELS.items()},
        "roc_auc": _of_share(_scores.roc_auc),
        "average_precision": _of_share(_scores.average_precision),
        "log_loss": _log_loss,
    },
)
"""Targets are 0 and 1, ``(n,)``, 1 for the positive class; outputs ``(n, 1)``."""
