"""The table of measures: what follows from it, and how values are written."""

from __future__ import annotations

from collections import Counter

import pytest

from ablate import tasks
from ablate.spec.measures import EVERY, measures_of
from ablate.spec.published import PublishedValues
from ablate.spec.trial import Epoch


def test_every_key_belongs_to_one_measure():
    assert Counter(EVERY.keys).most_common(1)[0][1] == 1
    assert len(EVERY.keys) == sum(len(measure.stages) for measure in EVERY.all)
    assert len(EVERY.by_name) == len(EVERY.all)


def test_the_objective_is_the_trials_value_and_no_attribute():
    assert EVERY.keys[0] == "val_loss"
    assert set(EVERY.keys) - set(EVERY.stored) == {"val_loss"}


@pytest.mark.parametrize(
    ("name", "value", "heading", "text", "sentence"),
    [
        ("accuracy", 0.98765, "accuracy", "0.9877", "0.9877"),
        ("loss", -0.00004, "loss", "−0.0000", "−0.0000"),
        ("parameters", 1_234_567, "parameters", "1,234,567", "1,234,567"),
        ("flops", 2**60 + 1, "FLOPs", "1,152,921,504,606,846,977", "1,152,921,504,606,846,977"),
        ("training_seconds", 12.345, "time (s)", "12.3", "12.3 s"),
        ("seconds_per_epoch", 1.5, "time of an epoch (s)", "1.50", "1.50 s"),
        ("inference_seconds", 0.00041, "latency (ms)", "0.41", "0.00041 s"),
    ],
)
def test_values_are_written_under_a_heading_and_in_a_sentence(name, value, heading, text, sentence):
    measure = EVERY.by_name[name]
    assert measure.heading == heading
    assert (measure.text(value), measure.text_with_unit(value)) == (text, sentence)


def test_a_score_is_stored_for_each_set_of_images_and_a_cost_once():
    assert [EVERY.by_name["f1"].key(stage) for stage in ("validation", "test")] == [
        "val_f1",
        "test_f1",
    ]
    assert EVERY.by_name["parameters"].key("validation") == EVERY.by_name["parameters"].key("test")


def test_what_training_spends_is_marked_so_whatever_its_unit():
    """A trial that repeats another takes over all else: an amount of energy, say, would not be its own."""
    of_training = {one.name for one in EVERY.all if one.stages == ("training",)}
    assert {one.name for one in EVERY.all if one.spent} == of_training - {"epochs", "best_epoch"}


def test_an_epoch_has_what_is_shown_of_it():
    assert set(Epoch.model_fields) == {
        *("epoch", "seconds", "objective"),
        *(measure.name for measure in EVERY.curves),
        *(measure.key("validation") for measure in EVERY.curves),
    }


def test_the_pareto_front_weighs_nothing_that_has_no_better_side():
    assert all(measure.better for measure in EVERY.shown("front"))


def test_verdicts_and_published_numbers_know_the_scores_by_the_same_names():
    found = measures_of("classification").metrics
    assert list(found) == ["accuracy", "f1", "loss"]
    assert set(found) < set(PublishedValues.model_fields)


@pytest.mark.parametrize("task", tasks.names())
def test_a_task_has_what_it_measures_and_no_other_scores(task):
    found = tasks.find(task)
    assert {m.name for m in measures_of(task, found.measures).scores} == {*found.measures, "loss"}
    everything = measures_of(task, found.scores)
    assert {measure.name for measure in everything.scores} == {*found.scores, "loss"}
    assert found.metric in measures_of(task, found.measures).metrics
    weighed = measures_of(task, found.measures).weighed
    assert [measure.name for measure in weighed if not measure.is_score] == [
        "parameters",
        "training_seconds",
    ]
    assert sum(measure.is_score for measure in weighed) == 1
