"""Each example has any number of labels; a network gives the probability of each."""

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
"""From which probability on an example counts as having a label."""


_OF_LABELS: Mapping[str, Score] = {
    "accuracy": _scores.accuracy,
    "f1": _scores.f1,
    "precision": _scores.precision,
    "recall": _scores.recall,
}


def _of_decisions(score: Callable[..., float | None]) -> Score:
    """A measure of the labels that are taken for true."""
    return lambda targets, outputs, weights: score(
        targets, (outputs >= THRESHOLD).astype(int), weights
    )


def _log_loss(targets: NDArray[Any], outputs: NDArray[Any], weights: NDArray[Any] | None) -> float:
    """The mean over the labels."""
    import numpy as np

    pairs = (np.column_stack([1 - one, one]) for one in outputs.T)
    losses = [
        _scores.log_loss(true, pair, weights) for true, pair in zip(targets.T, pairs, strict=True)
    ]
    return float(np.mean(losses))


def _units(values: int) -> int:
    return values


def _ending(values: int) -> str:
    return f'Dense({values}, "sigmoid")'


def _encoded(targets: NDArray[Any], values: int) -> NDArray[np.float32]:
    import numpy as np

    return np.asarray(targets, np.float32)


def _fault(outputs: NDArray[Any], far: float) -> str | None:
    return _scores.fault_of_shares(outputs, far, SIGMOID)


TASK = Task(
    name="multilabel_classification",
    loss="binary_crossentropy",
    loss_title="crossentropy",
    losses=("binary_crossentropy", "binary_focal_crossentropy", "mean_squared_error"),
    measures=("accuracy", "f1"),
    metric="f1",
    activations=("sigmoid", "hard_sigmoid"),
    outputs="shares",
    metrics=("accuracy",),
    has_classes=False,
    decided=None,
    units=_units,
    ending=_ending,
    encoded=_encoded,
    fault=_fault,
    scores={
        # Accuracy is the share of examples all of whose labels are right.
        **{name: _of_decisions(score) for name, score in _OF_LABELS.items()},
        "roc_auc": _scores.roc_auc,
        "average_precision": _scores.average_precision,
        "log_loss": _log_loss,
    },
)
"""Targets are 0 and 1, ``(n, labels)``; outputs ``(n, labels)`` probabilities."""
