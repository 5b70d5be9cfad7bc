"""The report as Markdown, with the figures beside it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tabulate import tabulate

from ablate.report.figures_data import LEARNING_CURVES, TRADEOFF
from ablate.report.formats._base import FOOTNOTE, counts_line, environment_line, text_table

if TYPE_CHECKING:
    from ablate.report.summary import Report

FILE = "report.md"
NEEDS_FIGURES = True


def render(report: Report, width: int) -> str:
    """The whole report."""
    parts = [f"# {escape(report.name)}", escape(report.description)]
    parts.append(f"**Trials:** {counts_line(report)}.")
    if report.reasons:
        parts.append(
            "\n".join(f"- {count} x {escape(why)}" for why, count in report.reasons.items())
        )
    parts.append("## Trade-off")
    if len(report.tradeoff):
        headings, rows = text_table(report.shown)
        parts.append(_table(headings, rows))
        hidden = len(report.tradeoff) - len(report.shown)
        parts.append(FOOTNOTE + (f" {hidden} more trials are in `trials.csv`." if hidden else ""))
    else:
        parts.append("No trial is complete yet.")
    if TRADEOFF in report.figures.files:
        parts.append(f"![Validation accuracy against parameters and training time]({TRADEOFF})")
    if LEARNING_CURVES in report.figures.files:
        parts.append("## Learning curves")
        parts.append(f"![Validation loss and accuracy by epoch]({LEARNING_CURVES})")
        parts.append("The best trials are named; pruned trials are dashed and end in a cross.")
    parts.append("## Hyperparameter importance")
    if report.importance.shares:
        shares = [
            [escape(name), f"{share:.1%}"] for name, share in report.importance.shares.items()
        ]
        parts.append(_table(["hyperparameter", "importance"], shares))
    parts.append(f"Importance: {escape(report.importance.note)}.")
    if report.environments:
        parts.append("## Environment")
        lines = (f"- {escape(environment_line(e))}" for e in report.environments)
        parts.append("\n".join(lines))
    return "\n\n".join(part for part in parts if part) + "\n"


def escape(text: str) -> str:
    """Text that Markdown shows as it is."""
    one_line = " ".join(text.split())
    # An underscore inside a word means nothing in Markdown.
    special = r"([\\`*{}\[\]<>#|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))"
    escaped = re.sub(special, r"\\\1", one_line)
    return escaped.replace("&", "&amp;").replace("\\<", "&lt;").replace("\\>", "&gt;")


def _table(headings: list[str], rows: list[list[str]]) -> str:
    cells = [[escape(value) if value != "*" else "\\*" for value in row] for row in rows]
    return tabulate(
        cells,
        [escape(heading) for heading in headings],
        tablefmt="pipe",
        disable_numparse=True,
        colalign=["right"] * len(headings) if rows else None,
    )
