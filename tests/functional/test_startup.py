"""Only worker processes load Keras, and nothing is loaded that a command does not need."""

from __future__ import annotations

import importlib
import subprocess
import sys

import click
import pytest

from ablate.cli import COMMANDS

LIBRARIES = (
    *("importlib.metadata", "joblib", "matplotlib", "numpy", "optuna", "pandas", "psutil"),
    *("pydantic", "rich", "scipy", "seaborn", "sklearn", "sqlalchemy"),
)
"""What takes long to load."""
SCRIPT = f"""
import sys
from ablate.cli import cli
try:
    cli.main(sys.argv[1:], standalone_mode=False)
finally:
    heavy = {{"keras", "tensorflow", "jax", "torch"}} & set(sys.modules)
    assert not heavy, heavy
    print("loaded:", *(name for name in {LIBRARIES} if name in sys.modules))
"""
CHECK = ["importlib.metadata", "pydantic"]  # pydantic loads both
CHECK_DIGITS = [*CHECK, *("joblib", "numpy", "pandas", "psutil", "rich", "scipy", "sklearn")]
"""Scikit-learn holds the digits, and loads the others."""
READ = ["importlib.metadata", "numpy", "optuna", "pydantic", "rich"]


@pytest.mark.parametrize(
    ("arguments", "loaded"),
    [
        (["--help"], []),
        *(([name, "--help"], []) for name in COMMANDS),
        (["check", "epoch_two_spike"], [*CHECK, "numpy"]),
        (["check"], CHECK_DIGITS),
        (["check", "study.toml"], [*CHECK, "numpy"]),  # what a run has prepared
        (["report", "dense"], [*READ, "joblib", "pandas", "psutil", "scipy", "sklearn"]),
        (["list"], READ),
        (["show", "dense", "0"], [*READ, "psutil"]),
        (["doctor"], ["importlib.metadata", "numpy", "optuna", "pydantic"]),
    ],
)
def test_a_command_loads_only_what_it_needs(finished, arguments, loaded):
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        cwd=finished.folder,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert result.returncode == 0, result.stderr
    assert sorted(result.stdout.splitlines()[-1].split()[1:]) == sorted(loaded)


def run_python(code):
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


def test_importing_ablate_loads_nothing_that_takes_long():
    code = f"import sys, ablate; print([name for name in {LIBRARIES} if name in sys.modules])"
    assert run_python(code) == "[]"


def test_the_names_of_ablate_are_there():
    code = """
import ablate
from ablate import StudySpec
from ablate.spec.study import StudySpec as written
assert StudySpec is written is ablate.StudySpec
for name in ablate.__all__:
    assert getattr(ablate, name), name
print(hasattr(ablate, "StudySpecs"))
"""
    assert run_python(code) == "False"


def test_the_list_of_commands_loads_none_of_them():
    code = """
import sys
from ablate.cli import cli
cli.main(["--help"], standalone_mode=False)
print([name for name in sys.modules if name.startswith("ablate.cli.")])
"""
    assert run_python(code).splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_their_pages_say(name):
    command = importlib.import_module(f"ablate.cli.{name}").command
    listed = click.Command(name, help=COMMANDS[name])
    for limit in (20, 60, 200):
        assert listed.get_short_help_str(limit) == command.get_short_help_str(limit)


def test_the_program_that_draws_loads_seaborn_without_scipy():
    program = [sys.executable, "-X", "importtime", "-m", "ablate.report.figures.program"]
    answer = subprocess.run(program, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    names = [line.rpartition("|")[2].strip() for line in answer.stderr.splitlines()]
    assert "seaborn" in names
    assert "scipy._lib" not in names


def test_the_parent_of_a_run_does_not_load_keras(project):
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, "run", "study.toml", "--trials", "1"],
        cwd=project.folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
