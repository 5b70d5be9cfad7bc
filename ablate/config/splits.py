"""How a study splits its data: shares, an order in time, groups, folds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ablate import catalog, tasks
from ablate.datasets._user_streams import users_data
from ablate.errors import Problem
from ablate.spec.data import DataSettings
from ablate.spec.study import ReplicateSettings

OF_GIVEN_PARTS = ("test_file", "test_share", "val_file")
"""Options of data sets that set a part of them apart."""


def check_replicate(table: Mapping[str, Any], where: str, problems: list[Problem]) -> None:
    """Looks for what does not go together in a ``[replicate]`` table."""
    if "seeds" in table and "folds" in table:
        rule = "stands beside seeds; give one of them"
        hint = "folds takes the place of seeds: each fold is a replicate"
        problems.append(Problem(where, rule, "replicate.folds", table["folds"], hint))
    elif "seeds" not in table and "folds" not in table:
        hint = "or give folds, where nothing is set apart to test on"
        problems.append(Problem(where, "is required", "replicate.seeds", hint=hint))
    if "fold_repeats" in table and "folds" not in table:
        rule = "says how often folds are cut, and no folds are asked for"
        problems.append(Problem(where, rule, "replicate.fold_repeats", table["fold_repeats"]))


def with_folds(
    datasets: tuple[DataSettings, ...],
    replicate: ReplicateSettings | None,
    table: Mapping[str, Any],
    where: str,
    problems: list[Problem],
) -> tuple[DataSettings, ...]:
    """Data sets as a study splits them, once that is possible.

    Args:
        datasets: its data sets.
        replicate: its ``[replicate]`` table; None where it has none, or a wrong one.
        table: its ``[data]`` table as it is written.
        where: the study file.
        problems: takes in what is wrong.
    """
    folds = None if replicate is None else replicate.folds
    for data in datasets:
        _check_strategy(data, where, problems)
        if folds is not None:
            own = {**table, **(table.get(data.dataset) or {})}
            _check_folds(data, own, where, problems)
    is_ordered = any(data.strategy == "chronological" for data in datasets)
    if replicate is not None and replicate.fold_repeats > 1 and is_ordered:
        rule = "chronological folds are cut in one way alone"
        found = replicate.fold_repeats
        problems.append(Problem(where, rule, "replicate.fold_repeats", found, "leave it out"))
    return tuple(data.model_copy(update={"folds": folds}) for data in datasets)


def _check_strategy(data: DataSettings, where: str, problems: list[Problem]) -> None:
    """Holds how examples are drawn against what the data set is."""
    has_classes = tasks.find(data.task).has_classes
    if data.split == "stratified" and not has_classes:
        rule = f"keeps the shares of the classes, and a {data.task} has none"
        hint = 'set it to "random" or "chronological", or leave it out'
        problems.append(Problem(where, rule, "data.split", data.split, hint))
    if data.split != "chronological":
        return
    if not _is_ordered(data):
        rule = f"{data.dataset} has no order in time"
        hint = "rows of csv, npz and a function of your own have: the first is the earliest"
        problems.append(Problem(where, rule, "data.split", data.split, hint))
    for key in ("per_class", "test_per_class"):
        if getattr(data, key) is not None:
            rule = 'draws at random, which split = "chronological" must not'
            problems.append(Problem(where, rule, f"data.{key}", hint="leave it out"))
    if data.options.get("groups") is not None:
        rule = 'groups may lie anywhere in time, which split = "chronological" cuts in two'
        problems.append(Problem(where, rule, "data.groups", hint="leave one of the two out"))


def _check_folds(
    data: DataSettings, own: Mapping[str, Any], where: str, problems: list[Problem]
) -> None:
    """Folds are cut from all examples: none may be set apart."""
    for key in ("per_class", "test_per_class"):
        if getattr(data, key) is not None:
            rule = "folds are cut from all examples"
            problems.append(Problem(where, rule, f"data.{key}", hint="leave it out"))
    for key in OF_GIVEN_PARTS:
        if key in own:
            rule = "folds are cut from all examples, and this sets some apart"
            problems.append(Problem(where, rule, f"data.{key}", own[key], "leave it out"))


def _is_ordered(data: DataSettings) -> bool:
    if users_data(data.dataset, Path(data.folder)) is not None:
        return True
    return bool(getattr(catalog.load("datasets", data.dataset), "ORDERED", False))
