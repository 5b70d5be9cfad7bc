"""The documents say what is so: their commands exist, their files are valid, their help is ours."""

from __future__ import annotations

import configparser
import importlib.util
import re
import shlex
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest

from ablate import catalog
from ablate.cli import cli

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXT = {page.name: page.read_text() for page in PAGES}
TEXT["reports/README.md"] = (ROOT / "reports" / "README.md").read_text()


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands():
    for name, text in TEXT.items():
        for block in blocks(text, "console"):
            for line in block.splitlines():
                command = line.removeprefix("$ ").split(" #")[0].strip()
                if command.startswith("ablate "):
                    yield pytest.param(command, id=f"{name}: {command}")
        for command in re.findall(r"`(ablate [a-z]+ [^`]*)`", text):
            yield pytest.param(command, id=f"{name}: {command}")


@pytest.mark.parametrize("command", list(commands()))
def test_every_command_is_understood(command):
    _, name, *arguments = shlex.split(command.replace("...", ""))
    found = cli.get_command(None, name)
    assert found is not None, f"there is no command {name}"
    found.make_context(name, arguments)


def test_the_help_pages_are_those_of_the_commands():
    spec = importlib.util.spec_from_file_location("make_commands", ROOT / "docs/make_commands.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert TEXT["commands.md"] == module.commands_page(), "run: make docs"


@pytest.fixture
def followed(project):
    """An empty folder with the guide's files, as their names stand in its text."""
    shutil.rmtree(project.place.folder)
    for path in project.folder.iterdir():
        path.unlink()
    guide = TEXT["guide.md"]
    (project.folder / "my_models.py").write_text(blocks(guide, "python")[0])
    files = re.findall(r"`(my_\w+\.toml)`[^\n]*\n\n```toml\n(.*?)```", guide, re.DOTALL)
    for name, text in files:
        (project.folder / name).write_text(text)
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 120)
    images = rng.random((120, 6, 6)).astype(np.float32) / 2 + labels[:, None, None] / 3
    np.savez(
        project.folder / "mine.npz",
        x_train=images[:90],
        y_train=labels[:90],
        x_test=images[90:],
        y_test=labels[90:],
    )
    assert {path.name for path in project.folder.iterdir()} == {
        "mine.npz",
        "my_models.py",
        "my_dense.toml",
        "my_convolutional.toml",
        "my_comparison.toml",
        "my_study.toml",
    }
    return project


@pytest.mark.parametrize(
    ("study", "commands", "figures"),
    [
        (
            "my_comparison",
            ["data", "check", "plan", "run", "report"],
            {"differences.svg", "expected_best.svg"},
        ),
        ("my_study", ["run", "report"], {"learning_curves.svg", "tradeoff.svg"}),
    ],
)
def test_the_guide_can_be_followed_from_an_empty_folder(followed, study, commands, figures):
    found = re.findall(rf"`(ablate \w+ {study}[^`]*|ablate data npz[^`]*)`", TEXT["guide.md"])
    # Only once: what the data hold does not depend on the study.
    chosen = [shlex.split(command)[1:] for command in found]
    chosen = [words for words in chosen if words[0] != "data" or study == "my_comparison"]
    assert [words[0] for words in chosen] == commands
    for words in chosen:
        result = followed.ablate(*words)
        assert result.returncode == 0, f"{words}: {result.stderr}"
        assert "Traceback" not in result.stdout + result.stderr
    written = {path.name for path in (followed.folder / "reports" / study).iterdir()}
    assert figures | {"report.html", "report.md", "trials.csv"} <= written
    if study == "my_comparison":
        assert "replicates: 12 complete\n" in result.stdout
        assert "Differences to my_dense\n" in result.stdout


def test_the_python_page_runs(project):
    import subprocess
    import sys

    code = blocks(TEXT["python.md"], "python")[0]
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project.folder,
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert result.returncode == 0, result.stderr
    assert "val_accuracy" in result.stdout


def test_every_key_of_a_study_file_is_in_the_guide():
    from ablate.config.tables import StudyTable
    from ablate.config.tuning import TuneTable
    from ablate.config.variants import VaryTable
    from ablate.spec.study import ArtifactSettings, ReplicateSettings, Resources
    from ablate.spec.training import TrainingSettings

    tables = (
        *(TrainingSettings, TuneTable, StudyTable, VaryTable, ReplicateSettings),
        *(ArtifactSettings, Resources),
    )
    keys = {key for table in tables for key in table.model_fields}
    for name in catalog.available("datasets"):
        keys |= {name, *catalog.load("datasets", name).Options.model_fields}
    text = TEXT["guide.md"] + TEXT["tasks.md"]
    missing = {key for key in keys if f"`{key}`" not in text}
    assert not missing


def test_the_readme_shows_the_study_that_it_runs():
    """What the README leaves out is what makes it quick; what it shows is so."""
    shown = tomllib.loads(blocks(TEXT["README.md"], "toml")[0])
    real = tomllib.loads((ROOT / "studies" / "line_dropout.toml").read_text())
    for table, keys in shown.items():
        for key, value in keys.items():
            assert real[table][key] == value, f"{table}.{key}"


def test_every_shipped_design_is_in_the_guide():
    from typing import get_args

    from ablate.spec.study import DesignName

    for design in get_args(DesignName):
        assert f"| `{design}` |" in TEXT["guide.md"]


def test_the_design_page_names_all_packages_and_modules():
    for folder in (path.name for path in (ROOT / "ablate").iterdir() if path.is_dir()):
        if not folder.startswith("_"):
            assert f"`{folder}/`" in TEXT["design.md"], folder
    for module in (path.name for path in (ROOT / "ablate").glob("*.py")):
        if not module.startswith("_"):
            assert f"`{module}`" in TEXT["design.md"], module


def test_the_modules_that_the_design_page_lists_exist():
    rows = re.findall(r"^\| (`\w+/`(?:, `\w+/`)*) \| (.*) \|$", TEXT["design.md"], re.MULTILINE)
    assert len(rows) > 15
    for packages, text in rows:
        for package in re.findall(r"`(\w+)/`", packages):
            for name in re.findall(r"`([^`]+)`", text):
                path = ROOT / "ablate" / package / name
                assert path.is_dir() or path.with_name(f"{path.name}.py").is_file(), path


def test_the_files_that_the_design_page_names_exist():
    text = re.sub(r"^\|.*$", "", TEXT["design.md"], flags=re.MULTILINE)
    names = set(re.findall(r"`([\w./-]+(?:/|\.py))`", text))
    assert len(names) > 30
    for name in names:
        if "NAME" not in name:
            assert (ROOT / name).exists() or (ROOT / "ablate" / name).exists(), name


def test_the_design_page_shows_the_layers_that_are_checked():
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    layers = contracts["importlinter:contract:layers"]["layers"].strip()
    assert blocks(TEXT["design.md"], "text") == [f"{layers}\n"]
