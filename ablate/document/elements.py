"""What a report is made of, whatever it is written as: sections of texts, tables and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["name", "setting", "number", "text"]


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    heading: str
    kind: Kind = "number"
    """``name`` says what a row is, ``setting`` is a hyperparameter, ``number`` is aligned right."""


@dataclass(frozen=True)
class Table:
    """A table of texts."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    """What the table shows, where the section's title does not say it."""


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of text."""

    text: str
    style: Literal["plain", "strong", "note"] = "plain"


@dataclass(frozen=True)
class Bullets:
    """A list of short texts."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Bars:
    """Shares of a whole, each with its name."""

    shares: tuple[tuple[str, float], ...]
    heading: str


@dataclass(frozen=True)
class Figure:
    """A figure that lies beside the report, as SVG; a PDF of the same stem is drawn on demand."""

    file: str
    alternative: str
    """What it shows, in words, for those who do not see it."""


@dataclass(frozen=True)
class Code:
    """A file or commands, shown as they stand."""

    text: str
    language: str = ""
    """``toml``, ``console``, or empty."""


Element = Paragraph | Bullets | Table | Bars | Figure | Code


@dataclass(frozen=True)
class Section:
    """A part of a report under a title of its own."""

    title: str
    elements: tuple[Element, ...]
    on_screen: bool = True
    """Whether it is printed too, or only for those who keep the report."""


@dataclass(frozen=True)
class Document:
    """A whole report."""

    title: str
    lead: tuple[Element, ...]
    """What stands before the first section."""
    sections: tuple[Section, ...]


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], caption: str = "") -> Table:
    """A table without the columns in which nothing stands."""
    kept = [
        index
        for index, column in enumerate(columns)
        if column.kind == "name" or any(row[index] for row in rows)
    ]
    return Table(
        columns=tuple(columns[index] for index in kept),
        rows=tuple(tuple(row[index] for index in kept) for row in rows),
        caption=caption,
    )
