"""All training runs as comma-separated values, for spreadsheets and scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ablate.report.document import Document
    from ablate.report.summary import Report

FILE = "trials.csv"
NEEDS_FIGURES = False


def render(report: Report, document: Document, width: int) -> str:
    """Every training run with every column, see `records.results_table`; times in seconds."""
    return str(report.trials.to_csv(index=False))
