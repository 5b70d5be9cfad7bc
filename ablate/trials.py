"""The trials of an Optuna study: what became of them, and queueing again what was cut off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from optuna.trial import FrozenTrial, TrialState, create_trial

from ablate.owner import Owner

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import BaseStorage

OWNER, OUTCOME, RETRY_OF = "owner", "outcome", "retry_of"
"""User attributes of an Optuna trial."""
GRID = ("grid_id", "search_space")
"""System attributes that Optuna's grid sampler gives a trial."""


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


def best_trial(study: Study) -> FrozenTrial | None:
    """The complete trial with the lowest validation loss, the earliest where several have it."""
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return min(complete, key=lambda trial: (trial.value, trial.number), default=None)


def finished(study: Study) -> list[FrozenTrial]:
    """The trials that count: complete, pruned, infeasible and failed ones."""
    counting = ("complete", "pruned", "infeasible", "failed")
    return [t for t in study.get_trials(deepcopy=False) if outcome_of(t) in counting]


def fail_trial(study: Study, storage: BaseStorage, number: int, reason: str) -> None:
    """Records, for a worker that cannot any more, that its running trial failed.

    A trial that it had finished before it died stays as it is.
    """
    study_id = storage.get_study_id_from_name(study.study_name)
    trial_id = storage.get_trial_id_from_study_id_trial_number(study_id, number)
    if storage.get_trial(trial_id).state.is_finished():
        return
    storage.set_trial_user_attr(trial_id, "reason", reason)
    storage.set_trial_user_attr(trial_id, OUTCOME, "failed")
    study.tell(number, state=TrialState.FAIL)


def count_outcomes(study: Study) -> dict[str, int]:
    """How many trials of a study have each outcome; those trained again are not counted twice."""
    counts = Counter(outcome_of(trial) for trial in study.get_trials(deepcopy=False))
    counts.pop("interrupted", None)
    return dict(counts)


def requeue_lost(study: Study, is_gone: Callable[[Owner], bool] = Owner.is_gone) -> int:
    """Queues every trial again that was cut off, with the same hyperparameters.

    A trial is cut off when its owner is gone, or when it was stopped before its end. The new
    trial is queued before the old one is closed, and names it: a crash in between neither loses
    a trial nor queues it twice.

    Args:
        study: the Optuna study.
        is_gone: whether a process has ended.

    Returns:
        How many trials were queued again.
    """
    trials = study.get_trials(deepcopy=False)
    followed = {trial.user_attrs.get(RETRY_OF) for trial in trials}
    queued = 0
    for trial in trials:
        outcome = outcome_of(trial)
        if outcome != "interrupted" and not _is_lost(trial, is_gone):
            continue
        if trial.number not in followed and _queue_again(study, trial):
            queued += 1
        if outcome == "running":
            study.tell(trial.number, state=TrialState.FAIL)
    return queued


def _queue_again(study: Study, trial: FrozenTrial) -> bool:
    """Queues a trial with the hyperparameters that it had; False where it had none yet.

    What the grid sampler has noted goes along: it fails over a queued trial without it, and takes
    the point of the grid as visited.
    """
    noted = {name: trial.system_attrs[name] for name in GRID if name in trial.system_attrs}
    if trial.params:
        noted["fixed_params"] = trial.params
    if noted:
        study.add_trial(
            create_trial(
                state=TrialState.WAITING,
                system_attrs=noted,
                user_attrs={RETRY_OF: trial.number},
            )
        )
    return bool(noted)


def close_lost(study: Study, is_gone: Callable[[Owner], bool] = Owner.is_gone) -> int:
    """Closes every trial whose owner is gone, and queues none; how many there were."""
    lost = [t for t in study.get_trials(deepcopy=False) if _is_lost(t, is_gone)]
    for trial in lost:
        study.tell(trial.number, state=TrialState.FAIL)
    return len(lost)


def _is_lost(trial: FrozenTrial, is_gone: Callable[[Owner], bool]) -> bool:
    """Whether a trial is running and its owner gone.

    Without an owner it died between being asked for and being described.
    """
    owner = trial.user_attrs.get(OWNER)
    return trial.state is TrialState.RUNNING and (
        owner is None or is_gone(Owner.model_validate(owner))
    )
