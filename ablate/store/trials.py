"""A trial of an Optuna study: begun once for all, what became of it, and buried with its worker."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from ablate.limits import LIVES
from ablate.store.attributes import DIED, OUTCOME, OWNER, REASON
from ablate.store.owner import Owner

if TYPE_CHECKING:
    from optuna import Study

NO_REASON = "no reason recorded"
FILLING = ("complete", "pruned", "infeasible", "failed")
"""The outcomes of trials that count."""


class TakenError(Exception):
    """Another run trains, or has trained, what a trial was begun for."""


def begin(
    study: Study,
    attributes: Mapping[str, Any],
    given: Mapping[str, Any],
    rivals: Callable[[], Sequence[FrozenTrial]],
) -> Trial:
    """Begins a trial that belongs to this process from its first moment.

    Optuna's ``ask`` makes a trial first and describes it later: a crash in between leaves one that
    nobody knows.

    Args:
        study: the Optuna study, with the sampler that chooses.
        attributes: user attributes.
        given: system attributes, see `slots.given_again`.
        rivals: reads the trials that are for the same as this one, its rivals.

    Raises:
        TakenError: an earlier one of those is being trained, or has been; this one is closed.
    """
    template = create_trial(
        state=TrialState.RUNNING,
        user_attrs=OWNER.entry(Owner.this_process()) | dict(attributes),
        system_attrs=dict(given),
    )
    storage = study._storage  # over a database a cache, which must know the trial
    trial_id = storage.create_new_trial(study._study_id, template_trial=template)
    number = storage.get_trial_number_from_id(trial_id)
    others = [trial for trial in rivals() if trial.number != number]
    earlier = [t for t in others if t.number < number and not _is_ghost(t, template)]
    for ghost in (trial for trial in others if _is_ghost(trial, template)):
        storage.set_trial_state_values(ghost._trial_id, TrialState.FAIL)
    if any(fills(trial) or outcome_of(trial) == "running" for trial in earlier):
        storage.set_trial_state_values(trial_id, TrialState.FAIL)
        raise TakenError
    return Trial(study, trial_id)


def _is_ghost(trial: FrozenTrial, mine: FrozenTrial) -> bool:
    """Whether a running trial is of this process, which has only one.

    A database whose answer was lost has made it already when it is asked again.
    """
    return trial.state is TrialState.RUNNING and OWNER.of(trial) == OWNER.of(mine)


def outcome_of(trial: FrozenTrial) -> str:
    """A trial's outcome: ``waiting`` and ``running``, or one of `spec.trial.Outcome`."""
    match trial.state:
        case TrialState.COMPLETE:
            return "complete"
        case TrialState.PRUNED:
            return "infeasible" if OUTCOME.of(trial) == "infeasible" else "pruned"
        case TrialState.FAIL:
            return "failed" if OUTCOME.of(trial) == "failed" else "interrupted"
        case TrialState.RUNNING:
            return "running"
        case TrialState.WAITING:
            return "waiting"


def measured(trial: FrozenTrial, key: str) -> float | None:
    """A measure of a trial; None where it has none, or no finite number."""
    return finite(trial.user_attrs.get(key))


def finite(value: float | None) -> float | None:
    """A stored measure; None where it is no finite number, as earlier versions stored some."""
    return value if value is not None and math.isfinite(value) else None


def reason_of(trial: FrozenTrial) -> str:
    """Why a trial did not end well."""
    reason = REASON.of(trial)
    return NO_REASON if reason is None else reason


def cost_of(trial: FrozenTrial, sign: int) -> float:
    """The objective of a complete trial, so that less is better; infinite for one that is not."""
    if trial.state is not TrialState.COMPLETE or trial.value is None:
        return math.inf
    return sign * trial.value


def fills(trial: FrozenTrial) -> bool:
    """Whether a trial counts: complete, pruned, infeasible and failed ones do."""
    return outcome_of(trial) in FILLING


def finished(study: Study) -> list[FrozenTrial]:
    """The trials that count: complete, pruned, infeasible and failed ones."""
    return [trial for trial in study.get_trials(deepcopy=False) if fills(trial)]


def bury_trial(
    study: Study,
    number: int,
    reason: str,
    rivals: Callable[[], Sequence[FrozenTrial]],
) -> str:
    """Records, for a worker that cannot any more, what its running trial took it down by.

    The trial is trained again; when too many have died for the same, it has failed. One that the
    worker had finished before it died stays as it is.

    Args:
        study: the Optuna study.
        number: the trial's number.
        reason: how the worker ended.
        rivals: reads the trials that are for the same as this one.

    Returns:
        The trial's outcome.
    """
    storage, study_id = study._storage, study._study_id
    trial_id = storage.get_trial_id_from_study_id_trial_number(study_id, number)
    trial = storage.get_trial(trial_id)
    if not trial.state.is_finished():
        died = sum(DIED.is_on(t) for t in rivals())
        storage.set_trial_user_attr(trial_id, DIED.name, reason)
        if died + 1 >= LIVES:
            storage.set_trial_user_attr(trial_id, REASON.name, f"{reason}, {LIVES} times")
            storage.set_trial_user_attr(trial_id, OUTCOME.name, "failed")
        study.tell(number, state=TrialState.FAIL)
    return outcome_of(storage.get_trial(trial_id))
