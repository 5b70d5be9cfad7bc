"""The report on the screen."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ablate.report.formats._base import FOOTNOTE, counts_line, text_table

if TYPE_CHECKING:
    from ablate.report.summary import Report

FILE = None
NEEDS_FIGURES = False
CONFIGURATION = "hyperparameters"


def render(report: Report, width: int) -> str:
    """The trade-off table, counts, reasons and importance."""
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(Text(report.name, style="bold"))
    if report.description:
        console.print(Text(report.description))
    console.print(Text(f"trials: {counts_line(report)}"))
    for reason, count in report.reasons.items():
        console.print(Text(f"  {count} x {reason}"))
    if len(report.tradeoff):
        console.print()
        for table in _tables(report, console):
            console.print(table)
            console.print()
        hidden = len(report.tradeoff) - len(report.shown)
        if hidden:
            console.print(
                Text(f"{hidden} more complete trials: --top {len(report.tradeoff)}, or trials.csv")
            )
        console.print(Text(FOOTNOTE, style="dim"))
    console.print()
    console.print(Text(f"hyperparameter importance ({report.importance.note})"))
    for name, share in report.importance.shares.items():
        console.print(Text(f"  {name:24} {share:6.1%}  {'#' * round(share * 30)}"))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def _tables(report: Report, console: Console) -> list[Table]:
    """One table where the screen is wide enough, else the hyperparameters in a second one."""
    headings, rows = text_table(report.shown)
    wide = _table([name.replace("_", "\n") for name in headings], rows)
    unlimited = console.options.update(max_width=10_000)
    if console.measure(wide, options=unlimited).maximum <= console.width:
        return [wide]
    tuned = slice(1, 1 + len(report.tuned))
    measured = [[row[0], *row[tuned.stop :]] for row in rows]
    configured = [
        [
            row[0],
            "  ".join(
                f"{n}={v}" for n, v in zip(headings[tuned], row[tuned], strict=True) if v != "-"
            ),
        ]
        for row in rows
    ]
    return [
        _table([headings[0], *headings[tuned.stop :]], measured),
        _table([headings[0], CONFIGURATION], configured),
    ]


def _table(headings: list[str], rows: list[list[str]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in headings:
        is_text = name == CONFIGURATION
        justify: Literal["left", "right"] = "left" if is_text else "right"
        table.add_column(Text(name), justify=justify, no_wrap=not is_text, overflow="fold")
    for row in rows:
        table.add_row(*(Text(value) for value in row))
    return table
