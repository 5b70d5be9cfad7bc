"""The columns of a table that a network is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ablate.datasets._base import Fitted
from ablate.errors import Problem, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


class Asked(Protocol):
    """What a study says of the columns."""

    @property
    def target(self) -> tuple[str, ...]:
        """What is predicted."""

    @property
    def drop(self) -> tuple[str, ...]:
        """What is left out."""

    @property
    def categorical(self) -> tuple[str, ...]:
        """What holds categories."""

    @property
    def groups(self) -> str | None:
        """What says which rows are kept together."""

    @property
    def sample_weight(self) -> str | None:
        """What says how much each row counts."""


@dataclass(frozen=True)
class Columns:
    """The columns, in their order; fixed by the training file, whatever a split draws of it."""

    numeric: tuple[str, ...]
    categories: dict[str, tuple[str, ...]]
    """Of each column of categories those that the training file has."""

    def numbers(self, table: pd.DataFrame) -> NDArray[np.float64]:
        """A row of numbers for each row.

        First the numeric columns, then for each column of categories a 1 in the place of its
        category, the last place for all others.
        """
        import numpy as np

        parts = [table[list(self.numeric)].to_numpy(dtype=np.float64, na_value=np.nan)]
        for name, known in self.categories.items():
            places = {category: place for place, category in enumerate(known)}
            own = [places.get(_text(value), len(known)) for value in table[name]]
            parts.append(np.eye(len(known) + 1)[np.array(own, np.int64)])
        return np.concatenate(parts, axis=1)

    def missing(self, table: pd.DataFrame) -> dict[str, int]:
        """How many rows lack a number, by column."""
        counts = {name: int(table[name].isna().sum()) for name in self.numeric}
        return {name: count for name, count in counts.items() if count}

    def texts(self, table: pd.DataFrame) -> dict[str, tuple[int, str]]:
        """The first row, from 1, with text in place of a number, and that text; by column."""
        import pandas as pd

        found = {}
        for name in self.numeric:
            own = table[name]
            lost = (pd.to_numeric(own, errors="coerce").isna() & own.notna()).to_numpy()
            if lost.any():
                row = int(lost.argmax())
                found[name] = (row + 1, str(own.iloc[row]))
        return found

    def infinite(self, table: pd.DataFrame) -> dict[str, list[int]]:
        """The rows, from 1, whose number is infinite, by column."""
        import numpy as np

        found = {}
        for name in self.numeric:
            own = table[name].to_numpy(dtype=np.float64, na_value=np.nan)
            found[name] = [int(row) + 1 for row in np.flatnonzero(np.isinf(own))]
        return {name: rows for name, rows in found.items() if rows}

    def fitted(self, *, scaled: bool, filled: bool) -> Fitted:
        """What is learnt of each: of categories nothing."""
        others = sum(len(known) + 1 for known in self.categories.values())
        own = len(self.numeric)
        return Fitted((scaled,) * own + (False,) * others, (filled,) * own + (False,) * others)


def columns_of(
    table: pd.DataFrame, asked: Asked, path: Path, problems: list[Problem]
) -> Columns | None:
    """The columns that are trained on; None where something is wrong."""
    from pandas.api import types

    before, held = len(problems), list(map(str, table.columns))
    marks = {"groups": asked.groups, "sample_weight": asked.sample_weight}
    for key, names in (
        ("target", asked.target),
        ("drop", asked.drop),
        ("categorical", asked.categorical),
        *((key, (name,)) for key, name in marks.items() if name is not None),
    ):
        problems += [
            Problem(str(path), "there is no such column", f"data.{key}", name, _like(name, held))
            for name in names
            if name not in held
        ]
    left_out = {*asked.target, *asked.drop, *(name for name in marks.values() if name is not None)}
    problems += [
        Problem(str(path), "is no column to train on, and cannot be a category", key, name)
        for key in ("data.categorical",)
        for name in asked.categorical
        if name in left_out
    ]
    problems += [
        Problem(str(path), "is a target", f"data.{key}", name)
        for key, names in (*((key, (name,)) for key, name in marks.items()), ("drop", asked.drop))
        for name in names
        if name is not None and name in asked.target
    ]
    numeric: list[str] = []
    text: list[str] = []
    for name in held:
        if name in left_out or name in asked.categorical:
            continue
        kind = table[name].dtype
        (numeric if types.is_numeric_dtype(kind) or types.is_bool_dtype(kind) else text).append(
            name
        )
    if text:
        rule = f"text in the columns {', '.join(text)}; a network takes numbers"
        hint = "name them in categorical under [data], or in drop"
        problems.append(Problem(str(path), rule, hint=hint))
    problems += [
        Problem(str(path), "holds nothing in any row", name, hint="name it in drop under [data]")
        for name in (*numeric, *asked.categorical)
        if name in held and name not in left_out and table[name].isna().all()
    ]
    if not numeric and not asked.categorical and len(problems) == before:
        problems.append(Problem(str(path), "no column is left to train on"))
    if len(problems) > before:
        return None
    categories = {name: _categories(table[name]) for name in asked.categorical}
    return Columns(tuple(numeric), categories)


def _categories(column: pd.Series[Any]) -> tuple[str, ...]:
    return tuple(sorted({_text(value) for value in column.dropna()}))


def _text(value: object) -> str:
    """A category as text: whole numbers without a point, as a missing one makes floats of all."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _like(name: str, held: Sequence[str]) -> str:
    return did_you_mean(name, held)
