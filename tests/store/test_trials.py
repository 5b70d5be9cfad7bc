"""Beginning trials, what became of them, and closing what was cut off."""

from __future__ import annotations

import pytest
from hand_made import GONE, make_stored
from optuna.trial import TrialState

from ablate.store.attributes import OWNER
from ablate.store.ledger import Ledger, close_lost
from ablate.store.owner import Owner
from ablate.store.place import open_storage
from ablate.store.trials import TakenError, begin, bury_trial, finished, outcome_of


@pytest.fixture
def storage(project):
    return open_storage(project.place)


@pytest.fixture
def study(project, storage):
    (found,) = make_stored(project.study(), storage).tuning.values()
    return found


def begun(study, owner=GONE):
    """A trial that is being trained."""
    trial = study.ask()
    trial.suggest_int("units", 1, 1000)
    if owner is not None:
        OWNER.write(trial, owner)
    return trial


def outcomes(study):
    return [outcome_of(trial) for trial in study.trials]


def end(study, outcome, value=None):
    trial = begun(study)
    if outcome != "complete":
        trial.set_user_attr("outcome", outcome)
    states = {"complete": TrialState.COMPLETE, "failed": TrialState.FAIL}
    states["interrupted"] = TrialState.FAIL
    study.tell(trial, value, state=states.get(outcome, TrialState.PRUNED))


def test_a_trial_of_a_living_owner_is_left_alone(study):
    begun(study)
    assert close_lost(Ledger(study), lambda owner: False) == 0
    assert outcomes(study) == ["running"]


@pytest.mark.parametrize("outcome", ["complete", "pruned", "infeasible", "failed"])
def test_one_that_ended_stays_as_it_is(study, outcome):
    end(study, outcome, 0.5 if outcome == "complete" else None)
    assert close_lost(Ledger(study), lambda owner: True) == 0
    assert outcomes(study) == [outcome]


def test_trials_without_a_living_owner_are_closed(study):
    begun(study)
    begun(study, owner=None)
    assert close_lost(Ledger(study), lambda owner: True) == 2
    assert outcomes(study) == ["interrupted", "interrupted"]
    assert close_lost(Ledger(study), lambda owner: True) == 0


def test_outcomes_are_told_from_states_and_attributes(study):
    for outcome in ("pruned", "infeasible", "failed", "interrupted"):
        end(study, outcome)
    end(study, "complete", 0.5)
    begun(study)
    study.enqueue_trial({"units": 3})
    assert outcomes(study) == [
        *("pruned", "infeasible", "failed", "interrupted"),
        *("complete", "running", "waiting"),
    ]
    assert [trial.number for trial in finished(study)] == [0, 1, 2, 4]


def everything(study):
    """Reads all trials, as if they were for the same."""
    return lambda: study.get_trials(deepcopy=False)


def test_the_third_trial_that_takes_its_worker_down_has_failed(study, storage):
    for _ in range(2):
        number = begun(study).number
        reason = "the worker was ended by SIGSEGV"
        assert bury_trial(study, number, reason, everything(study)) == "interrupted"
    third = begun(study).number
    assert bury_trial(study, third, "the worker ended with exit code 3", everything(study)) == (
        "failed"
    )
    assert outcomes(study) == ["interrupted", "interrupted", "failed"]
    assert study.trials[2].user_attrs["reason"] == "the worker ended with exit code 3, 3 times"
    assert [trial.user_attrs.get("died") for trial in study.trials[:2]] == [reason] * 2


@pytest.mark.parametrize("outcome", ["complete", "pruned", "failed"])
def test_a_trial_that_was_finished_before_its_worker_died_stays_as_it_is(study, storage, outcome):
    end(study, outcome, 0.5 if outcome == "complete" else None)
    assert bury_trial(study, 0, "the worker was ended by SIGSEGV", everything(study)) == outcome
    assert outcomes(study) == [outcome]
    assert "reason" not in study.trials[0].user_attrs


def test_a_trial_belongs_to_its_process_from_the_beginning(study, storage):
    trial = begin(study, {"slot": 4}, {"fixed_params": {"units": 7}}, everything(study))
    (found,) = study.trials
    assert (found.state, found.user_attrs["slot"]) == (TrialState.RUNNING, 4)
    assert Owner.model_validate(found.user_attrs["owner"]) == Owner.this_process()
    assert trial.suggest_int("units", 1, 1000) == 7
    study.tell(trial, 0.5)
    assert outcomes(study) == ["complete"]


@pytest.mark.parametrize(
    ("earlier", "is_taken"),
    [
        ("complete", True),
        ("pruned", True),
        ("infeasible", True),
        ("failed", True),
        ("running", True),
        ("interrupted", False),
    ],
)
def test_of_two_trials_for_the_same_the_earlier_one_counts(study, storage, earlier, is_taken):
    if earlier == "running":
        begun(study)
    else:
        end(study, earlier, 0.5 if earlier == "complete" else None)
    if is_taken:
        with pytest.raises(TakenError):
            begin(study, {}, {}, everything(study))
    else:
        begin(study, {}, {}, everything(study))
    assert outcomes(study) == [earlier, "interrupted" if is_taken else "running"]
    begin(study, {}, {}, list)
