"""The report on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ablate.document.elements import Document
from ablate.document.terminal import text_of

if TYPE_CHECKING:
    from ablate.report.formats._base import Page
    from ablate.report.report import Report

FIGURES = None


def render(report: Report, document: Document, page: Page) -> str:
    """The report without its figures."""
    return text_of(document, page.width)
