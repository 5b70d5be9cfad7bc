from pathlib import Path

import pytest

from ablate.config.search_space import find_search_space, load_search_space
from ablate.errors import InputError
from ablate.spec.space import Choices, Range

ROOT = Path(__file__).parents[2]
MODEL = """
def build(input_shape, num_classes, *, units=16, dropout=0.1, norm=True, act="relu"):
    raise NotImplementedError
"""
NORM = "norm = { choices = [true, false], default = true }"


def load(folder, parameters, architecture="model.py:build"):
    (folder / "model.py").write_text(MODEL)
    path = folder / "space.toml"
    path.write_text(f'architecture = "{architecture}"\n[parameters]\n{parameters}\n')
    return load_search_space(path)


def problems(folder, *arguments):
    with pytest.raises(InputError) as caught:
        load(folder, *arguments)
    lines = str(caught.value).replace(f"{folder}/model.py", "model.py").splitlines()
    assert all(line.startswith(f"{folder}/space.toml: ") for line in lines)
    return [line.removeprefix(f"{folder}/space.toml: ") for line in lines]


def test_parameters_are_read_with_their_domains(tmp_path):
    space, architecture = load(
        tmp_path,
        f"""
        units = {{ low = 4, high = 64, step = 4, default = 16 }}
        dropout = {{ low = 0.0, high = 0.6, step = 0.1, default = 0, off = 0 }}
        act = {{ choices = ["relu", "gelu"], default = "relu", when = {{ norm = true }} }}
        {NORM}
        """,
    )
    assert space.name == "space"
    assert space.architecture == "model.py:build"
    assert space["units"].domain == Range(low=4, high=64, step=4)
    assert space["act"].domain == Choices(choices=("relu", "gelu"))
    assert space["act"].when == {"norm": (True,)}
    assert space["dropout"].off == 0.0
    assert isinstance(space["dropout"].default, float)
    assert architecture.source == (tmp_path / "model.py").resolve()
    assert architecture.is_users


def test_a_condition_comes_before_its_user(tmp_path):
    text = "units = { low = 1, high = 3, default = 1, when = { norm = [true] } }\n" + NORM
    assert load(tmp_path, text)[0].names == ("norm", "units")


def test_a_whole_default_of_a_whole_range_stays_whole(tmp_path):
    space, _ = load(tmp_path, "units = { low = 1, high = 3, default = 2.0 }")
    assert isinstance(space["units"].default, int)


TABLE = "must be a table: { low = ..., high = ... } or { choices = [...] }"


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("units = 3", f"parameters.units: {TABLE}, found 3"),
        ("units = { low = 1, high = 3 }", "parameters.units.default: is required"),
        ("units = { low = 1, default = 1 }", "parameters.units.high: is required"),
        (
            "units = { low = 1, high = 3, default = 4 }",
            "parameters.units.default: must lie in the domain (1 to 3), found 4",
        ),
        (
            "units = { low = 1, high = 3, default = 2, off = 0 }",
            "parameters.units.off: must lie in the domain (1 to 3), found 0",
        ),
        (
            "units = { low = 1, high = 3, default = true }",
            "parameters.units.default: must lie in the domain (1 to 3), found true",
        ),
        (
            "units = { choices = [1, 2], default = 3 }",
            "parameters.units.default: must lie in the domain (1, 2), found 3",
        ),
        (
            "dropout = { low = 0.0, high = 0.6, step = 0.1, default = 0.15 }",
            "parameters.dropout.default: must lie in the domain (0.0 to 0.6 in steps of 0.1), found 0.15",
        ),
        (
            "units = { low = 3, high = 1, default = 2 }",
            "parameters.units: low must not be above high (low = 3, high = 1)",
        ),
        (
            "units = { low = 0, high = 1, log = true, default = 1 }",
            "parameters.units: a log range needs low above 0 (low = 0)",
        ),
        (
            "units = { low = 1, high = 8, log = true, step = 1, default = 1 }",
            "parameters.units: step and log cannot be used together",
        ),
        (
            "units = { low = 1, high = 8, step = 0, default = 1 }",
            "parameters.units: step must be above 0 (step = 0)",
        ),
        (
            "units = { low = 1, high = 2, step = 0.5, default = 1 }",
            "parameters.units: a range of whole numbers needs a whole step (step = 0.5)",
        ),
        (
            "units = { low = 1, high = 10, step = 4, default = 1 }",
            "parameters.units: high must be low plus a whole number of steps "
            "(low = 1, high = 10, step = 4)",
        ),
        (
            "units = { low = 1, high = inf, default = 1 }",
            "parameters.units: low and high must be finite numbers",
        ),
        (
            'units = { low = "1", high = 3, default = 1 }',
            'parameters.units.low: must be a number, found "1"',
        ),
        (
            "units = { low = true, high = 3, default = 1 }",
            "parameters.units.low: must be a number, found true",
        ),
        (
            "units = { low = 1, high = 3, log = 1, default = 1 }",
            "parameters.units.log: must be true or false, found 1",
        ),
        (
            "units = { choices = 3, default = 1 }",
            "parameters.units.choices: must be a list, found 3",
        ),
        ("units = { choices = [], default = 1 }", "parameters.units: choices must not be empty"),
        (
            "units = { low = 1, high = 3, default = 1, hgh = 2 }",
            'parameters.units.hgh: unknown key; did you mean "high"?',
        ),
        (
            "units = { choices = [1, 2], default = 1, low = 3 }",
            "parameters.units.low: unknown key; known: choices, default, off, when",
        ),
        (
            "unit = { low = 1, high = 3, default = 1 }",
            'parameters.unit: model.py:build takes no such parameter; did you mean "units"?',
        ),
        (
            "units = { low = 1, high = 3, default = 1, when = 3 }",
            "parameters.units.when: must be a table: "
            "{ other_parameter = value } or { other_parameter = [values] }, found 3",
        ),
        (
            f"units = {{ low = 1, high = 3, default = 1, when = {{ nrm = true }} }}\n{NORM}",
            'parameters.units.when.nrm: unknown parameter; did you mean "norm"?',
        ),
        (
            'units = { low = 1, high = 3, default = 1, when = { act = "glu" } }\n'
            'act = { choices = ["relu", "gelu"], default = "relu" }',
            'parameters.units.when.act: must lie in the domain of act (relu, gelu), found "glu"',
        ),
        (
            "units = { low = 1, high = 3, default = 1, when = { units = 1 } }",
            "parameters: these parameters wait for each other: units",
        ),
        (
            "units = { low = 1, high = 3, default = 1, when = { norm = true } }\n"
            "norm = { choices = [true, false], default = true, when = { units = 1 } }",
            "parameters: these parameters wait for each other: units, norm",
        ),
    ],
)
def test_a_wrong_parameter_is_said(tmp_path, parameters, expected):
    assert problems(tmp_path, parameters) == [expected]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (
            "learning_rate = { low = 1, high = 3, default = 1 }",
            "parameters.learning_rate: this name is a training setting; rename the parameter",
        ),
        (
            "trials = { low = 1, high = 3, default = 1 }",
            "parameters.trials: this name has a meaning of its own in study files",
        ),
        (
            '"a-b" = { low = 1, high = 3, default = 1 }',
            "parameters.a-b: a parameter's name must be a Python name",
        ),
    ],
)
def test_a_name_with_another_meaning_is_said(tmp_path, parameters, expected):
    assert expected in problems(tmp_path, parameters)


@pytest.mark.parametrize(
    "parameters",
    [
        "units = { low = 1, high = 3, default = nan }",
        "units = { low = 1, high = 3, default = inf }",
        "units = { low = 1, high = 3, default = 1, off = inf }",
        f"units = {{ low = 1, high = 3, default = 1, when = {{ norm = [[true]] }} }}\n{NORM}",
        f"units = {{ low = 1, high = 3, default = 1, when = {{ norm = {{ a = 1 }} }} }}\n{NORM}",
    ],
)
def test_an_odd_value_is_a_problem_and_no_crash(tmp_path, parameters):
    assert problems(tmp_path, parameters)


def test_a_choice_that_is_no_scalar_is_said_once(tmp_path):
    found = problems(tmp_path, "units = { choices = [[1]], default = 1 }")
    assert [line.partition(": ")[0] for line in found] == ["parameters.units.choices.0"]


def test_a_misspelt_off_is_recognised(tmp_path):
    text = "units = { low = 1, high = 3, default = 1, of = 1 }"
    assert problems(tmp_path, text) == ['parameters.units.of: unknown key; did you mean "off"?']


def test_a_condition_that_can_never_hold_is_said(tmp_path):
    assert problems(
        tmp_path, f"units = {{ low = 1, high = 3, default = 1, when = {{ norm = [] }} }}\n{NORM}"
    )


def test_all_problems_are_said_at_once(tmp_path):
    text = (
        "units = { low = 3, high = 1, default = 2 }\nact = { choices = [], default = 1 }\nnrm = 3"
    )
    assert problems(tmp_path, text, "model.py:biuld") == [
        "parameters.units: low must not be above high (low = 3, high = 1)",
        "parameters.act: choices must not be empty",
        f"parameters.nrm: {TABLE}, found 3",
        'architecture: model.py: no function biuld is defined there; did you mean "build"?',
    ]


@pytest.mark.parametrize(
    ("architecture", "expected"),
    [
        ("baselin", 'architecture: baselin: unknown architecture; did you mean "baseline"?'),
        (
            "model.py",
            'architecture: model.py: an architecture in a file is written "file.py:function"',
        ),
        (
            "model.py:1x",
            'architecture: model.py:1x: an architecture in a file is written "file.py:function"',
        ),
    ],
)
def test_an_unknown_architecture_is_said(tmp_path, architecture, expected):
    assert problems(tmp_path, "", architecture) == [expected]


def test_a_missing_architecture_file_is_named(tmp_path):
    expected = f"architecture: {tmp_path}/none.py: there is no such file"
    assert problems(tmp_path, "", "none.py:build") == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["architecture: is required", "parameters: is required"]),
        ('architecture = "baseline"', ["parameters: is required"]),
        ("architecture = 3\n[parameters]", ["architecture: must be text, found 3"]),
        ('architecture = "baseline"\nparameters = 3', ["parameters: must be a table, found 3"]),
        (
            'architecture = "baseline"\ndescriptio = "x"\n[parameters]',
            ['descriptio: unknown key; did you mean "description"?'],
        ),
    ],
)
def test_a_wrong_header_is_said(tmp_path, text, expected):
    path = tmp_path / "space.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_search_space(path)
    assert str(caught.value).splitlines() == [f"{path}: {line}" for line in expected]


def test_a_build_with_open_keywords_takes_any_parameter(tmp_path):
    (tmp_path / "open.py").write_text("def build(input_shape, num_classes, **options): ...\n")
    parameters = "anything = { low = 1, high = 3, default = 1 }"
    assert load(tmp_path, parameters, "open.py:build")[0].names == ("anything",)


def test_a_search_space_is_found_by_name_or_path(tmp_path):
    (tmp_path / "mine.toml").touch()
    assert find_search_space("mine.toml", tmp_path) == tmp_path / "mine.toml"
    assert find_search_space("baseline", tmp_path).samefile(ROOT / "search_spaces/baseline.toml")


def test_an_unknown_search_space_is_said(tmp_path):
    with pytest.raises(InputError, match='did you mean "baseline"'):
        find_search_space("baselin", tmp_path)
    with pytest.raises(InputError) as caught:
        find_search_space("none.toml", tmp_path)
    assert str(caught.value) == f"{tmp_path}/none.toml: there is no such search space"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("space", 'space: unknown search space; did you mean "space.toml"?'),
        (
            "zzz",
            "zzz: unknown search space; known: baseline, bottleneck, mlp, resnet, variation; a file of "
            "yours ends in .toml",
        ),
        ("folder.toml", "{folder}/folder.toml: is a folder; name a file"),
    ],
)
def test_a_search_space_beside_the_study_is_named(tmp_path, name, expected):
    (tmp_path / "space.toml").touch()
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(InputError) as caught:
        find_search_space(name, tmp_path)
    assert str(caught.value) == expected.format(folder=tmp_path)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "search_spaces").rglob("*.toml")), ids=lambda p: p.stem
)
def test_every_shipped_search_space_loads(path):
    space, architecture = load_search_space(path)
    assert space.description
    assert not architecture.is_users
    for parameter in space.parameters:
        assert parameter.default in parameter.domain
