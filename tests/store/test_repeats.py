"""Trials that repeat another of their search: found by their whole spec, given its result."""

from __future__ import annotations

import optuna
import pytest
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState, create_trial

from ablate.spec.data import DataSettings
from ablate.spec.training import TrainingSettings
from ablate.spec.trial import TrialSpec
from ablate.store.attributes import FINGERPRINT, MODEL, OUTCOME, REPEATS, SLOT
from ablate.store.ledger import Ledger
from ablate.store.repeats import TrainedTrials, take_over
from ablate.store.trials import outcome_of

VALUES = CategoricalDistribution((1, 2, True, 16.0))


def spec(value):
    return TrialSpec(
        data=DataSettings(dataset="digits"),
        data_digest="0",
        architecture="baseline",
        parameters={"units": value},
        training=TrainingSettings(),
        seed=0,
    )


class Search:
    """A search whose trials are made by hand."""

    def __init__(self):
        self.study = optuna.create_study()
        self.trained = TrainedTrials(Ledger(self.study), lambda t: spec(t.params["units"]))

    def add(self, value, state=TrialState.COMPLETE, params=True, **attributes):
        self.study.add_trial(
            create_trial(
                state=state,
                value=0.5 if state is TrialState.COMPLETE else None,
                params={"units": value} if params else {},
                distributions={"units": VALUES} if params else {},
                user_attrs=attributes,
                intermediate_values={1: 0.75, 2: 0.5},
            )
        )

    def repeated_by(self, value):
        found = self.trained.same_as(self.study.ask(), spec(value))
        return None if found is None else found.number


@pytest.fixture
def search():
    return Search()


def test_the_trial_that_was_trained_with_the_same_spec_is_found(search):
    search.add(2)
    search.add(1)
    assert search.repeated_by(1) == 1
    assert search.repeated_by(16.0) is None
    search.add(16.0)
    assert search.repeated_by(16.0) == 4, "new trials are taken in"


def test_of_several_that_were_trained_the_first_is_named_and_never_a_repeat(search):
    search.add(1)
    search.add(1)
    search.add(2, **REPEATS.entry(0))
    assert search.repeated_by(1) == 0
    assert search.repeated_by(2) is None


@pytest.mark.parametrize("state", [TrialState.PRUNED, TrialState.FAIL])
def test_only_complete_trials_are_repeated(search, state):
    search.add(1, state)
    assert search.repeated_by(1) is None


def test_true_is_not_1(search):
    search.add(True)
    assert search.repeated_by(1) is None


def test_a_trial_whose_parameters_are_not_known_is_repeated_by_none(search):
    search.add(1, params=False)
    assert search.repeated_by(1) is None


def test_a_later_trial_is_not_repeated_by_an_earlier_one(search):
    begun = search.study.ask()
    search.add(1)
    assert search.trained.same_as(begun, spec(1)) is None


def test_a_repeat_takes_over_everything_but_times_files_and_its_own_place(search):
    attributes = FINGERPRINT.entry("abc") | SLOT.entry(0) | MODEL.entry("saved")
    search.add(1, **attributes, val_accuracy=0.9, epochs=2, training_seconds=3.0, later="kept")
    trial = search.study.ask()
    SLOT.write(trial, 1)
    result = take_over(trial, search.study.trials[0])
    assert result.repeats == 0
    assert result.measures == {"val_accuracy": 0.9, "epochs": 2, "val_loss": 0.5}
    search.study.tell(trial, result.objective)
    told = search.study.trials[1]
    assert (outcome_of(told), told.value) == ("complete", 0.5)
    assert told.intermediate_values == {1: 0.75, 2: 0.5}
    assert told.user_attrs == (
        SLOT.entry(1)
        | FINGERPRINT.entry("abc")
        | {"val_accuracy": 0.9, "epochs": 2, "later": "kept"}
        | REPEATS.entry(0)
        | OUTCOME.entry("complete")
    )
