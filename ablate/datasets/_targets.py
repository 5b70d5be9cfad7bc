"""What a network shall give, as people keep it: classes, several labels, or numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate import tasks
from ablate.datasets._labels import read_labels
from ablate.errors import Problem

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Targets:
    """The targets of each part, as `Examples` holds them, and their names."""

    parts: tuple[NDArray[Any], ...]
    """Those for training first."""
    names: tuple[str, ...]


def read_targets(
    tables: Sequence[pd.DataFrame],
    columns: Sequence[str],
    task: str,
    path: Path,
    problems: list[Problem],
) -> Targets | None:
    """The target columns of the parts of a table, that for training first; None where they are wrong."""
    before = len(problems)
    for name in columns:
        for part in tables:
            if missing := int(part[name].isna().sum()):
                rule = f"the target is missing in {missing} of {len(part)} rows"
                problems.append(Problem(str(path), rule, name, hint="leave these rows out"))
    if len(problems) > before:
        return None
    means = tasks.find(task)
    if not means.has_classes:
        parts = [part[list(columns)].to_numpy() for part in tables]
        keys = [columns[0] if len(columns) == 1 else ", ".join(columns)] * len(tables)
        return read_arrays(parts, keys, task, tuple(columns), path, problems)
    if len(columns) > 1:
        rule = f"a {task} has one target column, found {len(columns)}"
        hint = 'set task = "multilabel_classification" or "regression" under [study]'
        problems.append(Problem(str(path), rule, "data.target", hint=hint))
        return None
    parts = [_plain(part[columns[0]]) for part in tables]
    return read_arrays(parts, [columns[0]] * len(tables), task, None, path, problems)


def read_arrays(
    parts: Sequence[NDArray[Any]],
    keys: Sequence[str],
    task: str,
    names: tuple[str, ...] | None,
    path: Path,
    problems: list[Problem],
    counts: Sequence[int | None] | None = None,
    noun: str = "examples",
) -> Targets | None:
    """Targets in arrays, ``(n,)`` or ``(n, targets)``; None where they are wrong.

    Args:
        parts: those for training, and those of other parts.
        keys: what these are called.
        task: what they mean.
        names: of classes, labels or numbers; None for the classes themselves, or for numbers.
        path: their file.
        problems: takes in what is wrong with them.
        counts: how many examples they must fit, where that is known.
        noun: what examples are called.
    """
    means, before = tasks.find(task), len(problems)
    counts = [None] * len(parts) if counts is None else counts
    if means.has_classes:
        given = list(zip(keys, parts, counts, strict=True))
        labels = read_labels(given, path, problems, noun)
        if labels is None or len(problems) > before:
            return None
        return Targets(labels.parts, names or labels.names)
    found = []
    for key, part, count in zip(keys, parts, counts, strict=True):
        if count is not None and len(part) != count:
            rule = f"must hold one target for each of the {count} {noun}"
            problems.append(Problem(str(path), rule, key, f"{len(part)} targets"))
        rows = part[:, None] if part.ndim == 1 else part
        if means.outputs == "numbers":
            found.append(_measurements(rows, key, path, problems))
        else:
            found.append(_several(rows, key, path, problems))
    known = [one for one in found if one is not None]
    if len(known) < len(found) or len(problems) > before:
        return None
    train = known[0]
    for key, one in zip(keys, known, strict=True):
        if one.shape[1] != train.shape[1]:
            rule = f"must have {train.shape[1]} columns, as those for training"
            problems.append(Problem(str(path), rule, key, f"{one.shape[1]} columns"))
            return None
    own = names or tuple(f"{keys[0]}_{index + 1}" for index in range(train.shape[1]))
    if names is None and train.shape[1] == 1:
        own = (keys[0].removesuffix("_train"),)
    return Targets(tuple(known), own)


def _measurements(
    rows: NDArray[Any], key: str, path: Path, problems: list[Problem]
) -> NDArray[Any] | None:
    import numpy as np

    try:
        if rows.dtype.kind not in "iufbO":
            raise ValueError
        numbers = rows.astype(np.float64)
    except (TypeError, ValueError):
        hint = 'of classes set task = "classification" under [study]'
        rule = "a regression predicts numbers"
        found = str(rows.reshape(-1)[0]) if rows.size else str(rows.dtype)
        problems.append(Problem(str(path), rule, key, found, hint))
        return None
    if not np.isfinite(numbers).all():
        count = int((~np.isfinite(numbers)).any(axis=1).sum())
        rule = f"targets must not hold NaN or infinity, found in {count} rows"
        problems.append(Problem(str(path), rule, key, hint="leave these rows out"))
        return None
    if numbers.ndim != 2:
        rule = "targets must be (n,) or (n, targets)"
        problems.append(Problem(str(path), rule, key, f"shape {rows.shape}"))
        return None
    return numbers


def _several(
    rows: NDArray[Any], key: str, path: Path, problems: list[Problem]
) -> NDArray[Any] | None:
    import numpy as np

    if rows.ndim != 2 or not bool(np.isin(rows, (0, 1)).all()):
        rule = "several labels are an array (n, labels) of 0 and 1"
        found = f"{rows.dtype} {rows.shape}"
        problems.append(Problem(str(path), rule, key, found, "a 1 for each label that it has"))
        return None
    return rows.astype(np.int64)


def _plain(column: pd.Series[Any]) -> NDArray[Any]:
    """A column as NumPy keeps it: text as text of one length, and no objects."""
    values = column.to_numpy()
    is_plain = values.dtype.kind in "iufb"
    return values if is_plain else column.astype(str).to_numpy(dtype=str)
