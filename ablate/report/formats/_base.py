"""What a format file must hold, and how numbers are written in every format.

A file ``ablate/report/formats/NAME.py`` makes the format ``NAME``. It defines:

- ``FILE``: the name of the file that it writes, or None when it is printed;
- ``NEEDS_FIGURES``: whether the figures must lie beside it;
- ``render(report: Report, width: int) -> str``: the whole text. `width` is the width of the
  screen in characters; only what is printed heeds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ablate.report.tradeoff import FRONT, HEADINGS

if TYPE_CHECKING:
    import pandas as pd

    from ablate.report.summary import Report

FOOTNOTE = (
    "Accuracy, macro F1 and loss (crossentropy) are measured on the validation set, on which the "
    "search selected: the best row's score is optimistic. Pareto marks trials that no other beats in "
    "accuracy, parameters and training time together. FLOPs are those of one image's forward pass."
)


def heading(column: str) -> str:
    """A column's heading; a tuned parameter keeps its name."""
    return HEADINGS.get(column, column.removeprefix("param_"))


def cell(column: str, value: Any) -> str:
    """A value of the trade-off table as text."""
    import pandas as pd

    if column == FRONT:
        return "*" if value else ""
    if pd.isna(value):
        return "-"
    if column in ("val_accuracy", "val_f1", "val_loss"):
        return f"{value:.4f}"
    if column == "training_seconds":
        return f"{value:.1f}"
    if column in ("parameters", "flops"):
        return f"{int(value):,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)


def text_table(table: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of the trade-off table as text."""
    columns = [str(column) for column in table.columns]
    rows = [
        [cell(column, value) for column, value in zip(columns, row, strict=True)]
        for row in table.astype(object).itertuples(index=False, name=None)
    ]
    return [heading(column) for column in columns], rows


def counts_line(report: Report) -> str:
    """How many trials there are of each outcome, and how many are missing."""
    parts = [
        f"{report.counts[name]} {name}"
        for name in ("complete", "pruned", "infeasible", "failed", "running", "waiting")
        if report.counts.get(name)
    ]
    line = ", ".join(parts) or "none yet"
    if report.missing:
        line += f"; {report.missing} of {report.planned} are still to be trained: ablate run"
    return line


def environment_line(environment: Mapping[str, Any]) -> str:
    """Device and versions in one line."""
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    parts = [
        str(environment["device"]),
        f"{environment['cores']} cores",
        f"backend {environment['backend']}",
        f"Python {environment['python']}",
    ]
    return ", ".join([*parts, versions])
