"""Columns of a table that say of its rows which belong together, and how much each counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.errors import Problem

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from ablate.datasets._columns import Asked

WEIGHTS = "weights must be numbers, 0 or more, and some above 0"


@dataclass(frozen=True)
class Marks:
    """What the rows are marked with, as `Examples` holds it."""

    groups: NDArray[Any] | None
    weights: Mapping[str, NDArray[Any]]


def read_marks(
    parts: Mapping[str, pd.DataFrame], asked: Asked, path: Path, problems: list[Problem]
) -> Marks:
    """Groups and weights of the parts of a table.

    Args:
        parts: its rows, those to train on as ``train``.
        asked: which columns they are.
        path: its file.
        problems: takes in what is wrong with them.
    """
    groups = {}
    if asked.groups is not None:
        for part, table in parts.items():
            if missing := int(table[asked.groups].isna().sum()):
                rule = f"the group is missing in {missing} of {len(table)} rows"
                problems.append(Problem(str(path), rule, asked.groups, hint="leave these out"))
            groups[part] = table[asked.groups].astype(str).to_numpy(dtype=str)
        check_apart(groups, str(path), asked.groups, problems)
    weights = {}
    if asked.sample_weight is not None:
        for part, table in parts.items():
            weights[part] = checked_weights(
                table[asked.sample_weight].to_numpy(), str(path), asked.sample_weight, problems
            )
    return Marks(groups.get("train"), weights)


def check_apart(
    groups: Mapping[str, NDArray[Any]], where: str, key: str, problems: list[Problem]
) -> None:
    """Refuses a group that lies in two parts which are set apart."""
    names = {part: set(found.tolist()) for part, found in groups.items()}
    listed = list(names)
    for index, one in enumerate(listed):
        for other in listed[index + 1 :]:
            if both := sorted(names[one] & names[other]):
                few = ", ".join(map(str, both[:4])) + (", ..." if len(both) > 4 else "")
                rule = f"lies in the {PARTS[one]} and in the {PARTS[other]} part"
                hint = "a group belongs to one part alone"
                problems.append(Problem(where, rule, key, few, hint))


PARTS = {"train": "training", "val": "validation", "test": "test"}
"""What parts are called."""


def checked_weights(
    given: NDArray[Any], where: str, key: str, problems: list[Problem]
) -> NDArray[Any]:
    """How much each example counts, float64."""
    import numpy as np

    try:
        weights = np.asarray(given, np.float64).reshape(-1)
    except (TypeError, ValueError):
        problems.append(Problem(where, WEIGHTS, key, str(given.dtype)))
        return np.zeros(0)
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(wrong):
        found = f"{weights[wrong[0]]:g} in row {wrong[0] + 1}"
        found = found.replace("nan", "none") if np.isnan(weights[wrong[0]]) else found
        problems.append(Problem(where, WEIGHTS, key, found))
    elif len(weights) and not weights.any():
        problems.append(Problem(where, WEIGHTS, key, "0 everywhere"))
    return weights
