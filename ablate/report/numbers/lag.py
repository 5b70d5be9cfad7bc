"""How far batch norm's moving averages lagged in the trainings of a variant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ablate.spec.averages import MOST_HELD
from ablate.store.attributes import AVERAGES, EPOCHS

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


@dataclass(frozen=True)
class Lag:
    """How far they lagged, in that of the replicates in which they lagged most."""

    epochs: int
    """After how many epochs, the first ones, they held more than 5 % of their start."""
    trained: int
    """How many epochs it was trained for."""
    tested: float
    """The share of their start that they held in the network that was tested."""

    @property
    def touches_test(self) -> bool:
        """Whether the test scores are those of averages that lag, too."""
        return self.tested > MOST_HELD


def lag_of(replicates: Iterable[FrozenTrial], checkpoint: Literal["best", "last"]) -> Lag | None:
    """The lag of a variant's replicates; None where nothing lagged, or nothing is known of it."""
    found = [lag for trial in replicates if (lag := _lag(trial, checkpoint)) is not None]
    return max(found, key=lambda lag: (lag.tested, lag.epochs), default=None)


def count_lagging(trials: Iterable[FrozenTrial]) -> int:
    """How many trials were validated with averages that lag, in their first epoch at least."""
    known = map(AVERAGES.of, trials)
    return sum(averages is not None and averages.lag(1) > 0 for averages in known)


def _lag(trial: FrozenTrial, checkpoint: Literal["best", "last"]) -> Lag | None:
    averages, trained = AVERAGES.of(trial), EPOCHS.of(trial)
    if averages is None or not trained or not averages.lag(trained):
        return None
    tested = trial.user_attrs.get("best_epoch", trained) if checkpoint == "best" else trained
    return Lag(averages.lag(trained), trained, averages.held(int(tested)))
