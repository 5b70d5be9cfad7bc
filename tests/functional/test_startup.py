"""Only worker processes load Keras, and nothing is loaded that a command does not need."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import sys
from ablate.cli import cli
try:
    cli.main(sys.argv[1:], standalone_mode=False)
finally:
    heavy = {"keras", "tensorflow", "jax", "torch"} & set(sys.modules)
    assert not heavy, heavy
    print("loaded:", sorted({"optuna", "pandas", "sklearn", "seaborn"} & set(sys.modules)))
"""


@pytest.mark.parametrize(
    ("arguments", "loaded"),
    [
        (["--help"], []),
        (["check", "smoke"], []),
        (["check"], []),
        (["run", "--help"], []),
        (["report", "dense"], ["optuna", "pandas", "sklearn"]),
        (["export", "--help"], []),
        (["list"], ["optuna"]),
        (["show", "dense", "0"], ["optuna"]),
        (["doctor"], ["optuna"]),
    ],
)
def test_keras_is_not_loaded(finished, arguments, loaded):
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        cwd=finished.folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == f"loaded: {loaded}"


def test_the_parent_of_a_run_does_not_load_keras(project):
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, "run", "study.toml", "--trials", "1"],
        cwd=project.folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
