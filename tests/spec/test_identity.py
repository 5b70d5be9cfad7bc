"""A study goes on under the rules that it was begun with."""

from __future__ import annotations

import pytest
from hand_made import make_stored
from pydantic import PositiveInt

from ablate.config import load_study
from ablate.running.run import as_begun
from ablate.spec import identity
from ablate.spec.data import DataSettings
from ablate.spec.identity import WORDS, earlier_defaults, under_rules
from ablate.spec.training import TrainingSettings
from ablate.spec.trial import TrialSpec
from ablate.store.place import open_storage
from ablate.store.studies import find_study


@pytest.fixture
def changed(monkeypatch):
    """Two changes of defaults: rules 2 and 3, which are today's."""
    monkeypatch.setattr(identity, "RULES", 3)
    table = {2: {"training.momentum": 0.5, "data.validation": 0.2}, 3: {"training.momentum": 0.7}}
    monkeypatch.setattr(identity, "CHANGED", table)


def test_the_first_change_after_a_version_counts(changed):
    assert earlier_defaults(1) == {"training.momentum": 0.5, "data.validation": 0.2}
    assert earlier_defaults(2) == {"training.momentum": 0.7}
    assert earlier_defaults(3) == {}


def test_what_is_left_out_has_the_default_of_its_version(changed):
    assert under_rules({"study": {}}, 1) == {
        "study": {},
        "training": {"momentum": 0.5},
        "data": {"validation": 0.2},
    }
    given = {"training": {"momentum": 0.9}, "data": {"validation": 0.1}}
    assert under_rules(given, 1) == given
    assert under_rules({"training": {}}, 3) == {"training": {}}


def test_a_stored_spec_has_the_default_on_every_data_set(changed):
    stored = {"training": {}, "datasets": [{"dataset": "a"}, {"dataset": "b", "validation": 0.1}]}
    filled = under_rules(stored, 1)
    assert [one["validation"] for one in filled["datasets"]] == [0.2, 0.1]


def test_a_table_that_a_study_does_without_is_not_made(monkeypatch):
    monkeypatch.setattr(identity, "CHANGED", {2: {"tune.sampler": "random", "fix.a.b": 1}})
    assert under_rules({"training": {}}, 1) == {"training": {}}
    assert under_rules({"tune": {}, "fix": {}}, 1) == {
        "tune": {"sampler": "random"},
        "fix": {"a": {"b": 1}},
    }


def test_the_words_of_the_first_version_are_settings_of_today():
    """A word that no setting has any more would be taken from search spaces for nothing."""
    later = set(TrainingSettings.model_fields) - WORDS
    assert later == {
        *("batch_norm_averages", "class_weight", "weighted_metrics"),
        *("gradient_clip_norm", "warmup_epochs"),
    }, "later settings must not be among WORDS; list them here"


def test_a_later_setting_with_its_default_changes_no_fingerprint(monkeypatch):
    class Later(TrainingSettings):
        warmup: PositiveInt = 1

    def spec(training):
        return TrialSpec(
            data=DataSettings(dataset="digits"),
            data_digest="1",
            architecture="baseline",
            parameters={},
            training=training,
            seed=0,
        ).fingerprint

    assert spec(Later()) == spec(TrainingSettings())
    assert spec(Later(warmup=2)) != spec(TrainingSettings())


def test_a_study_goes_on_under_the_rules_that_it_was_begun_with(project, changed):
    """The file says nothing of momentum; what that means is what it meant when it was begun."""
    text = project.study_file.read_text().replace("[training]", '[training]\noptimizer = "sgd"')
    project.study_file.write_text(text)
    begun = load_study(project.study_file, (), {}, rules=1)
    assert (begun.rules, begun.training.momentum) == (1, 0.5)
    assert [data.validation for data in begun.datasets] == [0.2]
    make_stored(begun, open_storage(project.place))
    now = load_study(project.study_file, (), {}, rules=3)
    assert now.training.momentum == 0.9
    assert as_begun(project.place, now) == begun
    stored = find_study(open_storage(project.place), "dense")
    assert stored is not None
    assert stored.spec == begun
