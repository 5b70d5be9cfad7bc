"""What the study's author makes of the results."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ablate.document.elements import Paragraph, Section

if TYPE_CHECKING:
    from ablate.report.report import Report

NOTE = "The words of the study's author; everything else here is computed from the records."


def conclusion(report: Report) -> Section | None:
    """The conclusion that stands in the study file, a paragraph each."""
    texts = [text.strip() for text in re.split(r"\n\s*\n", report.spec.conclusion) if text.strip()]
    if not texts:
        return None
    return Section("Conclusion", (*map(Paragraph, texts), Paragraph(NOTE, "note")))
