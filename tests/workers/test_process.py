"""What a worker answers, asked in this process."""

from __future__ import annotations

import numpy as np
import pytest

from ablate.datasets import npz
from ablate.spec.data import DataSettings
from ablate.workers.messages import Done, MeasureNetworks
from ablate.workers.process import Worker

ADAPTED = """
import keras

def build(input_shape, num_classes, train, *, units=3):
    normal = keras.layers.Normalization()
    normal.adapt(train.x[:])
    return keras.Sequential([
        keras.Input(input_shape), normal, keras.layers.Dense(units),
        keras.layers.Dense(num_classes, "softmax"),
    ])
"""


def test_a_network_that_asks_for_what_it_is_trained_on_is_measured(tmp_path):
    (tmp_path / "mine.py").write_text(ADAPTED)
    x = np.random.default_rng(0).normal(5, 2, (40, 3)).astype(np.float32)
    np.savez(tmp_path / "a.npz", x_train=x, y_train=np.arange(40) % 2)
    options = npz.Options(file="a.npz").model_dump()
    told = []
    Worker(told.append).carry_out(
        MeasureNetworks(
            architecture="mine.py:build",
            source=str(tmp_path / "mine.py"),
            study=str(tmp_path / "s.toml"),
            input_shape=(3,),
            classes=2,
            data=DataSettings(dataset="npz", folder=str(tmp_path), options=options),
            configurations=({"units": 3}, {"units": 5}),
            twice=True,
        )
    )
    (done,) = told
    assert isinstance(done, Done), told
    first, second = done.answer
    assert first["trainable_parameters"] == 3 * 3 + 3 + 3 * 2 + 2
    assert second["trainable_parameters"] == 3 * 5 + 5 + 5 * 2 + 2
    assert first["repeats"] is True


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("widht", "NameError: name 'widht' is not defined (line 4 of mine.py)"),
        ("keras.layers.Dense()", "TypeError: "),
    ],
)
def test_an_error_in_build_is_told_with_its_line(tmp_path, line, told):
    source = tmp_path / "mine.py"
    source.write_text(f"import keras\n\ndef build(input_shape, num_classes):\n    {line}\n")
    heard = []
    Worker(heard.append).carry_out(
        MeasureNetworks(
            architecture="mine.py:build",
            source=str(source),
            study=str(tmp_path / "s.toml"),
            input_shape=(3,),
            classes=2,
            configurations=({},),
        )
    )
    (problem,) = heard[0].problems
    assert f"build raised {told}" in str(problem)
    assert str(problem).endswith(" (line 4 of mine.py)")
