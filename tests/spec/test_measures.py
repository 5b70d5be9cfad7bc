"""The table of measures: what follows from it, and how values are written."""

from __future__ import annotations

from collections import Counter

import pytest

from ablate.spec.measures import BY_NAME, CURVES, KEYS, MEASURES, METRICS, STORED, shown
from ablate.spec.published import PublishedValues
from ablate.spec.study import ReplicateSettings
from ablate.spec.trial import Epoch


def test_every_key_belongs_to_one_measure():
    assert Counter(KEYS).most_common(1)[0][1] == 1
    assert len(KEYS) == sum(len(measure.stages) for measure in MEASURES)
    assert len(BY_NAME) == len(MEASURES)


def test_the_objective_is_the_trials_value_and_no_attribute():
    assert KEYS[0] == "val_loss"
    assert set(KEYS) - set(STORED) == {"val_loss"}


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
    measure = BY_NAME[name]
    assert measure.heading == heading
    assert (measure.text(value), measure.text_with_unit(value)) == (text, sentence)


def test_a_score_is_stored_for_each_set_of_images_and_a_cost_once():
    assert [BY_NAME["f1"].key(stage) for stage in ("validation", "test")] == ["val_f1", "test_f1"]
    assert BY_NAME["parameters"].key("validation") == BY_NAME["parameters"].key("test")


def test_an_epoch_has_what_is_shown_of_it():
    assert set(Epoch.model_fields) == {
        *("epoch", "seconds"),
        *(measure.name for measure in CURVES),
        *(measure.key("validation") for measure in CURVES),
    }


def test_the_pareto_front_weighs_nothing_that_has_no_better_side():
    assert all(measure.better for measure in shown("front"))


def test_verdicts_and_published_numbers_know_the_scores_by_the_same_names():
    assert list(METRICS) == ["accuracy", "f1", "loss"]
    assert set(METRICS) < set(PublishedValues.model_fields)
    for name in METRICS:
        assert ReplicateSettings(seeds=1, metric=name).metric == name
