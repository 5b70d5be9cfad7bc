"""Where a report comes from: the study file, and the commands that make it again."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from ablate.report.document import Code, Section

if TYPE_CHECKING:
    from ablate.report.summary import Report


def study_file(report: Report) -> Section | None:
    """The study file as it was run."""
    if not report.spec.text:
        return None
    return Section("Study file", (Code(report.spec.text, "toml"),), on_screen=False)


def commands(report: Report) -> Section:
    """The commands that make the report again."""
    settings = " ".join(f"--set {shlex.quote(setting)}" for setting in report.spec.settings)
    run = f"$ ablate run {shlex.quote(report.spec.path)} {settings}".rstrip()
    again = Code(f"{run}\n$ ablate report {shlex.quote(report.name)}", "console")
    return Section("How to make this again", (again,), on_screen=False)
