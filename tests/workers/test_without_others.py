"""Workers never load the backend that they have no use for, unless the user's code does."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from ablate.backends import BACKENDS, BackendName

REPOSITORY = Path(__file__).parents[2]
TRAINED = """
import sys

from ablate.workers.without_others import do_without_others

do_without_others("jax")

import keras
import numpy as np
from keras.src.utils.module_utils import tensorflow

from ablate.data.split import Rows, Split
from ablate.spec.data import DataSettings
from ablate.spec.training import TrainingSettings
from ablate.spec.trial import TrialSpec
from ablate.training.device import prepare_device
from ablate.training.loop import Decision, train

assert keras.backend.backend() == "jax"
assert not tensorflow.available, "Keras does not look for it either"
prepare_device()
x, y = np.ones((16, 3), np.float32), np.arange(16) % 2
rows = Rows(x, np.arange(16))
split = Split(rows, y, rows, y, ("a", "b"))
spec = TrialSpec(
    data=DataSettings(dataset="npz"),
    data_digest="0",
    architecture="mlp",
    parameters={"units_1": 4, "layers": 1},
    training=TrainingSettings(epochs=1, batch_size=8, backend="jax"),
    seed=1,
)
result = train(spec, split, lambda epoch: Decision.CONTINUE)
assert result.outcome == "complete", result.reason
assert "tensorflow" not in sys.modules

import users_own

assert users_own.VERSION == "a stand-in"
assert "tensorflow" in sys.modules
print("done")
"""


LOADED = """
import sys

from ablate.workers.without_others import do_without_others

do_without_others("tensorflow")

import keras
import tensorflow

assert keras.backend.backend() == "tensorflow"
assert "jax" not in sys.modules

import users_own

assert users_own.VERSION == "a stand-in"
print("done")
"""


@pytest.mark.parametrize(
    ("backend", "useless", "program"),
    [("jax", "tensorflow", TRAINED), ("tensorflow", "jax", LOADED)],
)
def test_the_other_backend_is_not_loaded_unless_by_the_users_code(
    tmp_path, backend, useless, program
):
    (tmp_path / useless).mkdir()
    (tmp_path / useless / "__init__.py").write_text('__version__ = "a stand-in"\n')
    own = f"import {useless}\nVERSION = {useless}.__version__\n"
    (tmp_path / "users_own.py").write_text(own)
    environment = {**os.environ, "KERAS_BACKEND": backend}
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), str(REPOSITORY)])
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == "done\n"


def test_every_backend_that_a_study_may_name_is_described():
    assert get_args(BackendName) == tuple(BACKENDS)
    for name in BACKENDS:
        assert importlib.util.find_spec(f"ablate.training.backends.{name}")


def test_other_backends_of_keras_change_nothing():
    from ablate.workers.without_others import do_without_others

    before = list(sys.meta_path)
    do_without_others("numpy")
    assert sys.meta_path == before
