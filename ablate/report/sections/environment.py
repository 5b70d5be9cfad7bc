"""The machines and versions behind a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ablate.report.document import Bullets, Section

if TYPE_CHECKING:
    from ablate.report.summary import Report


def environment(report: Report) -> Section | None:
    """What the trials ran on."""
    lines = tuple(environment_line(found) for found in report.environments)
    return Section("Environment", (Bullets(lines),), on_screen=False) if lines else None


def environment_line(environment: Mapping[str, Any]) -> str:
    """Device and versions in one line."""
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    device, processor = environment["device"], environment.get("processor")
    commit = environment.get("commit")
    parts = [
        device if processor is None else processor if device == "cpu" else f"{device}, {processor}",
        f"{environment['cores']} cores",
        f"backend {environment['backend']}",
        f"Python {environment['python']}",
    ]
    return ", ".join([*parts, versions, *([f"commit {commit}"] if commit else [])])
