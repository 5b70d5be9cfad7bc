"""What a worker loads is loaded without looking for garbage, and never looked through again."""

from __future__ import annotations

import gc
import sys

import pytest

from ablate.workers.loading import load


@pytest.fixture
def module(tmp_path, monkeypatch):
    """One that says whether garbage was looked for while it was imported."""
    (tmp_path / "heavy_one.py").write_text("import gc\nLOOKED = gc.isenabled()\nKEPT = [[]]\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "heavy_one"
    sys.modules.pop("heavy_one", None)
    gc.unfreeze()


def test_modules_are_loaded_without_looking_for_garbage(module):
    assert gc.isenabled()
    load(module)
    assert sys.modules[module].LOOKED is False
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
    assert all(one is not sys.modules[module].KEPT for one in gc.get_objects())


def test_what_is_loaded_is_left_alone(module):
    load(module)
    gc.unfreeze()
    load(module)
    assert gc.get_freeze_count() == 0


def test_a_module_that_cannot_be_loaded_leaves_things_as_they_were(module):
    with pytest.raises(ModuleNotFoundError):
        load(module, "no_such_module_anywhere")
    assert gc.isenabled()
