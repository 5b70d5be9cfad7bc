"""Measures that `evaluate`, in the file of the network, gives."""

from __future__ import annotations

import numpy as np
import pytest

from ablate.data.split import Rows, Split, TestSet
from ablate.spec.data import DataSettings
from ablate.spec.training import TrainingSettings
from ablate.spec.trial import TrialSpec
from ablate.spec.user_metric import UserMetric
from ablate.training.loop import Decision
from tests.training.as_worker import train

RNG = np.random.default_rng(9)
X = RNG.normal(size=(100, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int64)
SPLIT = Split(Rows(X, np.arange(64)), Y[:64], Rows(X, np.arange(64, 80)), Y[64:80], ("no", "yes"))
TEST = TestSet(Rows(X, np.arange(80, 100)), Y[80:])
BUILD = """
import keras
import numpy as np

def build(input_shape, num_classes):
    return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(num_classes, "softmax")])
"""
GIVES = """
def evaluate(model, data):
    batches = [data[index] for index in range(len(data))]
    right = [model.predict_on_batch(x).argmax(1) == y.argmax(1) for x, y in batches]
    return {"own": np.concatenate(right).mean(), "size": sum(map(len, right)), "other": "text"}
"""
OWN = tuple(UserMetric(name=name, mode="max") for name in ("own", "size"))


@pytest.fixture
def run(tmp_path):
    def trained(code=GIVES, metrics=OWN, decide=lambda epoch: Decision.CONTINUE, **changes):
        file = tmp_path / "own.py"
        file.write_text(BUILD + code)
        spec = TrialSpec(
            data=DataSettings(dataset="npz"),
            data_digest="0",
            architecture="own.py:build",
            architecture_source=str(file),
            parameters={},
            training=TrainingSettings(epochs=3, batch_size=16, learning_rate=0.05),
            seed=2,
            user_metrics=metrics,
            **changes,
        )
        return train(spec, SPLIT, decide, TEST)

    return trained


def test_they_are_measured_on_both_parts(run):
    found = run()
    assert found.outcome == "complete", found.reason
    assert found.measures["val_own"] == pytest.approx(found.measures["val_accuracy"])
    assert found.measures["test_own"] == pytest.approx(found.measures["test_accuracy"])
    assert (found.measures["val_size"], found.measures["test_size"]) == (16, 20)
    assert found.own == ("own", "size")


def test_a_search_may_go_by_one(run):
    found = run(objective="val_own")
    assert found.outcome == "complete", found.reason
    assert max(epoch.objective for epoch in found.curves) == found.measures["val_own"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("", "evaluate in own.py must be evaluate(model, data): there is none"),
        (
            "def evaluate(model):\n    return {}\n",
            "evaluate in own.py must be evaluate(model, data): too many positional arguments",
        ),
        (
            "def evaluate(model, data):\n    return 0.5\n",
            "evaluate returned float, not a dictionary of measures by name",
        ),
        (
            "def evaluate(model, data):\n    return {'own': 1, 'loss': 2}\n",
            "evaluate returned no size, which the study asks for; it gave own, loss",
        ),
        (
            "def evaluate(model, data):\n    return {'own': float('nan'), 'size': 2}\n",
            "evaluate gave nan as own, which is no finite number",
        ),
        (
            "def evaluate(model, data):\n    return {'own': 'much', 'size': 2}\n",
            "evaluate gave a str as own, which is no number",
        ),
        (
            "def evaluate(model, data):\n    raise KeyError('x')\n",
            "evaluate raised KeyError: 'x'",
        ),
    ],
)
def test_what_is_wrong_with_it_fails_the_trial(run, code, reason):
    found = run(code)
    assert (found.outcome, found.reason) == ("failed", reason)


def test_without_metrics_it_is_not_called(run):
    assert run("def evaluate(anything):\n    pass\n", ()).outcome == "complete"
