"""How many seeds a study was planned with, which its verdict is about, however many it is given later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ablate.spec.study import StudySpec
from ablate.state.phases import phase_states
from ablate.statistics import alike_needed, seeds_needed

if TYPE_CHECKING:
    from ablate.store.studies import StoredStudy


def as_planned(study: StudySpec, stored: StoredStudy | None) -> StudySpec:
    """A study with the number of seeds that its verdict is about.

    Once all that were planned are trained, their verdict stands: a later test of more seeds would have
    been made because of what the first one said. Where they were too few for any verdict none was made.

    Args:
        study: the study file.
        stored: the study of its name as it was run last; None where there is none.
    """
    if study.replicate is None or study.replicate.seeds is None or stored is None:
        return study
    before = stored.spec.planned_seeds
    if before is None or study.replicate.seeds <= before:
        return study
    phases = phase_states(stored)
    if stored.spec.planned is None and any(phase.finished < phase.total for phase in phases):
        return study  # nothing was judged yet
    if stored.spec.planned is None and not _is_judged(stored.spec, before):
        return study
    return study.model_copy(update={"planned": before})


def _is_judged(spec: StudySpec, seeds: int) -> bool:
    """Whether a test of so many seeds can say anything."""
    count = len(spec.comparisons)
    if not count or spec.replicate is None:
        return False
    searches = spec.replicate.searches
    pairs = searches if isinstance(searches, int) and searches > 1 else seeds
    needed = [seeds_needed(count)]
    if spec.replicate.margin is not None:
        needed.append(alike_needed(count))
    return pairs >= min(needed)
