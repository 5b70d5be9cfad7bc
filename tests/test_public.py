"""What `import ablate` gives."""

from __future__ import annotations

import pytest

import ablate


def test_the_public_names_are_there_sorted_and_documented():
    assert ablate.__all__ == sorted(ablate.__all__)
    for name in ablate.__all__:
        assert getattr(ablate, name).__doc__


def test_results_of_a_study_that_was_not_run_are_refused(finished):
    with pytest.raises(ablate.InputError) as caught:
        ablate.results("dens", storage=finished.place.url)
    assert str(caught.value) == 'dens: no such study has been run; did you mean "dense"?'


def test_results_have_the_promised_columns(finished):
    table = ablate.results("dense", storage=finished.place.url)
    promised = (
        "number outcome val_loss val_accuracy val_f1 parameters trainable_parameters flops "
        "training_seconds seconds_per_epoch epochs best_epoch reason seed fingerprint device "
        "units learning_rate"
    )
    assert set(table.columns) == set(promised.split())
    complete = table[table["outcome"] == "complete"]
    assert complete.drop(columns="reason").notna().all().all()
    assert table["fingerprint"].str.len().eq(16).all()
    assert table[table["outcome"] == "pruned"]["val_loss"].isna().all()
