"""How many seeds a study was planned with, which its verdict is about, however many it is given later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ablate.errors import InputError, Problem
from ablate.planning.verdicts import can_judge
from ablate.spec.study import StudySpec
from ablate.state.phases import phase_states
from ablate.state.replicates import looks_of

if TYPE_CHECKING:
    from ablate.store.studies import StoredStudy


def as_planned(study: StudySpec, stored: StoredStudy | None) -> StudySpec:
    """A study with the number of seeds that its verdict is about.

    Once all that were planned are trained, their verdict stands: a later test of more seeds, or of fewer,
    would have been made because of what the first one said. So it is with looks once one was made: when
    the next ones are is planned, too. Where they were too few for any verdict none was made.

    Args:
        study: the study file.
        stored: the study of its name as it was run last; None where there is none.

    Raises:
        InputError: a verdict was made, and the study no longer asks for all that it is about.
    """
    if study.replicate is None or stored is None or stored.spec.replicate is None:
        return study
    count = study.replicate.count
    judged = stored.spec.planned_seeds or stored.spec.replicate.count
    if count == judged or not _is_judged(stored):
        return study
    folds = study.replicate.folds is not None
    if folds or count < judged:
        key, now = ("fold_repeats", study.replicate.fold_repeats) if folds else ("seeds", count)
        noun = "folds" if folds else "seeds"
        rule = f"the verdict of its {judged} {noun} was made, and stands"
        hint = (
            f"ask for {judged} {noun}{'' if folds else ' or more'}, or ask anew: rename the study, or run with "
            "--fresh to delete its trials"
        )
        raise InputError(Problem(study.path, rule, f"replicate.{key}", now, hint))
    return study.model_copy(update={"planned": judged})


def _is_judged(stored: StoredStudy) -> bool:
    """Whether a verdict was made, or with looks a first one could have been."""
    spec = stored.spec
    if spec.planned is not None:
        return True
    if spec.looks:
        found = looks_of(stored)
        return found is not None and found.done > 0
    done = all(phase.finished >= phase.total for phase in phase_states(stored))
    return done and can_judge(spec)
