"""The training runs that workers are given to carry out.

An order asks one worker for one of them, and holds all that it needs to know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ablate.spec.space import Frozen, Scalar
from ablate.spec.study import Cell, StudySpec
from ablate.store.place import StoragePlace


class TuneTrial(Frozen):
    """Ask Optuna for a trial of a cell, train and record it.

    Tells `Started`, `Trained`, `Finished`; or only `Taken`.
    """

    order: Literal["tune_trial"] = "tune_trial"
    study: StudySpec
    place: StoragePlace
    cell: Cell
    slot: int
    """Which of the cell's trials it is, see `slots`."""
    workers: int = 1
    """How many workers train side by side."""


class TrainReplicate(Frozen):
    """Train a cell's configuration from a seed and test it. Tells what `TuneTrial` tells."""

    order: Literal["train_replicate"] = "train_replicate"
    study: StudySpec
    place: StoragePlace
    cell: Cell
    seed: int
    chosen_from: int | None
    """The number of the tuned trial whose configuration this is; None where nothing is tuned."""
    tuned: Mapping[str, Scalar]
    """The values of the tuned parameters in that trial."""
    workers: int = 1
    """How many workers train side by side."""


TrainingOrder = TuneTrial | TrainReplicate
