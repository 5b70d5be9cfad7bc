"""Labels as people keep them: whole numbers, text, truths, whole floats, or one-hot rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.errors import Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KINDS = "labels must be whole numbers, text, truths or one-hot rows"
TO_CLASSES = (
    "give each example the number or the name of its class, or predict measurements with "
    'task = "regression" under [study]'
)


@dataclass(frozen=True)
class Labels:
    """The class of each example, counted from 0, and what stands for each class."""

    parts: tuple[NDArray[np.int64], ...]
    """Those for training first."""
    values: NDArray[Any]

    @property
    def names(self) -> tuple[str, ...]:
        """The labels themselves, as text."""
        return tuple(str(value) for value in self.values)


@dataclass(frozen=True)
class _Column:
    """The labels of one array, one for each example."""

    key: str
    values: NDArray[Any]
    classes: int | None = None
    """The columns of one-hot labels."""


def read_labels(
    arrays: Sequence[tuple[str, NDArray[Any], int | None]],
    path: Path,
    problems: list[Problem],
    noun: str = "examples",
) -> Labels | None:
    """The labels of the parts of a data set.

    Args:
        arrays: of each part, that for training first, the name, the array, and how many examples it
            must fit, where that is known.
        path: their file.
        problems: takes in what is wrong with them.
        noun: what examples are called.
    """
    import numpy as np

    columns = []
    for key, array, count in arrays:
        found = _column(key, array, count, path, problems, noun)
        if found is not None:
            columns.append(found)
    if len(columns) < len(arrays):
        return None
    train, *others = columns
    classes = next((one.classes for one in columns if one.classes), None)
    for other in others:
        if train.classes and other.classes and train.classes != other.classes:
            rule = f"one-hot labels must have a column for each of the {train.classes} classes"
            problems.append(Problem(str(path), rule, other.key, f"{other.classes} columns"))
            return None
        if (train.values.dtype.kind == "U") != (other.values.dtype.kind == "U"):
            rule = f"labels must be of one kind: {train.key} holds {_kind(train.values)}"
            problems.append(Problem(str(path), rule, other.key, _kind(other.values)))
            return None
    values = np.arange(classes) if classes else np.unique(_joined(columns))
    for column in columns:
        outside = column.values[~np.isin(column.values, values)]
        if len(outside):
            rule = f"labels must lie between 0 and {len(values) - 1}, as in the one-hot labels"
            problems.append(Problem(str(path), rule, column.key, int(outside[0])))
    of_training = np.unique(train.values)
    if len(of_training) < 2:
        rule = "the training examples must belong to at least two classes"
        problems.append(Problem(str(path), rule, train.key, f"{len(of_training)} class"))
    parts = tuple(np.searchsorted(values, one.values).astype(np.int64) for one in columns)
    return Labels(parts, values)


def _joined(columns: Sequence[_Column]) -> NDArray[Any]:
    import numpy as np

    return np.concatenate([column.values for column in columns])


def _column(
    key: str,
    array: NDArray[Any],
    count: int | None,
    path: Path,
    problems: list[Problem],
    noun: str,
) -> _Column | None:
    """The labels of an array, one for each example; None where it holds something else."""

    def refused(rule: str, found: str | None = None, hint: str = "") -> None:
        problems.append(Problem(str(path), rule, key, found, hint))

    if array.ndim not in (1, 2):
        refused("labels must be (n,), or one-hot (n, classes)", f"shape {array.shape}")
        return None
    if count is not None and len(array) != count:
        rule = f"must hold one label for each of the {count} {noun}"
        refused(rule, f"{len(array)} labels")
    if array.ndim == 2 and array.shape[1] > 1:
        return _one_hot(key, array, path, problems)
    flat = array.reshape(-1)
    if flat.dtype.kind == "f":
        return _whole(key, flat, path, problems)
    if flat.dtype.kind == "S":
        try:
            return _Column(key, _decoded(flat))
        except UnicodeDecodeError:
            refused("labels that are bytes must be UTF-8", str(array.dtype), "save them as text")
            return None
    if flat.dtype.kind not in "iubU":
        refused(KINDS, str(array.dtype), TO_CLASSES)
        return None
    return _Column(key, flat if flat.dtype.kind in "Ub" else flat.astype("int64"))


def _one_hot(key: str, array: NDArray[Any], path: Path, problems: list[Problem]) -> _Column | None:
    import numpy as np

    if array.dtype.kind in "iufb" and bool(np.isin(array, (0, 1)).all()):
        sums = array.sum(axis=1)
        if (sums == 1).all():
            return _Column(key, np.asarray(array.argmax(axis=1), np.int64), int(array.shape[1]))
        wrong = int(np.flatnonzero(sums != 1)[0])
        found = f"{int(sums[wrong])} in row {wrong}"
        rule = "one-hot labels must hold one 1 a row"
        hint = 'of several labels each set task = "multilabel_classification" under [study]'
        problems.append(Problem(str(path), rule, key, found, hint))
        return None
    hint = f"{TO_CLASSES}, or a row with a 1 in its column"
    found = f"{array.dtype} {array.shape}"
    problems.append(Problem(str(path), "one-hot labels must hold one 1 a row", key, found, hint))
    return None


def _whole(key: str, labels: NDArray[Any], path: Path, problems: list[Problem]) -> _Column | None:
    """Floats, where all are whole numbers."""
    import numpy as np

    broken = np.flatnonzero(~(np.isfinite(labels) & (labels == np.round(labels))))
    if len(broken):
        found = f"{labels[broken[0]]:g} ({labels.dtype})"
        problems.append(Problem(str(path), KINDS, key, found, TO_CLASSES))
        return None
    return _Column(key, labels.astype(np.int64))


def _decoded(labels: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    return np.char.decode(labels, "utf-8")


def _kind(labels: NDArray[Any]) -> str:
    return "text" if labels.dtype.kind == "U" else "numbers"
