"""Where a report comes from: the study file, and the commands that make it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ablate.document.elements import Code, Section
from ablate.report.again import report_command, run_command

if TYPE_CHECKING:
    from ablate.report.report import Report


def study_file(report: Report) -> Section | None:
    """The study file as it was run."""
    if not report.spec.text:
        return None
    return Section("Study file", (Code(report.spec.text, "toml"),), on_screen=False)


def commands(report: Report) -> Section:
    """The commands that make the report again."""
    run = run_command(report.spec, report.storage)
    again = Code(f"$ {run}\n$ {report_command(report.spec, report.storage)}", "console")
    return Section("How to make this again", (again,), on_screen=False)
