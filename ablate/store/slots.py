"""The places of a search: each is filled by one trial, however often that is begun.

A search of 12 trials has the slots 0 to 11. A trial that was cut off leaves its slot free, and the
next one there gets the same hyperparameters. Of two trials that were begun in one slot at the same
time, by two runs of one study, the one with the lower number has it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from ablate.store.attributes import RETRY_OF, SLOT
from ablate.store.ledger import Ledger
from ablate.store.trials import fills, outcome_of

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

GRID = ("grid_id", "search_space")
"""System attributes that Optuna's grid sampler gives a trial."""


class Slots(Ledger):
    """A search's trials, each in its slot, which is written when it is made and never changes.

    Trials of studies from before there were slots take them in their order. Trials are entered in
    the order of their numbers.
    """

    def __init__(self, study: Study | None = None) -> None:
        super().__init__(study)
        self._begun: dict[int, dict[int, FrozenTrial]] = {}
        """The trials begun in each slot, by number."""
        self._slot_of: dict[int, int] = {}
        """The slot of each trial, by number."""
        self._end = 0
        """No trial was begun in this slot or a later one."""
        self._open: set[int] = set()
        """The slots before that which no trial fills."""
        self._unbegun = 0
        """The first slot in which no trial was begun."""

    def enter(self, trial: FrozenTrial) -> None:
        """Takes in a trial that is new, or that was not finished when it was last entered."""
        super().enter(trial)
        slot = self._slot_of.get(trial.number)
        if slot is None:
            slot = self._slot_of[trial.number] = self._new_slot(trial)
        self._begun.setdefault(slot, {})[trial.number] = trial
        if slot >= self._end:
            self._open.update(range(self._end, slot + 1))
            self._end = slot + 1
        if slot in self._open and fills(trial):
            self._open.discard(slot)
        while self._unbegun in self._begun:
            self._unbegun += 1

    def attempts(self, slot: int) -> list[FrozenTrial]:
        """The trials begun in a slot, in the order of their numbers."""
        return list(self._begun.get(slot, {}).values())

    def free(self, total: int, given: Collection[int] = ()) -> list[int]:
        """The slots of a search that no trial fills or is being trained for.

        Args:
            total: how many slots the search has.
            given: slots that are left out.
        """
        end = max(self._end, *(slot + 1 for slot in given)) if given else self._end
        near = (*sorted(self._open), *range(self._end, end))
        again = [s for s in near if s < total and s not in given and not self._is_running(s)]
        return [*again, *range(end, total)]

    def cut_off(self, total: int) -> int:
        """How many of a search's free slots a trial was begun in."""
        return sum(
            slot < total and slot in self._begun and not self._is_running(slot)
            for slot in self._open
        )

    def filled(self, total: int) -> int:
        """How many of a search's slots a trial fills."""
        return min(total, self._end) - sum(slot < total for slot in self._open)

    def best_of(self, total: int) -> FrozenTrial | None:
        """The best complete trial in a search's slots, the earliest where several are."""
        if self.best is None or self._end <= total:
            return self.best
        complete = (
            trial
            for slot in range(total)
            for trial in self.attempts(slot)
            if outcome_of(trial) == "complete"
        )
        return min(complete, key=self._rank, default=None)

    def _is_running(self, slot: int) -> bool:
        return any(outcome_of(trial) == "running" for trial in self._begun.get(slot, {}).values())

    def _new_slot(self, trial: FrozenTrial) -> int:
        slot, before = SLOT.of(trial), RETRY_OF.of(trial)
        if slot is not None:
            return slot
        return self._unbegun if before is None else self._slot_of.get(before, self._unbegun)


def given_again(attempts: Sequence[FrozenTrial]) -> dict[str, Any]:
    """What a slot's next trial takes over from those cut off, as Optuna's system attributes.

    Their hyperparameters, and what the grid sampler has noted: it takes the point of the grid as
    visited otherwise.
    """
    given: dict[str, Any] = {}
    for trial in attempts:
        given |= {name: trial.system_attrs[name] for name in GRID if name in trial.system_attrs}
        fixed = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
        if fixed:
            given["fixed_params"] = fixed
    return given
