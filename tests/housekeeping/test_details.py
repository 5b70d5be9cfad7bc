"""Everything that is recorded of one training run."""

from __future__ import annotations

from pathlib import Path

import pytest
from hand_made import cell
from kept_study import GONE, result

from ablate.housekeeping.details import Hyperparameter, details
from ablate.housekeeping.lookup import find_run
from ablate.store.ledger import Ledger, close_lost
from ablate.store.trials import begin


def shown(kept, number, **options):
    run = find_run(kept.stored, number, **options)
    return details(kept.stored, run, kept.artifacts)


def test_a_finished_trial(whole):
    found = shown(whole, 1, phase="tune", variant="units=4")
    assert (found.outcome, found.owner, found.is_gone) == ("complete", GONE, True)
    assert found.curves == result().curves
    assert [problem for _, problem in found.artifacts] == [None, None]
    rate = whole.stored.tuning[cell("units=4")].trials[1].params["learning_rate"]
    assert found.hyperparameters[:2] == (
        Hyperparameter("units", 4, "varied"),
        Hyperparameter("trouble", "none", ""),
    )
    origins = {one.name: (one.value, one.origin) for one in found.hyperparameters}
    assert origins["learning_rate"] == (rate, "tuned")
    assert origins["epochs"] == (2, "")


def test_a_replicate_has_the_hyperparameters_that_were_chosen(whole):
    found = shown(whole, 2, phase="replicate")
    tuned = {one.name: one.value for one in found.hyperparameters if one.origin == "tuned"}
    assert tuned == {"learning_rate": 0.1}
    assert found.attributes["test_accuracy"] == 0.87


def test_one_that_was_cut_off_names_the_one_in_its_place(kept):
    trial = kept.begin()
    trial.report(0.7, step=1)
    found = shown(kept, 0, phase="tune")
    assert (found.outcome, found.is_gone, found.retried_as) == ("running", True, None)
    assert (found.curves, found.reported) == ((), {1: 0.7})
    close_lost(Ledger(trial.study))
    given = {"fixed_params": trial.params}
    begin(trial.study, {"retry_of": 0}, given, list)
    assert shown(kept, 0, phase="tune").retried_as == 1
    again = shown(kept, 1, phase="tune")
    assert (again.outcome, again.attributes["retry_of"]) == ("running", 0)
    rate = Hyperparameter("learning_rate", trial.params["learning_rate"], "tuned")
    assert rate in again.hyperparameters


def test_one_without_hyperparameters_yet_has_none(kept):
    kept.stored.tuning[cell("units=4")].ask()
    assert shown(kept, 0, phase="tune").hyperparameters == ()


@pytest.mark.parametrize("content", [b"", b"epoch,lo"])
def test_curves_that_cannot_be_read_are_said(kept, content):
    kept.tune()
    found = shown(kept, 0)
    curves = next(one for one, _ in found.artifacts if one.name == "learning_curves.csv")
    Path(curves.where).write_bytes(content)
    found = shown(kept, 0)
    assert found.curves == ()
    assert [problem for _, problem in found.artifacts] == ["is cut off", None]
