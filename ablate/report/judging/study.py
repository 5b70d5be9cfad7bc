"""A table of results as a study that was replicated, so that it is judged by what judges studies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ablate import tasks
from ablate.config.looks import check_looks
from ablate.config.validation import validate
from ablate.errors import InputError, Problem
from ablate.report.judging.asked import Asked
from ablate.report.judging.table import Run
from ablate.spec.data import DataSettings
from ablate.spec.measure import OBJECTIVE, Measure
from ablate.spec.measures import EVERY, MEASURES
from ablate.spec.space import SearchSpace
from ablate.spec.study import Architecture, Cell, ReplicateSettings, StudySpec, Variant
from ablate.spec.training import TrainingSettings
from ablate.spec.user_metric import UserMetric
from ablate.store.attributes import OUTCOME, REASON, replicate_parameters
from ablate.store.studies import StoredStudy, open_study

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

COUNTED = frozenset(one.name for one in MEASURES if one.kind == "count")
"""Measures that are whole numbers."""
ABOVE_0 = frozenset(one.name for one in MEASURES if one.unit == "s" or one.name == "test_images")
"""Measures that were not made where they are 0."""
NOT_THERE = "there is no such run in the table"
LARGEST = 1e100
"""What a measure may be, either way: the squares of larger ones end in infinity."""


@dataclass(frozen=True)
class Judged:
    """A table as a study, and how its seeds are called there."""

    stored: StoredStudy
    storage: BaseStorage
    told: tuple[str, ...]
    """What is to be said of the table."""


def as_study(runs: Sequence[Run], asked: Asked, where: str, name: str) -> Judged:
    """A study whose replicates are the runs of a table.

    Args:
        runs: those of the table.
        asked: how they are judged.
        where: the file.
        name: what the study is called.

    Raises:
        InputError: the runs do not fit what is asked.
    """
    from optuna import logging
    from optuna.storages import InMemoryStorage

    logging.set_verbosity(logging.WARNING)
    labels = _in_order(runs)
    spec = _spec(runs, asked, where, name, len(labels))
    _check_values(spec, runs, where)
    storage = InMemoryStorage()
    stored = open_study(storage, spec, {data.dataset: "" for data in spec.datasets})
    seeds = dict(zip(labels, spec.seeds, strict=False))
    there = set()
    for run in runs:
        assert run.seed is not None
        cell = Cell(dataset=run.dataset, variant=run.variant)
        there.add((cell, seeds[run.seed]))
        _write(stored, cell, seeds[run.seed], dict(run.measures), None)
    lacking = []
    for cell in spec.cells:
        last = max((seed for one, seed in there if one == cell), default=spec.seed)
        for label, seed in seeds.items():
            if spec.looks and seed > last:
                continue  # it may have been decided
            if (cell, seed) not in there:
                lacking.append(f"{spec.cell_name(cell)} seed {label}")
                _write(stored, cell, seed, {}, NOT_THERE)
    told = [f"not in the table: {', '.join(lacking[:8])}{', ...' if lacking[8:] else ''}"]
    return Judged(stored, storage, tuple(told if lacking else ()))


def _in_order(runs: Sequence[Run]) -> list[str]:
    """The seeds, numbers in their order, others as they come."""
    labels = list(dict.fromkeys(run.seed for run in runs if run.seed is not None))
    try:
        return sorted(labels, key=float)
    except ValueError:
        return labels


def _spec(runs: Sequence[Run], asked: Asked, where: str, name: str, count: int) -> StudySpec:
    known, problems = EVERY.by_name.get(asked.metric), list[Problem]()
    if known is None and asked.mode is None:
        rule = f"is needed: whether more of {asked.metric} is better (max), or less (min)"
        problems.append(Problem(where, rule, "--mode"))
    if known is not None and known.is_score and asked.mode is not None:
        mode = "max" if known.better == "higher" else "min"
        if mode != asked.mode:
            rule = f"{asked.metric} is better the {known.better} it is"
            problems.append(Problem(where, rule, "--mode", asked.mode, "leave it out"))
    repeats = 1
    if asked.folds is not None:
        repeats = math.ceil(count / asked.folds)
        if count % asked.folds:
            rule = f"there are {count} folds in the table, which is no multiple of it"
            problems.append(Problem(where, rule, "--folds", asked.folds))
        for key in ("planned", "looks"):
            if getattr(asked, key):
                problems.append(Problem(where, "folds are judged once, all of them", f"--{key}"))
    planned = asked.planned or count
    if problems:
        raise InputError(*problems)
    is_own = known is None or not known.is_score
    task = _task(asked.metric if not is_own else None)
    own = tuple([UserMetric(name=asked.metric, mode=asked.mode or "max")] if is_own else [])
    asked_for = () if is_own or asked.metric in tasks.find(task).measures else (asked.metric,)
    names = list(dict.fromkeys([asked.baseline, *(run.variant for run in runs)]))
    space = SearchSpace(architecture=name, parameters=(), name=name)
    replicate = validate(
        ReplicateSettings,
        {
            "seeds": None if asked.folds else max(planned, count),
            "folds": asked.folds,
            "fold_repeats": repeats,
            "metric": asked.metric,
            "margin": asked.margin,
            "looks": asked.looks,
        },
        where,
        "",
        problems,
    )
    if replicate is None:
        raise InputError(*problems)
    sets = list(dict.fromkeys(run.dataset for run in runs))
    count_compared = len(sets) * (len(names) - 1)
    check_looks(replicate, count_compared, where, problems, key="--looks", seeds_key="--planned")
    if problems:
        raise InputError(*problems)
    return StudySpec(
        name=name,
        datasets=tuple(DataSettings(dataset=dataset, task=task) for dataset in sets),
        architectures=(Architecture(search_space=space),),
        training=TrainingSettings.model_validate({"loss": tasks.find(task).loss}),
        design="variants",
        variants=tuple(Variant(name=one, search_space=name) for one in names),
        baseline=asked.baseline,
        replicate=replicate,
        planned=planned if count > planned else None,
        metrics=() if is_own else asked_for,
        user_metrics=own,
        path=where,
    )


def _check_values(spec: StudySpec, runs: Sequence[Run], where: str) -> None:
    """Refuses numbers that their measure cannot have, and those too large to be reckoned with.

    Raises:
        InputError: there are some; tells of each measure the first.
    """
    problems = []
    for measure in spec.measures.by_name.values():
        names = dict.fromkeys((measure.name, measure.key("test")))
        found = ((r, r.measures[name]) for r in runs for name in names if name in r.measures)
        for run, value in found:
            if told := _wrong(measure, value):
                rule, hint = f"{measure.name} {told[0]}", told[1]
                problems.append(Problem(f"{where}: line {run.row}", rule, "", value, hint))
                break
    if problems:
        raise InputError(*problems)


def _wrong(measure: Measure, value: float) -> tuple[str, str] | None:
    """What a number should be, and what to do; None where nothing is wrong with it."""
    if measure.kind == "share" and not 0 <= value <= 1:
        return "must lie between 0 and 1", "divide percentages by 100" if value > 1 else ""
    if measure.kind == "count" and not value.is_integer():
        return "must be a whole number", "count one by one, or call the column otherwise"
    if abs(value) > LARGEST:
        return f"must lie between -{LARGEST:g} and {LARGEST:g}", "leave the line out"
    return None


def _task(metric: str | None) -> str:
    """A task that has a measure."""
    if metric is None:
        return tasks.DEFAULT
    names = [tasks.DEFAULT, *tasks.names()]
    found = (name for name in names if metric in tasks.find(name).scores)
    own = (name for name in names if metric in (*tasks.find(name).measures, "loss"))
    return next(own, next(found, tasks.DEFAULT))


def _write(
    stored: StoredStudy, cell: Cell, seed: int, measures: dict[str, float], reason: str | None
) -> None:
    """Writes a run as a replicate, or that there is none."""
    from optuna.distributions import CategoricalDistribution, IntDistribution
    from optuna.trial import TrialState, create_trial

    spec, study = stored.spec, stored.replicates
    assert study is not None
    keys = {one.name: one.key("test") for one in spec.measures.scores}
    attributes: dict[str, float | int | str | None] = {
        key: int(value) if name in COUNTED and value.is_integer() else value
        for name, value in sorted(measures.items(), key=lambda one: one[0].startswith("test_"))
        # Another column may be called like what is stored beside the measures.
        if (key := keys.get(name, name)) in spec.measures.by_key
        and (value > 0 or key not in ABOVE_0)
    }
    # Without it the value of Optuna's trial would be taken for the loss.
    attributes = {OBJECTIVE: None} | attributes | {"chosen_from": None, "seed": seed}
    attributes |= {OUTCOME.name: "complete" if reason is None else "infeasible"}
    attributes |= {} if reason is None else {REASON.name: reason}
    parameters = replicate_parameters(cell, seed)
    kinds = {
        "dataset": CategoricalDistribution([data.dataset for data in spec.datasets]),
        "variant": CategoricalDistribution([one.name for one in spec.variants]),
        "seed": IntDistribution(0, 2**32 - 1),
    }
    study.add_trial(
        create_trial(
            state=TrialState.COMPLETE if reason is None else TrialState.PRUNED,
            value=0.0 if reason is None else None,
            params=dict(parameters),
            distributions={key: kinds[key] for key in parameters},
            user_attrs=attributes,
        )
    )
