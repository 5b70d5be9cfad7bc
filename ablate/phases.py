"""How far the phases of a stored study are: its search, and its replicates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from ablate.plan import trials_when_complete
from ablate.replicates import cell_replicates
from ablate.spec import Phase
from ablate.stored import StoredStudy
from ablate.trials import count_outcomes, finished


@dataclass(frozen=True)
class PhaseState:
    """One phase of a study."""

    phase: Phase
    total: int
    """How many trials it holds when it is complete."""
    finished: int
    counts: Mapping[str, int]
    """Trials of each outcome; for replicates those of the chosen configurations only."""
    beyond: tuple[int, ...] = ()
    """Seeds that were trained and tested, and that the study does not ask for any more."""


def phase_states(stored: StoredStudy) -> tuple[PhaseState, ...]:
    """The phases that a study has, in their order."""
    states = []
    spec = stored.spec
    if spec.tune is not None:
        counts: Counter[str] = Counter()
        for study in stored.tuning.values():
            counts.update(count_outcomes(study))
        done = sum(len(finished(study)) for study in stored.tuning.values())
        total = sum(trials_when_complete(spec, cell.variant) for cell in spec.cells)
        states.append(PhaseState("tune", total, done, dict(counts)))
    if spec.replicate is not None:
        cells = cell_replicates(stored).values()
        found = {
            "complete": sum(len(cell.complete) for cell in cells),
            "missing": sum(len(cell.missing) for cell in cells),
        }
        total = len(spec.cells) * len(spec.seeds)
        counted = {name: count for name, count in found.items() if count}
        beyond = tuple(sorted({seed for cell in cells for seed in cell.beyond}))
        states.append(PhaseState("replicate", total, sum(found.values()), counted, beyond))
    return tuple(states)
