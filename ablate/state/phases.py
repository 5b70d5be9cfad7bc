"""How far the phases of a stored study are: its search, and its replicates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from ablate.spec.study import Phase
from ablate.state.replicates import looks_of, settled_replicates
from ablate.store.studies import StoredStudy


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
        searches = [search.refresh() for search in stored.searches.values()]
        counts: Counter[str] = sum((search.counts for search in searches), Counter())
        del counts["interrupted"]  # they are trained again
        done = sum(search.filled(stored.totals[cell]) for cell, search in stored.searches.items())
        states.append(PhaseState("tune", _search_total(stored), done, dict(counts)))
    if spec.replicate is not None:
        cells = settled_replicates(stored).values()
        found = {
            "complete": sum(len(cell.complete) for cell in cells),
            "missing": sum(len(cell.hopeless) for cell in cells),
        }
        looks = looks_of(stored)
        total = len(spec.cells) * len(spec.seeds)
        if looks is not None:
            further = len(spec.seeds) - (spec.planned_seeds or 0)
            total = sum(looks.most.values()) + further * len(spec.cells)
        counted = {name: count for name, count in found.items() if count}
        beyond = tuple(sorted({seed for cell in cells for seed in cell.beyond}))
        states.append(PhaseState("replicate", total, sum(found.values()), counted, beyond))
    return tuple(states)


def _search_total(stored: StoredStudy) -> int:
    """How many trials all searches hold when they are complete; with looks at most."""
    spec, looks = stored.spec, looks_of(stored)
    if looks is None or spec.search_count == 1:
        return sum(stored.totals.values())
    further = spec.seeds[spec.planned_seeds or 0 :]
    seeds = {cell: (*spec.seeds[: looks.most[cell]], *further) for cell in spec.cells}
    cells = {spec.searched_cell(cell, seed) for cell, own in seeds.items() for seed in own}
    return sum(stored.totals[cell] for cell in cells)
