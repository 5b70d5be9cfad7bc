"""The report on the screen."""

from __future__ import annotations

import re
from io import StringIO
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from ablate.report.document import (
    Bars,
    Bullets,
    Column,
    Document,
    Element,
    Figure,
    Paragraph,
    Table,
)

if TYPE_CHECKING:
    from ablate.report.summary import Report

FILE = None
NEEDS_FIGURES = False
STYLES = {"plain": "", "strong": "bold", "note": "dim"}
LEFT_OUT = ("Environment", "Learning curves")
"""Sections for those who keep the report."""


def render(report: Report, document: Document, width: int) -> str:
    """The report without its figures."""
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(Text(document.title, style="bold"))
    for element in document.lead:
        _print(console, element)
    for section in document.sections:
        if section.title in LEFT_OUT:
            continue
        console.print()
        console.print(Text(section.title, style="bold"))
        for element in section.elements:
            _print(console, element)
    assert isinstance(console.file, StringIO)
    return re.sub(r"[\x00-\x09\x0b-\x1f\x7f]", "", console.file.getvalue())


def _print(console: Console, element: Element) -> None:
    match element:
        case Paragraph():
            console.print(Text(element.text, style=STYLES[element.style]))
        case Bullets():
            for item in element.items:
                console.print(Text(item))
        case Bars():
            for name, share in element.shares:
                console.print(Text(f"  {name:24} {share:6.1%}  {'#' * round(share * 30)}"))
        case Table():
            for table in _fitting(element, console):
                console.print(table)
                console.print()
        case Figure():
            pass  # its numbers stand in the tables


def _fitting(table: Table, console: Console) -> list[RichTable]:
    """One table where the screen is wide enough, else its names with some columns each."""
    whole = _rich(table)
    unlimited = console.options.update(max_width=10_000)
    if console.measure(whole, options=unlimited).maximum <= console.width:
        return [whole]
    names = [i for i, column in enumerate(table.columns) if column.kind == "name"]
    settings = [i for i, column in enumerate(table.columns) if column.kind == "setting"]
    others = [i for i in range(len(table.columns)) if i not in names and i not in settings]
    parts: list[list[int]] = [[]]
    for index in others:
        wider = _rich(_columns(table, [*names, *parts[-1], index]))
        fits = console.measure(wider, options=unlimited).maximum <= console.width
        if fits or not parts[-1]:
            parts[-1].append(index)
        else:
            parts.append([index])
    tables = [_rich(_columns(table, [*names, *part])) for part in parts if part]
    if settings:
        tables.append(_rich(_merged(table, names, settings)))
    return tables


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
        text = "  ".join(f"{name}={value}" for name, value in pairs if value != "-")
        rows.append((*(row[index] for index in names), text))
    columns = (*(table.columns[index] for index in names), Column("hyperparameters", "text"))
    return Table(columns, tuple(rows))


def _rich(table: Table) -> RichTable:
    rich = RichTable(box=None, pad_edge=False, header_style="bold")
    for column in table.columns:
        is_number = column.kind in ("number", "setting")
        rich.add_column(
            Text(column.heading.replace("_", "\n") if column.kind == "setting" else column.heading),
            justify="right" if is_number else "left",
            no_wrap=column.kind != "text",
            overflow="fold",
        )
    for row in table.rows:
        rich.add_row(*(Text(value) for value in row))
    return rich
