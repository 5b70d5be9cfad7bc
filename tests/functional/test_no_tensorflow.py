"""All commands do without TensorFlow where it is not installed, as with the other backends."""

from __future__ import annotations

import pytest
from conftest import needs

HIDDEN = """
import sys


class NoTensorFlow:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "tensorflow":
            return None
        return self.finder.find_spec(name, path, target)

    def __getattr__(self, name):
        return getattr(self.finder, name)


sys.meta_path[:] = [NoTensorFlow(finder) for finder in sys.meta_path]
"""


@pytest.fixture
def bare(project):
    """A project on a machine on which no process finds TensorFlow."""
    (project.folder / "site").mkdir()
    (project.folder / "site" / "sitecustomize.py").write_text(HIDDEN)
    return project


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_a_study_runs_and_is_reported(bare, backend):
    needs(backend)
    around = {"KERAS_BACKEND": backend, "PYTHONPATH": str(bare.folder / "site")}
    for command in (
        ("run", "study.toml", "--trials", "1", "--workers", "1"),
        ("report", "dense"),
    ):
        found = bare.ablate_anew(*command, **around)
        assert found.returncode == 0, found.stderr
    assert "1 complete" in found.stdout


def test_a_study_that_needs_it_is_told_what_there_is(bare):
    needs("jax")
    found = bare.ablate_anew("check", "study.toml", PYTHONPATH=str(bare.folder / "site"))
    assert found.returncode == 2
    assert "training.backend: the backend tensorflow is not installed" in found.stderr
    assert 'install it: pip install tensorflow, or set backend = "jax"' in found.stderr
