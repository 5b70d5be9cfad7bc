"""Finds one training run of a study by its number."""

from __future__ import annotations

import shlex

from ablate.errors import InputError, Problem, did_you_mean
from ablate.spec.study import Phase
from ablate.store.runs import TrainingRun, training_runs
from ablate.store.studies import StoredStudy

LISTED = 12
"""Numbers that are listed where one is not found."""


def find_run(
    stored: StoredStudy,
    number: int,
    *,
    phase: Phase | None = None,
    variant: str | None = None,
    dataset: str | None = None,
) -> TrainingRun:
    """The training run of a number; phase, variant and data set narrow the search.

    Raises:
        InputError: there is none, or several that need to be told apart.
    """
    given = {"phase": phase, "variant": variant, "dataset": dataset}
    wanted = {name: value for name, value in given.items() if value is not None}
    _check_names(stored, variant, dataset)
    narrowed = [
        run
        for run in training_runs(stored.spec, stored.parts)
        if all(_place(run, name) == value for name, value in wanted.items())
    ]
    found = [run for run in narrowed if run.trial.number == number]
    if len(found) == 1:
        return found[0]
    where = f"{stored.spec.name}: trial {number}"
    if found:
        raise InputError(*_choices(where, found))
    rule = f"there is no such trial{_described(wanted)}"
    hint = _numbers(narrowed)
    raise InputError(Problem(where, rule, hint=hint))


def _place(run: TrainingRun, option: str) -> str:
    """What an option of `ablate show` would say of a training run."""
    return {
        "phase": run.phase,
        "variant": run.cell.variant,
        "dataset": run.cell.dataset,
    }[option]


def _check_names(stored: StoredStudy, variant: str | None, dataset: str | None) -> None:
    variants = [known.name for known in stored.spec.variants]
    datasets = [known.dataset for known in stored.spec.datasets]
    problems = [
        Problem(
            option, f"{stored.spec.name} has no such {noun}", "", name, did_you_mean(name, known)
        )
        for option, noun, name, known in (
            ("--variant", "variant", variant, variants),
            ("--dataset", "data set", dataset, datasets),
        )
        if name is not None and name not in known
    ]
    if problems:
        raise InputError(*problems)


def _choices(where: str, found: list[TrainingRun]) -> list[str]:
    """What to say instead, for each training run of the same number."""
    options = [
        name
        for name in ("phase", "dataset", "variant")
        if len({_place(run, name) for run in found}) > 1
    ]
    lines = [f"{where}: there are {len(found)} trials of this number; say which one you mean:"]
    lines += [
        "  " + " ".join(f"--{name} {shlex.quote(_place(run, name))}" for name in options)
        for run in found
    ]
    return lines


def _described(wanted: dict[str, str]) -> str:
    said = " ".join(f"--{name} {shlex.quote(value)}" for name, value in wanted.items())
    return f" with {said}" if said else ""


def _numbers(runs: list[TrainingRun]) -> str:
    """The numbers that there are."""
    numbers = sorted({run.trial.number for run in runs})
    if not numbers:
        return "none has been begun yet"
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"there are {numbers[0]} to {numbers[-1]}"
    more = ", ..." if len(numbers) > LISTED else ""
    return f"there are {', '.join(map(str, numbers[:LISTED]))}{more}"
