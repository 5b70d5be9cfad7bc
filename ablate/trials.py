"""The trials of an Optuna study: begun once for all, what became of them, and closing what was cut off."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from optuna import exceptions, storages
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from ablate.owner import Owner

if TYPE_CHECKING:
    from optuna import Study

OWNER, OUTCOME, RETRY_OF, SLOT, DIED = "owner", "outcome", "retry_of", "slot", "died"
"""User attributes of an Optuna trial."""
LIVES = 3
"""So often a trial is begun that takes its worker down; then it has failed."""


class TakenError(Exception):
    """Another run trains, or has trained, what a trial was begun for."""


def begin(
    study: Study,
    attributes: Mapping[str, Any],
    given: Mapping[str, Any],
    rivals: Callable[[Sequence[FrozenTrial]], Sequence[FrozenTrial]],
) -> Trial:
    """Begins a trial that belongs to this process from its first moment.

    Optuna's ``ask`` makes a trial first and describes it later: a crash in between leaves one that
    nobody knows.

    Args:
        study: the Optuna study, with the sampler that chooses.
        attributes: user attributes.
        given: system attributes, see `slots.given_again`.
        rivals: which of a study's trials are for the same as this one.

    Raises:
        TakenError: an earlier one of those is being trained, or has been; this one is closed.
    """
    template = create_trial(
        state=TrialState.RUNNING,
        user_attrs={OWNER: Owner.this_process().model_dump(), **attributes},
        system_attrs=dict(given),
    )
    storage = study._storage  # over a database a cache, which must know the trial
    trial_id = storage.create_new_trial(study._study_id, template_trial=template)
    number = storage.get_trial_number_from_id(trial_id)
    trials = storage.get_all_trials(study._study_id)
    earlier = [t for t in rivals(trials) if t.number < number and not _is_ghost(t, template)]
    for ghost in (t for t in trials if t.number != number and _is_ghost(t, template)):
        storage.set_trial_state_values(ghost._trial_id, TrialState.FAIL)
    if any(fills(trial) or outcome_of(trial) == "running" for trial in earlier):
        storage.set_trial_state_values(trial_id, TrialState.FAIL)
        raise TakenError
    return Trial(study, trial_id)


def _is_ghost(trial: FrozenTrial, mine: FrozenTrial) -> bool:
    """Whether a running trial is of this process, which has only one.

    A database whose answer was lost has made it already when it is asked again.
    """
    owner = mine.user_attrs[OWNER]
    return trial.state is TrialState.RUNNING and trial.user_attrs.get(OWNER) == owner


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


def fills(trial: FrozenTrial) -> bool:
    """Whether a trial counts: complete, pruned, infeasible and failed ones do."""
    return outcome_of(trial) in ("complete", "pruned", "infeasible", "failed")


def best_trial(study: Study) -> FrozenTrial | None:
    """The complete trial with the lowest validation loss, the earliest where several have it."""
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return min(complete, key=lambda trial: (trial.value, trial.number), default=None)


def finished(study: Study) -> list[FrozenTrial]:
    """The trials that count: complete, pruned, infeasible and failed ones."""
    return [trial for trial in study.get_trials(deepcopy=False) if fills(trial)]


def bury_trial(
    study: Study,
    number: int,
    reason: str,
    rivals: Callable[[Sequence[FrozenTrial]], Sequence[FrozenTrial]],
) -> str:
    """Records, for a worker that cannot any more, what its running trial took it down by.

    The trial is trained again; the third that dies for the same has failed. One that the worker
    had finished before it died stays as it is.

    Args:
        study: the Optuna study.
        number: the trial's number.
        reason: how the worker ended.
        rivals: which of a study's trials are for the same as this one.

    Returns:
        The trial's outcome.
    """
    storage, study_id = study._storage, study._study_id
    trial_id = storage.get_trial_id_from_study_id_trial_number(study_id, number)
    trial = storage.get_trial(trial_id)
    if not trial.state.is_finished():
        died = sum(DIED in t.user_attrs for t in rivals(storage.get_all_trials(study_id)))
        storage.set_trial_user_attr(trial_id, DIED, reason)
        if died + 1 >= LIVES:
            storage.set_trial_user_attr(trial_id, "reason", f"{reason}, {LIVES} times")
            storage.set_trial_user_attr(trial_id, OUTCOME, "failed")
        study.tell(number, state=TrialState.FAIL)
    return outcome_of(storage.get_trial(trial_id))


def count_outcomes(study: Study) -> dict[str, int]:
    """How many trials of a study have each outcome; those trained again are not counted twice."""
    counts = Counter(outcome_of(trial) for trial in study.get_trials(deepcopy=False))
    counts.pop("interrupted", None)
    return dict(counts)


def close_lost(study: Study, is_gone: Callable[[Owner], bool] = Owner.is_gone) -> int:
    """Closes every trial whose owner is gone, so that another can be begun in its place.

    Where the storage keeps heartbeats, also those of other machines whose heart has stopped.

    Args:
        study: the Optuna study.
        is_gone: whether a process has ended.

    Returns:
        How many trials there were.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", exceptions.ExperimentalWarning)
        storages.fail_stale_trials(study)
    lost = [t for t in study.get_trials(deepcopy=False) if _is_lost(t, is_gone)]
    for trial in lost:
        # Another run may have closed it in the meantime.
        study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
    return len(lost)


def _is_lost(trial: FrozenTrial, is_gone: Callable[[Owner], bool]) -> bool:
    """Whether a trial is running and its owner gone, or not known."""
    owner = trial.user_attrs.get(OWNER)
    return trial.state is TrialState.RUNNING and (
        owner is None or is_gone(Owner.model_validate(owner))
    )
