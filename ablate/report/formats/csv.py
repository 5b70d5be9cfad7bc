"""All training runs as comma-separated values, for spreadsheets and scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ablate.document.elements import Document
    from ablate.report.formats._base import Page
    from ablate.report.report import Report

FIGURES = None
FILE = "trials.csv"


def render(report: Report, document: Document, page: Page) -> dict[str, str]:
    """Every training run with every column, see `store.results`; times in seconds."""
    return {FILE: str(report.trials.to_csv(index=False))}
