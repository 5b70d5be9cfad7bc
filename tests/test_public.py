"""What `import ablate` gives."""

from __future__ import annotations

import pytest

import ablate
from ablate.workers.executors.shares import visible_gpus


def test_the_public_names_are_there_sorted_and_documented():
    assert ablate.__all__ == sorted(ablate.__all__)
    for name in ablate.__all__:
        assert getattr(ablate, name).__doc__


def test_results_of_a_study_that_was_not_run_are_refused(finished):
    with pytest.raises(ablate.InputError) as caught:
        ablate.results("dens", storage=finished.place.url)
    assert str(caught.value) == 'dens: no such study has been run; did you mean "dense"?'


PROMISED = [
    "phase",
    "dataset",
    "variant",
    "number",
    "outcome",
    "val_loss",
    "val_accuracy",
    "val_f1",
    "parameters",
    "trainable_parameters",
    "flops",
    "training_seconds",
    "seconds_per_epoch",
    "epochs",
    "best_epoch",
    "test_loss",
    "test_accuracy",
    "test_f1",
    "test_images",
    "inference_seconds",
    "reason",
    "seed",
    "fingerprint",
    "device",
]
TESTED = [name for name in PROMISED if name.startswith("test_")] + ["inference_seconds"]


def test_results_have_the_promised_columns(finished):
    table = ablate.results("dense", storage=finished.place.url)
    assert table.columns.tolist() == [*PROMISED, "units", "learning_rate"]
    assert set(table["phase"]) == {"tune"}
    complete = table[table["outcome"] == "complete"]
    assert complete.drop(columns=["reason", *TESTED]).notna().all().all()
    assert table[TESTED].isna().all().all(), "a search meets no test images"
    assert table["fingerprint"].str.len().eq(16).all()
    assert table[table["outcome"] == "pruned"]["val_loss"].isna().all()


def test_results_of_a_comparison_hold_its_search_and_its_replicates(compared):
    table = ablate.results("compared", storage=compared.place.url)
    assert table.columns.tolist() == [*PROMISED, "units", "learning_rate"]
    assert table["outcome"].tolist() == ["complete"] * 10
    tuned, replicates = (table[table["phase"] == phase] for phase in ("tune", "replicate"))
    assert tuned["variant"].tolist() == ["units=16"] * 2 + ["units=4"] * 2
    assert tuned["seed"].tolist() == [0] * 4
    assert tuned[TESTED].isna().all().all()
    assert replicates.drop(columns="reason").notna().all().all()
    # All variants of a seed before the next seed; they take turns in being first.
    assert list(zip(replicates["seed"], replicates["variant"], strict=True)) == [
        (1, "units=16"),
        (1, "units=4"),
        (2, "units=4"),
        (2, "units=16"),
        (3, "units=16"),
        (3, "units=4"),
    ]
    assert table["fingerprint"].is_unique
    for variant, own in replicates.groupby("variant"):
        (rate,) = set(own["learning_rate"])
        searched = tuned[tuned["variant"] == variant]
        assert rate == searched.loc[searched["val_loss"].idxmin(), "learning_rate"]


def test_what_results_promises_is_what_its_description_names():
    text = ablate.results.__doc__
    missing = [name for name in PROMISED if f"``{name}``" not in text]
    assert not missing


def test_several_workers_can_be_asked_for(project, monkeypatch):
    asked = {}
    monkeypatch.setattr(
        "ablate.running.run.run_study", lambda study, place, **how: asked.update(how)
    )
    ablate.run(project.study(), workers=3)
    executor = asked["executor"](5)
    assert (executor.workers, executor.threads, asked["in_turn"]) == (3, 5, False)
    ablate.run(project.study(), threads=2)
    assert asked["executor"](5).threads == 2
    assert asked["in_turn"] is (not visible_gpus())
