"""What a replicate predicted for the test set: an artifact beside its trial."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from optuna.trial import FrozenTrial, Trial

from ablate.store.artifacts import Artifacts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PREDICTIONS = "predictions.csv"
TRUE, PREDICTED = "true ", "predicted "


def keep_predictions(
    trial: Trial, names: Sequence[str], rows: Sequence[Sequence[float]], artifacts: Artifacts
) -> None:
    """Writes true values and predictions beside a trial.

    Args:
        trial: the trial.
        names: of what is predicted.
        rows: for each test example its true values, then what was predicted.
        artifacts: where they go.
    """
    header = [f"{kind}{name}" for kind in (TRUE, PREDICTED) for name in names]
    artifacts.upload_table(trial, PREDICTIONS, [header, *map(list, rows)])


def read_predictions(
    trial: FrozenTrial, artifacts: Artifacts
) -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.float64]] | None:
    """The names of what was predicted, true values and predictions, ``(n, names)`` each.

    Returns:
        None where there are none, or they are cut.
    """
    import numpy as np

    text = artifacts.text(trial, PREDICTIONS)
    try:
        header, *lines = csv.reader(io.StringIO(text or ""))
        table = np.array([[float(value) for value in line] for line in lines], np.float64)
    except ValueError:
        return None
    names = tuple(name.removeprefix(TRUE) for name in header if name.startswith(TRUE))
    if table.ndim != 2 or not names or table.shape[1] != 2 * len(names):
        return None
    return names, table[:, : len(names)], table[:, len(names) :]
