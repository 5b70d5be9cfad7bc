"""How many seeds a study was planned with, which its verdict is about, however many it is given later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ablate.spec.study import StudySpec
from ablate.state.phases import phase_states

if TYPE_CHECKING:
    from ablate.store.studies import StoredStudy


def as_planned(study: StudySpec, stored: StoredStudy | None) -> StudySpec:
    """A study with the number of seeds that its verdict is about.

    Once all that were planned are trained, their verdict stands: a later test of more seeds would have
    been made because of what the first one said.

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
    return study.model_copy(update={"planned": before})
