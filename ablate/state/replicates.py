"""Which replicates a stored study holds, and which it still owes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ablate.spec.space import Scalar
from ablate.spec.study import Cell
from ablate.store.attempts import Settled
from ablate.store.studies import StoredStudy
from ablate.store.trials import outcome_of, reason_of

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


@dataclass(frozen=True)
class Choice:
    """The configuration of a cell that is replicated.

    That of its complete trial with the lowest validation loss; the only one where nothing is tuned.
    """

    number: int | None
    """The tuned trial that it comes from; None where nothing is tuned."""
    tuned: dict[str, Scalar]


@dataclass(frozen=True)
class Replicate:
    """A training of a cell's choice again, from a fresh seed; it alone meets the test images."""

    cell: Cell
    seed: int
    choice: Choice


@dataclass(frozen=True)
class CellReplicates:
    """The replicates of one cell, as far as they belong to its present choice."""

    complete: dict[int, FrozenTrial]
    """By seed."""
    missing: dict[int, str]
    """Seeds that cannot be had, with the reason."""
    earlier: int
    """Replicates of a configuration that has been overtaken by a better one since."""
    beyond: tuple[int, ...] = ()
    """Seeds of complete replicates that the study does not ask for any more."""


def choices(stored: StoredStudy) -> dict[Cell, Choice]:
    """The chosen configuration of each cell; cells whose search found none are left out."""
    if stored.spec.tune is None:
        return {cell: Choice(None, {}) for cell in stored.spec.cells}
    best = {cell: search.refresh().best for cell, search in stored.searches.items()}
    return {
        cell: Choice(trial.number, dict(trial.params))
        for cell, trial in best.items()
        if trial is not None
    }


def settled_replicates(stored: StoredStudy) -> dict[Cell, Settled]:
    """What became of each cell's replicates, as far as they belong to its present choice."""
    chosen, attempts = choices(stored), stored.attempts.refresh()
    found = {}
    for cell in stored.spec.cells:
        choice = chosen.get(cell)
        found[cell] = attempts.settled(cell, choice.number if choice else None)
        if choice is None:
            hopeless = () if _is_tuning(stored, cell) else stored.spec.seeds
            found[cell] = replace(found[cell], complete={}, hopeless=set(hopeless))
    return found


def cell_replicates(stored: StoredStudy) -> dict[Cell, CellReplicates]:
    """What became of each cell's replicates, training by training."""
    chosen, attempts, seeds = choices(stored), stored.attempts, stored.spec.seeds
    found = {}
    for cell, settled in settled_replicates(stored).items():
        missing = dict.fromkeys(
            (seed for seed in seeds if seed in settled.hopeless),
            "no trial of its search is complete",
        )
        for seed in missing if cell in chosen else ():
            last = attempts.of(cell, seed, chosen[cell].number)[-1]
            missing[seed] = reason_of(last)
        found[cell] = CellReplicates(
            complete={seed: settled.complete[seed] for seed in seeds if seed in settled.complete},
            missing=missing,
            earlier=attempts.complete_trials(cell) - settled.trials,
            beyond=tuple(sorted(settled.beyond)),
        )
    return found


def owed_replicates(stored: StoredStudy) -> Iterator[Replicate]:
    """The replicates still to be trained, in order; those that failed once come last."""
    chosen = choices(stored)
    numbers = {cell: choice.number for cell, choice in chosen.items()}
    for cell, seed in stored.attempts.refresh().owed(numbers):
        yield Replicate(cell, seed, chosen[cell])


def begun_replicates(stored: StoredStudy) -> int:
    """Owed replicates that were begun and cut off."""
    return sum(
        any(
            outcome_of(trial) == "interrupted"
            for trial in stored.attempts.of(owed.cell, owed.seed, owed.choice.number)[-1:]
        )
        for owed in owed_replicates(stored)
    )


def _is_tuning(stored: StoredStudy, cell: Cell) -> bool:
    """Whether the search of a cell is still going on."""
    search = stored.searches.get(cell)
    return search is None or search.finished < stored.totals[cell]
