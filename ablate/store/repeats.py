"""Trials of a search that suggest what one of it was trained with: they take over its result.

All trials of a search share one seed, so that the same spec gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ablate.spec.measure import OBJECTIVE
from ablate.spec.measures import EVERY
from ablate.spec.trial import TrialResult, TrialSpec
from ablate.store.attributes import DIED, MODEL, OUTCOME, OWNER, REPEATS, RETRY_OF, SLOT
from ablate.store.trials import outcome_of

if TYPE_CHECKING:
    from optuna import Trial
    from optuna.trial import FrozenTrial

    from ablate.store.ledger import Ledger

OWN = {one.name for one in (OWNER, SLOT, RETRY_OF, DIED, MODEL, OUTCOME)}
"""Attributes that a trial has of its own, whatever it repeats."""
SPENT = {one.name for one in EVERY.all if one.spent}
"""Measures that only a trial that was trained has."""


class TrainedTrials:
    """The complete trials of a search that were trained, found by what they are.

    Args:
        search: its trials, refreshed before each answer.
        spec_of: what a trial is; raises KeyError or ValueError where that is not known.
    """

    def __init__(self, search: Ledger, spec_of: Callable[[FrozenTrial], TrialSpec]) -> None:
        self._search, self._spec_of = search, spec_of
        self._known: dict[str, FrozenTrial] = {}
        self._seen = 0
        """How many of the trials that have ended were taken in."""

    def same_as(self, trial: Trial, spec: TrialSpec) -> FrozenTrial | None:
        """The earlier trial that a trial with this spec repeats; None where there is none."""
        news = self._search.refresh().ended[self._seen :]
        self._seen += len(news)
        for ended in news:
            if outcome_of(ended) == "complete" and not REPEATS.is_on(ended):
                self._take_in(ended)
        found = self._known.get(_written(spec))
        return found if found is not None and found.number < trial.number else None

    def _take_in(self, ended: FrozenTrial) -> None:
        try:
            written = _written(self._spec_of(ended))
        except (KeyError, ValueError):
            return
        first = self._known.setdefault(written, ended)
        if ended.number < first.number:
            self._known[written] = ended


def _written(spec: TrialSpec) -> str:
    """A whole spec as text: equal where the specs are, and ``true`` is not ``1``."""
    return spec.model_dump_json()


def take_over(
    trial: Trial, earlier: FrozenTrial, own: Sequence[str] = (), by: str = OBJECTIVE
) -> TrialResult:
    """Gives a trial all that is recorded of the one that it repeats, but its times and its files.

    Must come before the trial is told to Optuna: a finished trial takes nothing more.

    Args:
        trial: the trial.
        earlier: the trial that it repeats.
        own: the names of the study's own measures.
        by: what the search goes by.

    Returns:
        Its result.
    """
    for epoch, loss in earlier.intermediate_values.items():
        trial.report(loss, step=epoch)
    attributes = earlier.user_attrs
    for name, value in attributes.items():
        if name not in OWN | SPENT:
            trial.set_user_attr(name, value)
    REPEATS.write(trial, earlier.number)
    keys = [f"val_{name}" for name in own]
    measures = {
        key: value
        for key, value in attributes.items()
        if (key in EVERY.stored or key in keys) and key not in SPENT
    }
    assert earlier.value is not None
    measures.setdefault(by, earlier.value)
    if OBJECTIVE in attributes:
        measures[OBJECTIVE] = attributes[OBJECTIVE]
    OUTCOME.write(trial, "complete")  # last, when all else is there
    return TrialResult(
        outcome="complete", measures=measures, own=tuple(own), by=by, repeats=earlier.number
    )
