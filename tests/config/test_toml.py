import pytest

from ablate.config.toml import override, read_toml
from ablate.errors import InputError


def test_tables_are_read(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text('[study]\nname = "ü"\nseed = 3\n', encoding="utf-8")
    assert read_toml(path) == {"study": {"name": "ü", "seed": 3}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"x = = 3", "not valid TOML: Invalid value (at line 1, column 5)"),
        (
            b"a = 1\n[study\n",
            "Expected ']' at the end of a table declaration (at line 2, column 7)",
        ),
        (b"name = '\xff'", "not UTF-8 text: invalid start byte"),
    ],
)
def test_what_is_not_toml_is_said_with_its_place(tmp_path, content, message):
    path = tmp_path / "a.toml"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_toml(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).endswith(message)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError) as caught:
        read_toml(tmp_path / "none.toml")
    assert str(caught.value) == f"{tmp_path / 'none.toml'}: there is no such file"


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(InputError) as caught:
        read_toml(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}: cannot be read: ")


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("training.epochs=3", {"training": {"epochs": 3}}),
        (" training.epochs = 3 ", {"training": {"epochs": 3}}),
        ("training.learning_rate=1e-3", {"training": {"learning_rate": 0.001}}),
        ("study.name=second try", {"study": {"name": "second try"}}),
        ("study.name='second'", {"study": {"name": "second"}}),
        ("study.name=", {"study": {"name": ""}}),
        ("study.name=a=b", {"study": {"name": "a=b"}}),
        ("fix.batch_norm=false", {"fix": {"batch_norm": False}}),
        ("tune.rate={ low = 1, high = 2 }", {"tune": {"rate": {"low": 1, "high": 2}}}),
        ("top=[1, 2]", {"top": [1, 2]}),
    ],
)
def test_values_are_set_as_in_toml(setting, expected):
    assert override({}, [setting]) == expected


def test_the_given_tables_stay_as_they_are():
    data = {"training": {"epochs": 1, "batch_size": 2}}
    assert override(data, ["training.epochs=3"]) == {"training": {"epochs": 3, "batch_size": 2}}
    assert data == {"training": {"epochs": 1, "batch_size": 2}}


def test_the_last_of_two_settings_counts():
    assert override({}, ["a.b=1", "a.b=2", "a.c=3"]) == {"a": {"b": 2, "c": 3}}


@pytest.mark.parametrize("setting", ["epochs", "=3", "training.=3", ".epochs=3", "a..b=3", ""])
def test_a_setting_without_key_or_value_is_refused(setting):
    with pytest.raises(InputError) as caught:
        override({}, [setting])
    rule = "must be written KEY=VALUE, for example training.epochs=3"
    assert str(caught.value) == f'--set: {rule}, found "{setting}"'


def test_a_key_through_a_value_is_refused():
    with pytest.raises(InputError) as caught:
        override({"study": {"name": "s"}}, ["study.name.x=3"])
    assert str(caught.value) == "--set: study.name.x: name is not a table"
