"""Building the networks of trials."""

from __future__ import annotations

import numpy as np
import pytest

from ablate.data.split import Rows, Split, TrainingData
from ablate.spec.data import DataSettings
from ablate.spec.training import TrainingSettings
from ablate.spec.trial import TrialSpec
from ablate.training.kept import KeptNetworks
from ablate.training.loop import Decision
from ablate.training.loop import train as train_trial
from ablate.training.network import (
    InfeasibleError,
    ModelError,
    asks_for_data,
    build_network,
    measure,
)


def test_a_network_that_pools_the_image_away_is_infeasible():
    with pytest.raises(InfeasibleError):
        build_network("bottleneck", None, (8, 8, 1), 10, {"kernel_size": 5})
    with pytest.raises(InfeasibleError):
        build_network("variation", None, (8, 8, 1), 10, {})


def test_sizes_are_counted():
    size = measure(build_network("bottleneck", None, (28, 28, 1), 10, {}))
    assert size.parameters == 55_826
    assert size.parameters - size.trainable_parameters == 2 * (64 + 8 + 32)
    assert size.flops is not None


@pytest.mark.parametrize(
    ("inputs", "outputs", "expected"),
    [
        (
            "[keras.Input((8, 8, 1), name='a'), keras.Input((8, 8, 1), name='b')]",
            "keras.layers.add(inputs)",
            "build returned a network with 2 inputs (a, b), but there is one to give: the images",
        ),
        (
            "keras.Input((28, 28, 3))",
            "inputs",
            "build returned a network for inputs of shape (28, 28, 3), but the images are (8, 8, 1): "
            "begin with keras.Input(input_shape)",
        ),
        (
            "keras.Input((64,))",
            "inputs",
            "build returned a network for inputs of shape (64,), but the images are (8, 8, 1): begin "
            "with keras.Input(input_shape)",
        ),
    ],
)
def test_a_network_must_take_the_images_and_nothing_else(tmp_path, inputs, outputs, expected):
    (tmp_path / "mine.py").write_text(
        "import keras\n"
        "def make(input_shape, num_classes):\n"
        f"    inputs = {inputs}\n"
        f"    flat = keras.layers.Flatten()({outputs})\n"
        "    return keras.Model(inputs, keras.layers.Dense(num_classes, 'softmax')(flat))\n"
    )
    with pytest.raises(ModelError) as caught:
        build_network("mine.py:make", str(tmp_path / "mine.py"), (8, 8, 1), 2, {})
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("shape", "told"),
    [((11,), "the rows are (11,)"), ((11, 2), "the examples are (11, 2)")],
)
def test_what_is_no_image_is_not_called_one(tmp_path, shape, told):
    (tmp_path / "mine.py").write_text(
        "import keras\n"
        "def make(input_shape, num_classes):\n"
        "    return keras.Sequential([keras.Input((3, 3, 3)), keras.layers.Flatten()])\n"
    )
    with pytest.raises(ModelError) as caught:
        build_network("mine.py:make", str(tmp_path / "mine.py"), shape, 2, {})
    assert str(caught.value) == (
        "build returned a network for inputs of shape (3, 3, 3), but "
        f"{told}: begin with keras.Input(input_shape)"
    )


def test_a_network_for_images_of_any_size_is_right(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import keras\n"
        "def make(input_shape, num_classes):\n"
        "    inputs = keras.Input((None, None, 1))\n"
        "    pooled = keras.layers.GlobalAveragePooling2D()(inputs)\n"
        "    return keras.Model(inputs, keras.layers.Dense(num_classes, 'softmax')(pooled))\n"
    )
    assert build_network("mine.py:make", str(tmp_path / "mine.py"), (8, 8, 1), 2, {}).built


def test_a_users_file_may_import_its_neighbours(tmp_path):
    (tmp_path / "parts.py").write_text("WIDTH = 3\n")
    (tmp_path / "mine.py").write_text(
        "import keras\nfrom parts import WIDTH\n"
        "def make(input_shape, num_classes):\n"
        "    return keras.Sequential([keras.Input(input_shape), keras.layers.Flatten(),\n"
        "        keras.layers.Dense(WIDTH), keras.layers.Dense(num_classes, 'softmax')])\n"
    )
    network = build_network("mine.py:make", str(tmp_path / "mine.py"), (2, 2, 1), 2, {})
    assert network.count_params() == 4 * 3 + 3 + 3 * 2 + 2


BY_NAME = """
import keras
def make(units, *, output_shape, learning_rate, batch_size=1, input_shape):
    assert (learning_rate, batch_size) == (0.5, 7)
    return keras.Sequential([
        keras.Input(input_shape), keras.layers.Flatten(),
        keras.layers.Dense(units), keras.layers.Dense(*output_shape, "softmax"),
    ])
"""


def test_a_build_gets_by_name_what_it_asks_for(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(BY_NAME)
    training = TrainingSettings(learning_rate=0.5, batch_size=7)
    network = build_network("mine.py:make", str(file), (4, 4, 1), 3, {"units": 5}, training)
    assert [layer.units for layer in network.layers[1:]] == [5, 3]


def test_a_hyperparameter_of_the_same_name_counts_more(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(BY_NAME)
    training = TrainingSettings(learning_rate=0.1)
    parameters = {"units": 2, "learning_rate": 0.5, "batch_size": 7}
    assert build_network("mine.py:make", str(file), (4, 4, 1), 3, parameters, training).built


def test_arguments_may_be_positional_only(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(BY_NAME.replace("(units, *,", "(units, num_classes, /, *,"))
    training = TrainingSettings(learning_rate=0.5, batch_size=7)
    network = build_network("mine.py:make", str(file), (4, 4, 1), 3, {"units": 5}, training)
    assert network.output_shape == (None, 3)


def test_a_decorated_build_gets_the_shape_and_the_classes(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "def logged(build):\n"
        "    return lambda *args, **kwargs: build(*args, **kwargs)\n"
        f"{BY_NAME.replace('def make', '@logged' + chr(10) + 'def make')}".replace(
            "*, output_shape, learning_rate, batch_size=1, input_shape", "num_classes, input_shape"
        )
        .replace("    assert (learning_rate, batch_size) == (0.5, 7)\n", "")
        .replace("*output_shape", "num_classes")
    )
    assert build_network("mine.py:make", str(file), (4, 4, 1), 3, {"units": 5}).built


ADAPTED = """
import keras

def make(input_shape, num_classes, train, *, units=3):
    normal = keras.layers.Normalization()
    normal.adapt(train.x[:])
    assert len(train) == len(train.y)
    return keras.Sequential([
        keras.Input(input_shape), normal, keras.layers.Dense(units),
        keras.layers.Dense(num_classes, "softmax"),
    ])
"""


def test_a_build_may_ask_for_what_is_trained_on(tmp_path):
    """Never for what is validated or tested."""
    file = tmp_path / "mine.py"
    file.write_text(ADAPTED)
    x = np.random.default_rng(0).normal(5, 2, (40, 3)).astype(np.float32)
    x[30:] = 1e6  # the others
    train = TrainingData(Rows(x, np.arange(30)), np.arange(30) % 2)
    model = build_network("mine.py:make", str(file), (3,), 2, {}, train=train)
    assert np.allclose(model.layers[0].mean, x[:30].mean(axis=0), rtol=1e-4)
    assert asks_for_data("mine.py:make", str(file), {"units": 3})
    assert not asks_for_data("mine.py:make", str(file), {"train": 3}), "it is a hyperparameter"
    split = Split(train.x, train.y, Rows(x, np.arange(25, 30)), np.arange(5) % 2, ("a", "b"))
    spec = TrialSpec(
        data=DataSettings(dataset="npz"),
        data_digest="0",
        architecture="mine.py:make",
        architecture_source=str(file),
        parameters={"units": 3},
        training=TrainingSettings(epochs=1, batch_size=8),
        seed=1,
    )
    kept = KeptNetworks()
    first, again = (
        train_trial(spec, split, lambda epoch: Decision.CONTINUE, kept=kept) for _ in range(2)
    )
    assert first.outcome == "complete", first.reason
    assert [one.loss for one in first.curves] == [one.loss for one in again.curves]
    assert len(kept) == 0, "its numbers are no variables, and each split has others"
