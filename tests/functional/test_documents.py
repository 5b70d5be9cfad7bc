"""The documents say what is so: their commands exist, their files are valid, their help is ours."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from ablate import catalog
from ablate.cli import cli

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXT = {page.name: page.read_text() for page in PAGES}


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


def test_the_guide_can_be_followed_from_an_empty_folder(project):
    for path in project.folder.iterdir():
        path.unlink()
    guide = TEXT["guide.md"]
    (project.folder / "my_models.py").write_text(blocks(guide, "python")[0])
    space, study = blocks(guide, "toml")[:2]
    (project.folder / "my_space.toml").write_text(space)
    (project.folder / "my_study.toml").write_text(study)
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
    for command in re.findall(r"`(ablate \w+ my_study[^`]*|ablate data npz[^`]*)`", guide):
        result = project.ablate(*shlex.split(command)[1:])
        assert result.returncode == 0, f"{command}: {result.stderr}"
        assert "Traceback" not in result.stdout + result.stderr
    assert (project.folder / "reports" / "my_study" / "report.md").exists()


def test_the_python_page_runs(project):
    import subprocess
    import sys

    code = blocks(TEXT["python.md"], "python")[0]
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project.folder,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert result.returncode == 0, result.stderr
    assert "val_accuracy" in result.stdout


def test_every_key_of_a_study_file_is_in_the_guide():
    from ablate.config.study import _Study
    from ablate.config.tuning import TuneTable
    from ablate.spec import TrainingSettings

    keys = {*TrainingSettings.model_fields, *TuneTable.model_fields, *_Study.model_fields}
    for name in catalog.available("datasets"):
        keys |= {name, *catalog.load("datasets", name).Options.model_fields}
    missing = {key for key in keys if f"`{key}`" not in TEXT["guide.md"]}
    assert not missing


def test_the_changelog_and_the_design_page_name_what_there_is():
    for folder in (path.name for path in (ROOT / "ablate").iterdir() if path.is_dir()):
        if not folder.startswith("_"):
            assert f"`{folder}/`" in TEXT["design.md"], folder
    for module in (path.name for path in (ROOT / "ablate").glob("*.py")):
        if not module.startswith("_"):
            assert f"`{module}`" in TEXT["design.md"], module
