"""What the phases of a study and the outcomes of its trials are called, and their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ablate.spec.study import Phase


@dataclass(frozen=True)
class PhaseName:
    """What the training runs of a phase are called."""

    one: str
    many: str
    title: str
    """In a table of all phases."""


PHASES: Mapping[Phase, PhaseName] = {
    "tune": PhaseName("trial", "trials", "trials of the search"),
    "replicate": PhaseName("replicate", "replicates", "replicates"),
}
OUTCOMES = (
    "complete",
    "pruned",
    "infeasible",
    "failed",
    "missing",
    "running",
    "cut off",
    "waiting",
)
"""The order in which they are told. A replicate that cannot be had is missing; a trial that is marked
as running and that nobody trains is cut off."""


def counts_text(counts: Mapping[str, int]) -> str:
    """How many trials have each outcome; empty where there are none."""
    return ", ".join(f"{counts[name]} {name}" for name in OUTCOMES if counts.get(name))
