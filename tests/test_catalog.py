"""What comes with ablate, or another package brings, is found by its name."""

import hashlib
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from ablate import catalog
from ablate.catalog import find_architecture
from ablate.errors import InputError

ROOT = Path(__file__).parents[1]
KINDS = ["datasets", "architectures", "report_formats"]


def test_finding_and_checking_imports_nothing_heavy():
    code = f"""
import sys
from pathlib import Path
import ablate
from ablate import catalog, config
for kind in {KINDS}:
    catalog.available(kind)
for name in catalog.available("architectures"):
    catalog.arguments_of(catalog.find_architecture(name, Path()))
for name in catalog.available("datasets"):
    catalog.load("datasets", name)
for path in catalog.shipped("studies").values():
    config.load_study(path, (), {{}})
heavy = {{"keras", "tensorflow", "jax", "sklearn", "optuna", "pandas", "matplotlib", "numpy"}}
print(sorted(heavy & set(sys.modules)))
"""
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize("kind", KINDS)
def test_every_file_without_underscore_is_a_name(kind):
    known = catalog.available(kind)
    folder = ROOT.joinpath(*catalog._FOLDERS[kind].split("."))
    files = {path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")}
    assert files <= set(known)
    assert list(known) == sorted(known)


def test_a_name_gives_its_module():
    assert catalog.load("datasets", "line").SIDE == 28


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("datasets", "mnits", 'mnits: unknown data set; did you mean "mnist"?'),
        (
            "datasets",
            "zzz",
            "zzz: unknown data set; known: breast_cancer, california_housing, cifar10, ",
        ),
        ("datasets", "_base", "_base: unknown data set"),
        ("architectures", "baselin", 'baselin: unknown architecture; did you mean "baseline"?'),
        ("report_formats", "cvs", 'cvs: unknown report format; did you mean "csv"?'),
    ],
)
def test_an_unknown_name_is_said_with_the_nearest(kind, name, message):
    with pytest.raises(InputError) as caught:
        catalog.load(kind, name)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("folder", ["studies", "search_spaces"])
def test_the_shipped_files_are_those_of_the_folder(folder):
    files = {path.stem: path.resolve() for path in (ROOT / folder).glob("*.toml")}
    assert {name: path.resolve() for name, path in catalog.shipped(folder).items()} == files


def test_a_shipped_architecture_is_found_by_name(tmp_path):
    found = find_architecture("baseline", tmp_path)
    assert found.source == ROOT / "ablate" / "architectures" / "baseline.py"
    assert (found.function, found.is_users) == ("build", False)


def test_an_architecture_of_the_users_is_found_beside_the_file(tmp_path):
    (tmp_path / "nets").mkdir()
    source = tmp_path / "nets" / "mine.py"
    source.write_text("def make(input_shape, num_classes): ...\n")
    found = find_architecture("nets/mine.py:make", tmp_path)
    assert (found.source, found.function, found.is_users) == (source.resolve(), "make", True)
    assert found.digest == hashlib.sha256(source.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["mine.py", "mine.py:", "mine.py:1x", ":mine.py", "mine.py:a.b"])
def test_an_architecture_in_a_file_names_its_function(tmp_path, name):
    with pytest.raises(InputError) as caught:
        find_architecture(name, tmp_path)
    assert str(caught.value) == f'{name}: an architecture in a file is written "file.py:function"'


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError) as caught:
        find_architecture("none.py:build", tmp_path)
    assert str(caught.value) == f"{tmp_path.resolve() / 'none.py'}: there is no such file"


def test_other_packages_are_asked_only_for_what_is_not_shipped(monkeypatch):
    asked = []

    def entry_points(group):
        asked.append(group)
        return [EntryPoint("own", "theirs.own", group)]

    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)
    assert catalog.find("datasets", "line") == "ablate.datasets.line"
    assert not asked
    assert catalog.find("datasets", "own") == "theirs.own"
    assert catalog.find("datasets", "none") is None
    assert set(asked) == {"ablate.datasets"}
