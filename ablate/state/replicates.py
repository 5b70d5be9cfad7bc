"""Which replicates a stored study holds, and which it still owes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ablate.spec.space import Scalar
from ablate.spec.study import Cell
from ablate.state.looks import Looked, looked
from ablate.store.attempts import Settled
from ablate.store.attributes import CHOSEN_FROM
from ablate.store.runs import training_runs
from ablate.store.studies import StoredStudy
from ablate.store.trials import outcome_of, reason_of

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


@dataclass(frozen=True)
class Choice:
    """The configuration of a cell that is replicated.

    That of its best complete trial, among as many as the study asks for; the only one where nothing is
    tuned.
    """

    number: int | None
    """The tuned trial that it comes from; None where nothing is tuned."""
    tuned: dict[str, Scalar]


@dataclass(frozen=True)
class Replicate:
    """A training of a cell's choice again, from a fresh seed; it alone meets the test images."""

    searched: Cell
    """The cell, or with folds what was tuned for it without the one that it is tested on."""
    seed: int
    choice: Choice

    @property
    def cell(self) -> Cell:
        """What it is a replicate of."""
        return self.searched.whole


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
    """The chosen configuration of each searched cell; those whose search found none are left out."""
    if stored.spec.tune is None:
        return {cell: Choice(None, {}) for cell in stored.spec.cells}
    best = {
        cell: search.refresh().best_of(stored.totals[cell])
        for cell, search in stored.searches.items()
    }
    return {
        cell: Choice(trial.number, dict(trial.params))
        for cell, trial in best.items()
        if trial is not None
    }


def settled_replicates(stored: StoredStudy) -> dict[Cell, Settled]:
    """What became of each cell's replicates, as far as they belong to its present choices."""
    chosen, attempts, spec = choices(stored), stored.attempts.refresh(), stored.spec
    found: dict[Cell, Settled] = {}
    for searched in spec.searched_cells:
        choice, cell = chosen.get(searched), searched.whole
        settled = attempts.settled(searched, choice.number if choice else None)
        if choice is None:
            own = (seed for seed in spec.seeds if spec.searched_cell(cell, seed) == searched)
            hopeless = () if _is_tuning(stored, searched) else own
            settled = replace(settled, complete={}, hopeless=set(hopeless))
        found[cell] = found[cell].joined(settled) if cell in found else settled
    return found


def cell_replicates(stored: StoredStudy) -> dict[Cell, CellReplicates]:
    """What became of each cell's replicates, training by training."""
    chosen, attempts, spec = choices(stored), stored.attempts, stored.spec
    found = {}
    for cell, settled in settled_replicates(stored).items():
        missing = dict.fromkeys(
            (seed for seed in spec.seeds if seed in settled.hopeless),
            "no trial of its search is complete",
        )
        searched = {seed: spec.searched_cell(cell, seed) for seed in spec.seeds}
        for seed in (seed for seed in missing if searched[seed] in chosen):
            last = attempts.of(searched[seed], seed, chosen[searched[seed]].number)[-1]
            missing[seed] = reason_of(last)
        whole = sum(attempts.complete_trials(one) for one in dict.fromkeys(searched.values()))
        found[cell] = CellReplicates(
            complete={
                seed: settled.complete[seed] for seed in spec.seeds if seed in settled.complete
            },
            missing=missing,
            earlier=whole - settled.trials,
            beyond=tuple(sorted(settled.beyond)),
        )
    return found


def left_out_replicates(
    stored: StoredStudy, replicates: Mapping[Cell, CellReplicates]
) -> dict[int, str]:
    """Complete replicates that no report counts, by the number of their trial, with the reason."""
    seeds, left_out = frozenset(stored.spec.seeds), {}
    for run in training_runs(stored.spec, stored.parts):
        if run.phase != "replicate" or outcome_of(run.trial) != "complete":
            continue
        counted = replicates[run.cell].complete.get(run.seed)
        if run.seed not in seeds:
            left_out[run.trial.number] = "of a seed that is not asked for"
        elif counted is None or CHOSEN_FROM.of(counted) != CHOSEN_FROM.of(run.trial):
            left_out[run.trial.number] = "of an earlier choice"
        elif counted.number != run.trial.number:
            left_out[run.trial.number] = "trained twice"
    return left_out


def owed_replicates(stored: StoredStudy) -> Iterator[Replicate]:
    """The replicates still to be trained, in order; those that failed once come last."""
    chosen = choices(stored)
    numbers = {cell: choice.number for cell, choice in chosen.items()}
    owed = stored.attempts.refresh().owed(numbers)
    seeds = asked_seeds(stored) if stored.spec.looks else None
    for searched, seed in owed:
        if seeds is None or seed in seeds[searched.whole]:
            yield Replicate(searched, seed, chosen[searched])


def looks_of(stored: StoredStudy) -> Looked | None:
    """What the looks at a study's comparisons say by now; None where it has none."""
    return looked(stored.spec, settled_replicates(stored)) if stored.spec.looks else None


def asked_seeds(stored: StoredStudy) -> dict[Cell, tuple[int, ...]]:
    """The seeds that each cell is to be trained from, as far as is known by now.

    With looks these are the ones of the looks that are complete, and of the next; and those that come
    after all that were planned, once the looks are over.
    """
    spec, found = stored.spec, looks_of(stored)
    if found is None:
        return dict.fromkeys(spec.cells, spec.seeds)
    further = spec.seeds[spec.planned_seeds :] if found.is_over else ()
    return {cell: spec.seeds[: found.asked[cell]] + further for cell in spec.cells}


def asked_searches(stored: StoredStudy) -> Collection[Cell]:
    """The searches that are to be made, as far as is known by now: with looks those of asked seeds."""
    spec = stored.spec
    if not spec.looks or spec.search_count == 1:
        return stored.searches
    seeds = asked_seeds(stored)
    return {spec.searched_cell(cell, seed) for cell, own in seeds.items() for seed in own}


def begun_replicates(stored: StoredStudy) -> int:
    """Owed replicates that were begun and cut off."""
    return sum(
        any(
            outcome_of(trial) == "interrupted"
            for trial in stored.attempts.of(owed.searched, owed.seed, owed.choice.number)[-1:]
        )
        for owed in owed_replicates(stored)
    )


def _is_tuning(stored: StoredStudy, cell: Cell) -> bool:
    """Whether the search of a cell is still going on."""
    search = stored.searches.get(cell)
    return search is None or search.filled(stored.totals[cell]) < stored.totals[cell]
