"""One training run: everything that determines it, and what it gave."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import model_validator

from ablate.spec.averages import MovingAverages
from ablate.spec.data import DataSettings, Fold
from ablate.spec.identity import identity
from ablate.spec.measure import OBJECTIVE, Measure
from ablate.spec.measures import EVERY
from ablate.spec.space import Frozen, Scalar
from ablate.spec.training import TrainingSettings
from ablate.spec.user_metric import UserMetric

_PLACES, _DATA_PLACES = ("architecture_source",), ("home", "folder")
"""Where a trial's files happen to lie, which is no part of what it is."""


class TrialSpec(Frozen):
    """Everything that determines one training run."""

    data: DataSettings
    data_digest: str
    """SHA-256 of the images and labels, see `ablate.data.prepared`."""
    architecture: str
    architecture_source: str | None = None
    architecture_digest: str | None = None
    parameters: Mapping[str, Scalar]
    """The arguments of the architecture's `build`."""
    training: TrainingSettings
    seed: int
    metrics: tuple[str, ...] = ()
    """What is measured besides what the task always has."""
    user_metrics: tuple[UserMetric, ...] = ()
    """Measures of the user's own."""
    objective: str = OBJECTIVE
    """What the best epoch is found by, see `StudySpec.objective`."""
    fold: Fold | None = None
    """What is held out, to be tested on by a replicate, and by no tuned trial; None where a part of
    the data is set apart for that."""

    @property
    def searched(self) -> Measure:
        """The score of that name."""
        return self.measured(self.objective)

    def measured(self, key: str) -> Measure:
        """The score that is called so, ``val_`` first."""
        own = {metric.measure.key("validation"): metric.measure for metric in self.user_metrics}
        return own.get(key) or EVERY.by_key[key]

    @property
    def task(self) -> str:
        """What the network's outputs mean, see `ablate.tasks`."""
        return self.data.task

    @property
    def fingerprint(self) -> str:
        """The same 16 hexadecimal digits for the same training run.

        It is kept with a trial and shown; nothing compares one with those of another version.
        """
        data = identity(self)
        for name in _PLACES:
            data.pop(name)
        for name in _DATA_PLACES:
            data["data"].pop(name)
        for metric in data.get("user_metrics", ()):
            metric.pop("source")
        text = json.dumps(data, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


Outcome = Literal["complete", "pruned", "infeasible", "failed", "interrupted"]


class Epoch(Frozen):
    """What one epoch of training measured."""

    epoch: int
    """Counted from 1."""
    loss: float
    """On the training set, averaged over the epoch."""
    accuracy: float | None = None
    """None where the task has none."""
    val_loss: float
    """The task's plain loss on the validation set, without label smoothing and weight penalties."""
    val_accuracy: float | None = None
    seconds: float
    objective: float | None = None
    """What the search goes by; None where that is the validation loss."""

    @property
    def searched(self) -> float:
        """What the search goes by."""
        return self.val_loss if self.objective is None else self.objective


class TrialResult(Frozen):
    """What one training run gave; whatever was not reached is missing."""

    outcome: Outcome
    reason: str | None = None
    """Why the trial is infeasible, failed or interrupted."""
    measures: Mapping[str, int | float] = {}
    """By key, see `measures.EVERY`."""
    by: str = OBJECTIVE
    """The key of what the search goes by."""
    own: tuple[str, ...] = ()
    """The names of measures of the user's own among them."""
    curves: tuple[Epoch, ...] = ()
    confusion_matrix: tuple[tuple[int, ...], ...] | None = None
    """Rows are true classes, columns predicted ones: on the test set for a replicate, else on the
    validation set."""
    predictions: tuple[tuple[float, ...], ...] | None = None
    """Of a replicate that predicts numbers, or one probability: for each test example, of many for
    some, its true values, then what was predicted."""
    no_model: str | None = None
    """Why the trained network was not saved, where it should have been."""
    repeats: int | None = None
    """The trial that it was taken over from; None for what was trained."""
    averages: MovingAverages | None = None
    """Those that its network validated with; None where it has no batch norm, or recalibrated ones."""

    unseen_epochs: int = 0
    """Epochs of a training loop of the user's own that our callbacks did not see."""

    @model_validator(mode="after")
    def _are_known(self) -> Self:
        own = {f"{stage}_{name}" for name in self.own for stage in ("val", "test")}
        if unknown := set(self.measures) - set(EVERY.keys) - own:
            raise ValueError(f"not in the table of measures: {', '.join(sorted(unknown))}")
        return self

    @property
    def objective(self) -> float | None:
        """What the search goes by; None where the training is not complete."""
        return self.measures.get(self.by)
