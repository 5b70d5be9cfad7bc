"""Tables that are too wide, cut into several that are not."""

from __future__ import annotations

from collections.abc import Callable

from ablate.document.elements import Column, Table
from ablate.document.words import NOTHING


def fitting(table: Table, fits: Callable[[Table], bool]) -> list[Table]:
    """The table, where it fits, else its names with some columns each."""
    if fits(table):
        return [table]
    names = [i for i, column in enumerate(table.columns) if column.kind == "name"]
    settings = [i for i, column in enumerate(table.columns) if column.kind == "setting"]
    others = [i for i in range(len(table.columns)) if i not in names and i not in settings]
    parts: list[list[int]] = [[]]
    for index in others:
        if not parts[-1] or fits(_columns(table, [*names, *parts[-1], index])):
            parts[-1].append(index)
        else:
            parts.append([index])
    tables = [_columns(table, [*names, *part]) for part in parts if part]
    if settings:
        tables.append(_merged(table, names, settings))
    return tables or [table]


def _columns(table: Table, kept: list[int]) -> Table:
    return Table(
        columns=tuple(table.columns[index] for index in kept),
        rows=tuple(tuple(row[index] for index in kept) for row in table.rows),
    )


def _merged(table: Table, names: list[int], settings: list[int]) -> Table:
    """The names with all hyperparameters in one column."""
    rows = []
    for row in table.rows:
        pairs = ((table.columns[i].heading, row[i]) for i in settings)
        text = "  ".join(f"{name}={value}" for name, value in pairs if value != NOTHING)
        rows.append((*(row[index] for index in names), text))
    columns = (*(table.columns[index] for index in names), Column("hyperparameters", "text"))
    return Table(columns, tuple(rows))
