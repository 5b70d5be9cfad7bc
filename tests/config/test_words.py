"""No new word of study files takes the name of a search space's parameter away."""

from __future__ import annotations

import pytest

from ablate.config import load_study, search_space, words
from ablate.errors import InputError
from ablate.planning.plan import configure, make_plan, size_of_space, untuned
from ablate.spec import identity
from ablate.spec.data import DataShape

MODEL = """
def build(input_shape, num_classes, *, objective=1, repeats=1, width=1, augmentation=False, weight_decay=1, batch_norm_averages="none"):
    raise NotImplementedError
"""
SPACE = """
architecture = "model.py:build"
[parameters]
objective = { low = 1, high = 4, default = 1 }
repeats = { low = 1, high = 4, default = 1 }
width = { choices = [1, 2], default = 1 }
augmentation = { choices = [false, true], default = false, off = false }
"""
LATER = "weight_decay = { choices = [1, 2, 3], default = 1 }\n"
STUDY = """
[study]
name = "words"
dataset = "digits"
search_space = "space.toml"
"""


@pytest.fixture
def load(tmp_path):
    def load(tables, space=SPACE):
        (tmp_path / "model.py").write_text(MODEL)
        (tmp_path / "space.toml").write_text(space)
        (tmp_path / "study.toml").write_text(STUDY + tables)
        return load_study(tmp_path / "study.toml", (), {})

    return load


@pytest.fixture
def later(monkeypatch):
    """As if weight_decay were a setting that came after the search space was written."""
    fewer = identity.WORDS - {"weight_decay"}
    for module in (identity, words, search_space):
        monkeypatch.setattr(module, "WORDS", fewer)


def test_words_that_may_come_are_parameters(load):
    study = load(
        """
        [fix]
        augmentation = true
        [vary]
        width = [1, 2]
        [tune]
        trials = 3
        parameters = ["objective"]
        repeats = { low = 2, high = 3 }
        """
    )
    assert [variant.values for variant in study.variants] == [{"width": 1}, {"width": 2}]
    tuned = {parameter.name: parameter for parameter in study.architectures[0].tuned}
    assert set(tuned) == {"objective", "repeats"}
    network, _ = configure(study, "width=2", lambda parameter: parameter.domain.ends()[0])
    assert network == {"objective": 1, "repeats": 2, "width": 2, "augmentation": True}


def test_a_word_of_the_first_version_stays_a_setting(load):
    with pytest.raises(InputError) as caught:
        load("[replicate]\nseeds = 1", SPACE + LATER)
    assert str(caught.value).endswith(
        "parameters.weight_decay: this name is a training setting; rename the parameter"
    )


def test_a_later_word_stays_a_parameter_where_a_space_has_it(load, later):
    study = load("[tune]\ntrials = 3\nweight_decay = { choices = [2, 3] }", SPACE + LATER)
    network, training = configure(study, "space", lambda parameter: 3)
    assert network["weight_decay"] == 3
    assert training.weight_decay is None
    assert size_of_space(study, "space") == 2
    plan = make_plan(study, {"digits": DataShape(1000, 100, (8, 8, 1), 10)})
    assert plan.trials == 3


@pytest.mark.parametrize("key", ["vary", "fix"])
def test_it_is_varied_and_fixed_as_a_parameter(load, later, key):
    table = "[vary]\nweight_decay = [1, 3]" if key == "vary" else "[fix]\nweight_decay = 3"
    study = load(f"{table}\n[replicate]\nseeds = 1", SPACE + LATER)
    network, training = configure(study, study.variants[-1].name, untuned)
    assert (network["weight_decay"], training.weight_decay) == (3, None)


def test_it_is_a_setting_where_no_space_has_it(load, later):
    study = load("[vary]\nweight_decay = [0.1, 0.2]\n[replicate]\nseeds = 1")
    _, training = configure(study, "weight_decay=0.2", untuned)
    assert training.weight_decay == 0.2


AVERAGES = 'batch_norm_averages = { choices = ["none", "some"], default = "none" }\n'


@pytest.mark.parametrize(
    ("tables", "value"),
    [
        ('[fix]\nbatch_norm_averages = "some"\n[replicate]\nseeds = 1', "some"),
        ('[vary]\nbatch_norm_averages = ["none", "some"]\n[replicate]\nseeds = 1', "some"),
        ('[training]\nbatch_norm_averages = "recalibrated"\n[replicate]\nseeds = 1', "none"),
    ],
)
def test_a_users_parameter_called_batch_norm_averages_is_kept(load, tables, value):
    study = load(tables, SPACE + AVERAGES)
    network, training = configure(study, study.variants[-1].name, untuned)
    assert network["batch_norm_averages"] == value
    given = "recalibrated" if "[training]" in tables else "moving"
    assert training.batch_norm_averages == given


def test_a_key_of_a_table_that_came_later_stays_a_parameter(load, monkeypatch):
    """As if [tune] had got a key called repeats."""
    from ablate.config import study, tuning

    class Later(tuning.TuneTable):
        repeats: int = 1

    for module in (study, tuning):
        monkeypatch.setattr(module, "TuneTable", Later)
    tuned = load("[tune]\ntrials = 3\nrepeats = { low = 2, high = 3 }").architectures[0].tuned
    assert [parameter.name for parameter in tuned] == ["repeats"]
