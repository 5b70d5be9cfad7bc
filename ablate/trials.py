"""The trials of a stored study: what became of them, and queueing again what was cut off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from optuna.trial import FrozenTrial, TrialState

from ablate.owner import Owner

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import BaseStorage

OWNER, OUTCOME, RETRY_OF = "owner", "outcome", "retry_of"
"""User attributes of an Optuna trial."""


def outcome_of(trial: FrozenTrial) -> str:
    """A trial's outcome: ``waiting`` and ``running``, or one of `spec.Outcome`."""
    match trial.state:
        case TrialState.COMPLETE:
            return "complete"
        case TrialState.PRUNED:
            return "infeasible" if trial.user_attrs.get(OUTCOME) == "infeasible" else "pruned"
        case TrialState.FAIL:
            return "failed" if trial.user_attrs.get(OUTCOME) == "failed" else "interrupted"
        case TrialState.RUNNING:
            return "running"
        case TrialState.WAITING:
            return "waiting"


def finished(study: Study) -> list[FrozenTrial]:
    """The trials that count: complete, pruned, infeasible and failed ones."""
    counting = ("complete", "pruned", "infeasible", "failed")
    return [t for t in study.get_trials(deepcopy=False) if outcome_of(t) in counting]


def fail_trial(study: Study, storage: BaseStorage, number: int, reason: str) -> None:
    """Records, for a worker that cannot any more, that its running trial failed."""
    study_id = storage.get_study_id_from_name(study.study_name)
    trial_id = storage.get_trial_id_from_study_id_trial_number(study_id, number)
    storage.set_trial_user_attr(trial_id, "reason", reason)
    storage.set_trial_user_attr(trial_id, OUTCOME, "failed")
    study.tell(number, state=TrialState.FAIL)


def count_outcomes(study: Study) -> dict[str, int]:
    """How many trials of a study have each outcome; those trained again are not counted twice."""
    counts = Counter(outcome_of(trial) for trial in study.get_trials(deepcopy=False))
    counts.pop("interrupted", None)
    return dict(counts)


def requeue_lost(
    study: Study, storage: BaseStorage, is_gone: Callable[[Owner], bool] = Owner.is_gone
) -> int:
    """Queues every trial again that was cut off, with the same hyperparameters.

    A trial is cut off when its owner is gone, or when it was stopped before its end. The new
    trial is queued before the old one is closed, and names it: a crash in between neither loses
    a trial nor queues it twice.

    Args:
        study: the Optuna study.
        storage: its storage.
        is_gone: whether a process has ended.

    Returns:
        How many trials were queued again.
    """
    trials = study.get_trials(deepcopy=False)
    followed = {trial.user_attrs.get(RETRY_OF) for trial in trials}
    queued = 0
    for trial in trials:
        outcome = outcome_of(trial)
        if outcome == "running":
            owner = trial.user_attrs.get(OWNER)
            # Without an owner it died between being asked for and being described.
            if owner is not None and not is_gone(Owner.model_validate(owner)):
                continue
        elif outcome != "interrupted":
            continue
        if trial.number not in followed and trial.params:
            study.enqueue_trial(trial.params, user_attrs={RETRY_OF: trial.number})
            queued += 1
        if outcome == "running":
            study.tell(trial.number, state=TrialState.FAIL)
    return queued
