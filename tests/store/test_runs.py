"""The walk over a study's training runs."""

from __future__ import annotations

import pytest
from hand_made import cell, compare, make_stored, replicate, tune

from ablate.store.results import results_table
from ablate.store.runs import RunReader, training_runs


@pytest.fixture
def stored(project):
    """Two variants, each tuned and replicated; a running trial, and one of another hand."""
    stored = make_stored(compare(project, "study.seed=5"))
    tune(stored, "units=16", 0.5, rate=0.1)
    tune(stored, "units=4", outcome="running", rate=0.2)
    replicate(stored, "units=4", 2, tuned={"learning_rate": 0.3})
    stored.replicates.tell(stored.replicates.ask(), 0.5)
    return stored


def test_every_training_run_says_what_it_is(stored):
    found = list(training_runs(stored.spec, stored.parts))
    assert [(run.phase, run.cell, run.seed, run.title, dict(run.tuned)) for run in found] == [
        ("tune", cell("units=16"), 5, "trial 0", {"learning_rate": 0.1}),
        ("tune", cell("units=4"), 5, "trial 0", {"learning_rate": 0.2}),
        ("replicate", cell("units=4"), 2, "the replicate with seed 2", {"learning_rate": 0.3}),
    ]
    assert [run.part for run in found] == list(stored.parts)


def test_the_table_of_results_has_a_row_for_each(stored):
    table = results_table(stored)
    assert table["phase"].tolist() == ["tune", "tune", "replicate"]
    assert table["learning_rate"].tolist() == [0.1, 0.2, 0.3]
    assert table["units"].tolist() == [16, 4, 4]


def test_the_table_says_which_replicates_do_not_count(stored):
    assert "left_out" not in results_table(stored)
    table = results_table(stored, {0: "of an earlier choice"})
    assert table["left_out"].fillna("").tolist() == ["", "", "of an earlier choice"]


def test_what_is_no_finite_number_is_missing_in_the_table(stored):
    """Earlier versions stored such."""
    values = {"test_loss": 0.25, "test_f1": float("nan"), "val_f1": float("inf"), "epochs": None}
    replicate(stored, "units=4", 3, tuned={"learning_rate": 0.3}, val_loss=float("nan"), **values)
    row = results_table(stored).iloc[-1]
    assert row["test_loss"] == 0.25
    assert row[["test_f1", "val_f1", "epochs", "val_loss"]].isna().all()


def test_what_the_study_has_no_more_is_no_run_of_it(stored):
    part = next(part for part in stored.parts if part.cell is None)
    trial, other = stored.replicates.trials
    assert RunReader(stored.spec).read(part, other) is None
    without = stored.spec.model_copy(update={"variants": stored.spec.variants[:1]})
    assert RunReader(stored.spec).read(part, trial).cell == cell("units=4")
    assert RunReader(without).read(part, trial) is None


def test_a_replicate_of_a_study_that_tunes_nothing_has_no_tuned_values(project):
    stored = make_stored(compare(project).model_copy(update={"tune": None}))
    replicate(stored, "units=16", 1, tuned={})
    (run,) = training_runs(stored.spec, stored.parts)
    assert run.tuned == {}
