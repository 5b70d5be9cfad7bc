"""The places of a search: each is filled by one trial, however often that is begun.

A search of 12 trials has the slots 0 to 11. A trial that was cut off leaves its slot free, and the
next one there gets the same hyperparameters. Of two trials that were begun in one slot at the same
time, by two runs of one study, the one with the lower number has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ablate.trials import RETRY_OF, SLOT, fills, outcome_of

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

GRID = ("grid_id", "search_space")
"""System attributes that Optuna's grid sampler gives a trial."""


def slots_of(trials: Sequence[FrozenTrial]) -> dict[int, list[FrozenTrial]]:
    """The trials begun in each slot, in the order of their numbers.

    Trials of studies from before there were slots take them in their order.
    """
    slots: dict[int, list[FrozenTrial]] = {}
    known: dict[int, int] = {}
    for trial in trials:
        slot = trial.user_attrs.get(SLOT, known.get(trial.user_attrs.get(RETRY_OF, -1)))
        if slot is None:
            slot = next(number for number in range(len(trials)) if number not in slots)
        known[trial.number] = slot
        slots.setdefault(slot, []).append(trial)
    return slots


def free_slots(trials: Sequence[FrozenTrial], total: int) -> list[int]:
    """The slots of a search that no trial fills or is being trained for."""
    slots = slots_of(trials)
    return [number for number in range(total) if not is_taken(slots.get(number, ()))]


def is_taken(attempts: Sequence[FrozenTrial]) -> bool:
    """Whether one of the trials begun in a slot fills it, or is being trained."""
    return any(fills(trial) or outcome_of(trial) == "running" for trial in attempts)


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
