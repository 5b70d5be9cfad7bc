"""The report as Markdown, with the figures beside it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tabulate import tabulate

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

if TYPE_CHECKING:
    from ablate.report.formats._base import Page
    from ablate.report.report import Report

FIGURES = "svg"
FILE = "report.md"


def render(report: Report, document: Document, page: Page) -> dict[str, str]:
    """The whole report."""
    parts = [f"# {escape(document.title)}", *(_text(element) for element in document.lead)]
    for section in document.sections:
        parts.append(f"## {escape(section.title)}")
        parts += [_text(element) for element in section.elements]
    return {FILE: "\n\n".join(parts) + "\n"}


def _text(element: Element) -> str:
    match element:
        case Paragraph():
            if element.style == "strong":
                return f"**{escape(element.text)}**"
            return _line(element.text)
        case Bullets():
            return "\n".join(f"- {_line(item)}" for item in element.items)
        case Bars():
            rows = [[escape(name), f"{share:.1%}"] for name, share in element.shares]
            return _table([element.heading, "importance"], rows, ["left", "right"])
        case Table():
            rows = [[escape(value) for value in row] for row in element.rows]
            headings = [escape(column.heading) for column in element.columns]
            is_text = [column.kind in ("name", "text") for column in element.columns]
            caption = f"{_line(element.caption)}\n\n" if element.caption else ""
            return caption + _table(
                headings, rows, ["left" if text else "right" for text in is_text]
            )
        case Code():
            fence = "`" * max(3, 1 + max(map(len, re.findall("`+", element.text)), default=0))
            return f"{fence}{element.language}\n{element.text.rstrip()}\n{fence}"
        case Figure():
            return f"![{escape(element.alternative)}]({element.file})"


def escape(text: str) -> str:
    """Text that Markdown shows as it is."""
    one_line = " ".join(text.split())
    # An underscore inside a word means nothing in Markdown.
    special = r"([\\`*{}\[\]<>#|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))"
    escaped = re.sub(special, r"\\\1", one_line)
    return escaped.replace("&", "&amp;").replace("\\<", "&lt;").replace("\\>", "&gt;")


def _line(text: str) -> str:
    """Text that Markdown shows as it is at the beginning of a line: no list, no rule."""
    begins_block = r"^(?=[-+]|\d{1,9}[.)])(\d*)([-+.)])(?=\s|$|[-\s]+$)"
    return re.sub(begins_block, r"\1\\\2", escape(text))


def _table(headings: list[str], rows: list[list[str]], alignment: list[str]) -> str:
    return tabulate(
        rows,
        headings,
        tablefmt="pipe",
        disable_numparse=True,
        colalign=alignment if rows else None,
    )
