"""The report as LaTeX, with the figures as PDF beside it; a plain pdflatex compiles it."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from ablate.document.elements import (
    Bars,
    Bullets,
    Code,
    Column,
    Document,
    Element,
    Figure,
    Paragraph,
    Table,
)
from ablate.document.fitting import fitting
from ablate.report.formats._tex import escape, escape_code

if TYPE_CHECKING:
    from ablate.report.formats._base import Page
    from ablate.report.report import Report

FIGURES = "pdf"
FILE = "report.tex"
WIDTH = 124
"""So many characters of a table stand side by side; a little more is made smaller."""
HEADING = 12
"""Characters after which a heading is continued below, where its column is no wider."""
TEXT = 34
"""Characters after which a name or a text in a table is continued below."""
ROWS = 45
"""Rows after which a table is continued as a new one, which may stand on the next page."""
PREAMBLE = r"""% Compile with: pdflatex report.tex
\documentclass[10pt,a4paper]{article}
\usepackage[T1]{fontenc}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\usepackage[margin=2cm]{geometry}
\usepackage{array,booktabs,caption,float,graphicx}
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.6em}
\sloppy
\setlength{\tabcolsep}{4pt}
\hbadness=10000
\captionsetup{singlelinecheck=false,font=small,labelfont=bf,skip=4pt}
% What is wider than a line is made as wide as a line.
\newsavebox{\fitbox}
\newenvironment{fit}{\par\footnotesize\begin{lrbox}{\fitbox}}{\end{lrbox}%
  \ifdim\wd\fitbox>\linewidth\resizebox{\linewidth}{!}{\usebox{\fitbox}}\else\usebox{\fitbox}\fi\par}
"""


def render(report: Report, document: Document, page: Page) -> dict[str, str]:
    """The whole report."""
    parts = [
        PREAMBLE + r"\begin{document}",
        rf"{{\LARGE\bfseries {escape(document.title)}\par}}",
        *(_text(element) for element in document.lead),
    ]
    for section in document.sections:
        parts.append(rf"\section{{{escape(section.title)}}}")
        parts += [_text(element) for element in section.elements]
    return {FILE: "\n\n".join([*parts, r"\end{document}"]) + "\n"}


def _text(element: Element) -> str:
    match element:
        case Paragraph():
            return _paragraph(element)
        case Bullets():
            items = "\n".join(rf"\item {escape(item)}" for item in element.items)
            return _environment("itemize", r"\setlength{\itemsep}{0pt}" "\n" + items)
        case Bars():
            return _bars(element)
        case Table():
            caption = (
                rf"\textbf{{{escape(element.caption)}}}\nopagebreak" "\n\n"
                if element.caption
                else ""
            )
            return caption + "\n\n".join(map(_table, fitting(element, _fits)))
        case Code():
            return "{\\ttfamily\\footnotesize\\raggedright\n" + escape_code(element.text) + "\\par}"
        case Figure():
            file = Path(element.file).with_suffix(".pdf")
            image = _environment("fit", rf"\includegraphics{{{file}}}")
            caption = rf"\caption{{{escape(element.alternative)}}}"
            return f"\\begin{{figure}}[H]\n{image}\n{caption}\n\\end{{figure}}"


def _paragraph(paragraph: Paragraph) -> str:
    text = escape(paragraph.text)
    match paragraph.style:
        case "strong":
            return rf"\textbf{{{text}}}"
        case "note":
            return rf"{{\small {text}\par}}"
        case "plain":
            return text


def _bars(bars: Bars) -> str:
    rows = [
        rf"{escape(name)} & {100 * share:.1f}\% & \rule{{{5 * share:.2f}cm}}{{1.2ex}} \\"
        for name, share in bars.shares
    ]
    head = rf"{escape(bars.heading)} & importance & \\"
    return _environment("fit", _tabular("lrl", [head], rows))


def _fits(table: Table) -> bool:
    return sum(_width(table, index) + 2 for index in range(len(table.columns))) <= WIDTH


def _width(table: Table, index: int) -> int:
    """About how many characters wide a column is."""
    column = table.columns[index]
    cells = max((len(row[index]) for row in table.rows), default=0)
    cells = min(cells, TEXT) if column.kind in ("name", "text") else cells
    return max(cells, *map(len, _heading(column, cells)))


def _heading(column: Column, cells: int) -> list[str]:
    return textwrap.wrap(column.heading, max(HEADING, cells), break_long_words=False) or [""]


def _table(table: Table) -> str:
    columns = range(len(table.columns))
    layout = "".join(_column(table, index) for index in columns)
    head = " & ".join(_head(table, index) for index in columns) + r" \\"
    rows = [" & ".join(map(escape, row)) + r" \\" for row in table.rows]
    parts = (rows[start : start + ROWS] for start in range(0, max(len(rows), 1), ROWS))
    return "\n\n".join(_environment("fit", _tabular(layout, [head], part)) for part in parts)


def _column(table: Table, index: int) -> str:
    if table.columns[index].kind not in ("name", "text"):
        return "r"
    longest = max((len(row[index]) for row in table.rows), default=0)
    # A letter of this size is about half as wide as it is high.
    return "l" if longest <= TEXT else rf">{{\raggedright\arraybackslash}}p{{{TEXT / 2}em}}"


def _head(table: Table, index: int) -> str:
    column = table.columns[index]
    cells = min(max((len(row[index]) for row in table.rows), default=0), TEXT)
    side = "l" if column.kind in ("name", "text") else "r"
    lines = r"\\".join(rf"\bfseries {escape(line)}" for line in _heading(column, cells))
    return rf"\shortstack[{side}]{{{lines}}}"


def _tabular(layout: str, head: list[str], rows: list[str]) -> str:
    lines = [r"\toprule", *head, r"\midrule", *rows, r"\bottomrule"]
    return _environment("tabular", "\n".join(lines), layout)


def _environment(name: str, body: str, argument: str = "") -> str:
    given = f"{{{argument}}}" if argument else ""
    return f"\\begin{{{name}}}{given}\n{body}\n\\end{{{name}}}"
