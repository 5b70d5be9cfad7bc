"""What became of trials, and queueing again what was cut off."""

from __future__ import annotations

import optuna
import pytest
from hand_made import GONE, make_stored
from optuna.trial import TrialState

from ablate.storage import open_storage
from ablate.trials import (
    OWNER,
    best_trial,
    close_lost,
    count_outcomes,
    fail_trial,
    finished,
    outcome_of,
    requeue_lost,
)


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
        trial.set_user_attr(OWNER, owner.model_dump())
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


def test_a_trial_whose_owner_is_gone_is_queued_again_once(study):
    trial = begun(study)
    assert requeue_lost(study, lambda owner: True) == 1
    assert requeue_lost(study, lambda owner: True) == 0
    assert outcomes(study) == ["interrupted", "waiting"]
    again = study.ask()
    assert again.suggest_int("units", 1, 1000) == trial.params["units"]


def test_a_crash_while_queueing_neither_loses_nor_repeats(study):
    trial = begun(study)
    # The crash came after the new trial was queued and before the old one was closed.
    study.enqueue_trial(trial.params, user_attrs={"retry_of": trial.number})
    assert requeue_lost(study, lambda owner: True) == 0
    assert outcomes(study) == ["interrupted", "waiting"]


def test_one_that_was_stopped_before_its_end_is_queued_again(study):
    end(study, "interrupted")
    assert requeue_lost(study, lambda owner: False) == 1
    assert outcomes(study) == ["interrupted", "waiting"]


def test_one_that_is_cut_off_again_is_queued_again(study):
    first = begun(study)
    requeue_lost(study, lambda owner: True)
    second = begun(study)
    assert requeue_lost(study, lambda owner: True) == 1
    assert outcomes(study) == ["interrupted", "interrupted", "waiting"]
    assert study.trials[2].user_attrs["retry_of"] == second.number == first.number + 1


@pytest.mark.parametrize("outcome", ["complete", "pruned", "infeasible", "failed"])
def test_one_that_ended_is_not_queued(study, outcome):
    end(study, outcome, 0.5 if outcome == "complete" else None)
    assert requeue_lost(study, lambda owner: True) == 0
    assert outcomes(study) == [outcome]


@pytest.mark.parametrize("mend", [requeue_lost, close_lost])
def test_a_trial_of_a_living_owner_is_left_alone(study, mend):
    begun(study)
    assert mend(study, lambda owner: False) == 0
    assert outcomes(study) == ["running"]


def test_a_trial_without_hyperparameters_is_closed_but_not_queued(study):
    study.ask()
    assert requeue_lost(study) == 0
    assert outcomes(study) == ["interrupted"]
    assert finished(study) == []


def test_closing_queues_nothing(study):
    begun(study)
    begun(study, owner=None)
    assert close_lost(study, lambda owner: True) == 2
    assert outcomes(study) == ["interrupted", "interrupted"]
    assert close_lost(study, lambda owner: True) == 0


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
    assert count_outcomes(study) == dict.fromkeys(
        ("pruned", "infeasible", "failed", "complete", "running", "waiting"), 1
    )


def test_a_trial_that_took_its_worker_down_is_recorded_as_failed(study, storage):
    trial = begun(study)
    fail_trial(study, storage, trial.number, "the worker was ended by SIGSEGV")
    assert outcomes(study) == ["failed"]
    assert study.trials[0].user_attrs["reason"] == "the worker was ended by SIGSEGV"
    assert requeue_lost(study) == 0


@pytest.mark.parametrize("outcome", ["complete", "pruned", "failed"])
def test_a_trial_that_was_finished_before_its_worker_died_stays_as_it_is(study, storage, outcome):
    end(study, outcome, 0.5 if outcome == "complete" else None)
    fail_trial(study, storage, 0, "the worker was ended by SIGSEGV")
    assert outcomes(study) == [outcome]
    assert "reason" not in study.trials[0].user_attrs


@pytest.mark.parametrize("described", [False, True])
def test_a_point_of_the_grid_that_was_cut_off_is_tried_again(study, described):
    """Optuna takes a point as visited where a trial of it was begun."""
    study.sampler = optuna.samplers.GridSampler({"units": [4, 8, 16]}, seed=0)
    trial = study.ask()
    if described:
        trial.suggest_int("units", 1, 1000)
    assert requeue_lost(study, lambda owner: True) == 1
    study.optimize(lambda trial: float(trial.suggest_int("units", 1, 1000)), n_trials=3)
    tried = [trial.params["units"] for trial in study.trials[1:]]
    assert sorted(tried) == [4, 8, 16]
    assert outcomes(study) == ["interrupted", "complete", "complete", "complete"]
    if described:
        assert tried[0] == trial.params["units"]


def test_the_best_trial_is_the_earliest_of_the_lowest(study):
    assert best_trial(study) is None
    for loss in (0.4, 0.3, 0.3):
        end(study, "complete", loss)
    for outcome in ("pruned", "infeasible", "failed"):
        end(study, outcome)
    begun(study)
    assert best_trial(study).number == 1
