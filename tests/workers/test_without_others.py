"""Workers never load the backend that they have no use for, unless the user's code does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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


def test_a_training_with_jax_loads_none_and_the_users_code_may(tmp_path):
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").write_text('__version__ = "a stand-in"\n')
    (tmp_path / "users_own.py").write_text("import tensorflow\nVERSION = tensorflow.__version__\n")
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), str(REPOSITORY)])
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", TRAINED],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == "done\n"


def test_a_worker_of_tensorflow_loads_no_jax_and_the_users_code_may(tmp_path):
    (tmp_path / "jax.py").write_text('__version__ = "a stand-in"\n')
    (tmp_path / "users_own.py").write_text("import jax\nVERSION = jax.__version__\n")
    lines = (
        "import sys",
        "from ablate.workers.without_others import do_without_others",
        "do_without_others('tensorflow')",
        "import keras, tensorflow",
        "print(keras.backend.backend(), 'jax' in sys.modules)",
        "import users_own",
        "print(users_own.VERSION)",
    )
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), str(REPOSITORY)])
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", "\n".join(lines)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == "tensorflow False\na stand-in\n"


def test_other_backends_of_keras_change_nothing():
    from ablate.workers.without_others import do_without_others

    before = list(sys.meta_path)
    do_without_others("numpy")
    assert sys.meta_path == before
