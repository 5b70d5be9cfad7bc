"""Which replicates a stored study holds, and which it still owes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ablate.plan import replicates_in_order, trials_when_complete
from ablate.space import Scalar
from ablate.spec import Cell, StudySpec
from ablate.stored import StoredStudy
from ablate.trials import DIED, best_trial, finished, outcome_of

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

DATASET, VARIANT, SEED = "dataset", "variant", "seed"
"""Optuna parameters of a replicate."""
CHOSEN_FROM, TUNED = "chosen_from", "tuned"
"""User attributes of a replicate: the tuned trial that its configuration comes from."""
ATTEMPTS = 2
"""So often a replicate that fails is trained."""


@dataclass(frozen=True)
class Choice:
    """The configuration of a cell that is replicated."""

    number: int | None
    """The tuned trial that it comes from; None where nothing is tuned."""
    tuned: dict[str, Scalar]


@dataclass(frozen=True)
class Replicate:
    """One training of a cell's configuration from a seed."""

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
    best = {cell: best_trial(study) for cell, study in stored.tuning.items()}
    return {
        cell: Choice(trial.number, dict(trial.params))
        for cell, trial in best.items()
        if trial is not None
    }


def cell_replicates(stored: StoredStudy) -> dict[Cell, CellReplicates]:
    """What became of each cell's replicates."""
    attempts, chosen = _attempts(stored), choices(stored)
    found = {}
    for cell in stored.spec.cells:
        choice = chosen.get(cell)
        complete: dict[int, FrozenTrial] = {}
        missing: dict[int, str] = {}
        for seed in stored.spec.seeds:
            if choice is None:
                if not _is_tuning(stored, cell):
                    missing[seed] = "no trial of its search is complete"
                continue
            trials = attempts[_key(cell, seed, choice.number)]
            done = next((t for t in trials if outcome_of(t) == "complete"), None)
            if done is not None:
                complete[seed] = done
            elif _is_hopeless(trials):
                missing[seed] = str(trials[-1].user_attrs.get("reason", "no reason recorded"))
        number = choice.number if choice else None
        earlier = sum(
            outcome_of(trial) == "complete"
            for key, trials in attempts.items()
            for trial in trials
            if key[:2] == (cell.dataset, cell.variant) and key[3] != number
        )
        beyond = sorted(
            key[2]
            for key, trials in attempts.items()
            if key == _key(cell, key[2], number)
            and key[2] not in stored.spec.seeds
            and any(outcome_of(trial) == "complete" for trial in trials)
        )
        found[cell] = CellReplicates(complete, missing, earlier, tuple(beyond))
    return found


def owed_replicates(stored: StoredStudy) -> list[Replicate]:
    """The replicates still to be trained, in order; those that failed once come last."""
    attempts, chosen = _attempts(stored), choices(stored)
    first: list[Replicate] = []
    again: list[Replicate] = []
    for cell, seed in replicates_in_order(stored.spec):
        choice = chosen.get(cell)
        if choice is None:
            continue
        trials = attempts[_key(cell, seed, choice.number)]
        outcomes = [outcome_of(trial) for trial in trials]
        if "complete" in outcomes or "running" in outcomes or _is_hopeless(trials):
            continue
        (again if "failed" in outcomes else first).append(Replicate(cell, seed, choice))
    return first + again


def begun_replicates(stored: StoredStudy) -> int:
    """Owed replicates that were begun and cut off."""
    attempts = _attempts(stored)
    return sum(
        any(
            outcome_of(trial) == "interrupted"
            for trial in attempts[_key(owed.cell, owed.seed, owed.choice.number)][-1:]
        )
        for owed in owed_replicates(stored)
    )


def replicate_key(spec: StudySpec, trial: FrozenTrial) -> tuple[Cell, int] | None:
    """The cell and the seed of a replicate's trial; None where the study has no such any more."""
    # A trial that was just begun has been given its parameters, and not yet asked for them.
    params = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
    if not {DATASET, VARIANT, SEED} <= params.keys():
        return None
    cell = Cell(dataset=params[DATASET], variant=params[VARIANT])
    return (cell, int(params[SEED])) if cell in spec.cells else None


def same_replicate(
    spec: StudySpec, trials: Sequence[FrozenTrial], cell: Cell, seed: int, chosen_from: int | None
) -> list[FrozenTrial]:
    """The trials that were begun for one replicate."""
    return [
        trial
        for trial in trials
        if replicate_key(spec, trial) == (cell, seed)
        and trial.user_attrs.get(CHOSEN_FROM) == chosen_from
    ]


Key = tuple[str, str, int, Any]


def _key(cell: Cell, seed: int, number: int | None) -> Key:
    return (cell.dataset, cell.variant, seed, number)


def _attempts(stored: StoredStudy) -> defaultdict[Key, list[FrozenTrial]]:
    """The trials of each replicate, in the order in which they were begun."""
    attempts: defaultdict[Key, list[FrozenTrial]] = defaultdict(list)
    study = stored.replicates
    for trial in study.get_trials(deepcopy=False) if study is not None else ():
        key = replicate_key(stored.spec, trial)
        if key is not None:
            attempts[_key(*key, trial.user_attrs.get(CHOSEN_FROM))].append(trial)
    return attempts


def _is_hopeless(trials: list[FrozenTrial]) -> bool:
    """Whether a replicate failed as often as it is tried, or its network cannot be built."""
    outcomes = [outcome_of(trial) for trial in trials]
    took_workers_down = any(outcome_of(t) == "failed" and DIED in t.user_attrs for t in trials)
    return "infeasible" in outcomes or outcomes.count("failed") >= ATTEMPTS or took_workers_down


def _is_tuning(stored: StoredStudy, cell: Cell) -> bool:
    """Whether the search of a cell is still going on."""
    study = stored.tuning.get(cell)
    return study is None or len(finished(study)) < trials_when_complete(stored.spec, cell.variant)
