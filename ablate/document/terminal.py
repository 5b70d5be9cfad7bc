"""A document as plain text, for the screen."""

from __future__ import annotations

import re
from io import StringIO

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from ablate.document.elements import (
    Bars,
    Bullets,
    Code,
    Document,
    Element,
    Figure,
    Paragraph,
    Table,
)
from ablate.document.fitting import fitting

STYLES = {"plain": "", "strong": "bold", "note": "dim"}
LONGEST = 40
"""Characters after which a name is continued below."""


def text_of(document: Document, width: int) -> str:
    """A document as plain text, as wide as the screen."""
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(Text(document.title, style="bold"))
    for element in document.lead:
        _print(console, element)
    for section in document.sections:
        if not section.on_screen:
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
            if element.caption:
                console.print(Text(element.caption))
            for table in fitting(element, lambda table: _fits(table, console)):
                console.print(_rich(table))
                console.print()
        case Code():
            console.print(Text(element.text))
        case Figure():
            pass  # its numbers stand in the tables


def _fits(table: Table, console: Console) -> bool:
    unlimited = console.options.update(max_width=10_000)
    return console.measure(_rich(table), options=unlimited).maximum <= console.width


def _rich(table: Table) -> RichTable:
    rich = RichTable(box=None, pad_edge=False, header_style="bold")
    for column in table.columns:
        is_number = column.kind in ("number", "setting")
        rich.add_column(
            Text(column.heading.replace("_", "\n") if column.kind == "setting" else column.heading),
            justify="right" if is_number else "left",
            no_wrap=is_number,
            overflow="fold",
            max_width=None if column.kind == "text" else LONGEST,
        )
    for row in table.rows:
        rich.add_row(*(Text(value) for value in row))
    return rich
