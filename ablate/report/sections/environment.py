"""The machines and versions behind a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ablate.document.elements import Bullets, Section
from ablate.document.words import environment_line

if TYPE_CHECKING:
    from ablate.report.report import Report


def environment(report: Report) -> Section | None:
    """What the trials ran on."""
    lines = tuple(environment_line(found) for found in report.environments)
    return Section("Environment", (Bullets(lines),), on_screen=False) if lines else None
