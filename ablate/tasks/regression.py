"""Each example has one or several numbers, which a network gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ablate.tasks import _scores
from ablate.tasks._base import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def _units(values: int) -> int:
    return values


def _ending(values: int) -> str:
    return f"Dense({values})"


def _encoded(targets: NDArray[Any], values: int) -> NDArray[np.float32]:
    import numpy as np

    return np.asarray(targets, np.float32).reshape(len(targets), values)


def _fault(outputs: NDArray[Any], far: float) -> str | None:
    return None


TASK = Task(
    name="regression",
    loss="mean_squared_error",
    loss_title="mean squared error",
    losses=(
        "mean_squared_error",
        "mean_absolute_error",
        "huber",
        "log_cosh",
    ),
    measures=("root_mean_squared_error", "mean_absolute_error", "r2"),
    metric="root_mean_squared_error",
    activations=(),
    outputs="numbers",
    metrics=(),
    has_classes=False,
    decided=None,
    units=_units,
    ending=_ending,
    encoded=_encoded,
    fault=_fault,
    scores={
        "mean_absolute_error": _scores.mean_absolute_error,
        "root_mean_squared_error": _scores.root_mean_squared_error,
        "mean_absolute_percentage_error": _scores.mean_absolute_percentage_error,
        "r2": _scores.r2,
    },
)
"""Targets and outputs are numbers, ``(n, targets)``, in the data's own units."""
