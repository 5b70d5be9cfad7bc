"""The ``[published.VARIANT]`` tables of a study file: numbers that ours are set beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ablate.config.validation import validate
from ablate.errors import Problem, did_you_mean
from ablate.spec.measures import EVERY
from ablate.spec.published import Published, PublishedValues


def parse_published(
    table: Mapping[str, Any],
    variants: Sequence[str],
    datasets: Sequence[str],
    where: str,
    problems: list[Problem],
    *,
    is_tested: bool,
) -> tuple[Published, ...]:
    """Published numbers, by variant and, where there are several, by data set.

    Args:
        table: for each variant a table of numbers with a ``source``; with several data sets a
            table of numbers for each of them instead.
        variants: the names of the study's variants.
        datasets: the names of its data sets.
        where: the file.
        problems: what is wrong with the file so far.
        is_tested: whether the study has replicates, which alone meet the test set.
    """
    if table and not is_tested:
        rule = "has nothing to be set beside: only replicates meet the test set"
        hint = "give the study [replicate] with seeds"
        problems.append(Problem(where, rule, "published", hint=hint))
    found = []
    for variant, own in table.items():
        key = f"published.{variant}"
        if variant not in variants:
            hint = did_you_mean(variant, variants)
            problems.append(Problem(where, "is not a variant of this study", key, hint=hint))
            continue
        if not isinstance(own, Mapping):
            problems.append(Problem(where, "must be a table of numbers and their source", key, own))
            continue
        common = {name: value for name, value in own.items() if name not in datasets}
        by_dataset = {name: own[name] for name in datasets if name in own}
        if not by_dataset and len(datasets) == 1:
            by_dataset = {datasets[0]: {}}
        if not by_dataset:
            rule = f"must hold a table for a data set: {', '.join(datasets)}"
            problems.append(Problem(where, rule, key))
        for dataset, numbers in by_dataset.items():
            place = f"{key}.{dataset}" if dataset in own else key
            if not isinstance(numbers, Mapping):
                problems.append(Problem(where, "must be a table of numbers", place, numbers))
                continue
            before = len(problems)
            values = validate(PublishedValues, {**common, **numbers}, where, place, problems)
            problems[before:] = map(_percent_asked, problems[before:])
            if values is None:
                continue
            if not values.numbers:
                known = ", ".join(name for name in PublishedValues.model_fields if name != "source")
                problems.append(Problem(where, f"holds no number: {known}", place))
            found.append(Published(variant=variant, dataset=dataset, values=values))
    return tuple(found)


def _percent_asked(problem: Problem) -> Problem:
    """What is wrong with a number, with the share that it would be as a percentage."""
    measure, found = EVERY.published.get(problem.key.rpartition(".")[2]), problem.found
    if measure is None or measure.kind != "share" or not isinstance(found, int | float):
        return problem
    return (
        replace(problem, hint=f"percent? write {found / 100:.6g}") if 1 < found <= 100 else problem
    )
