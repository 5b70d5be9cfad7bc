"""Trained networks in files."""

from __future__ import annotations

import io
import zipfile

import h5py
import keras
import numpy as np
import pytest

from ablate.training.saving import save_network
from tests.training.predicted import predict


@pytest.fixture
def trained():
    """A trained network and some images."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(3, "softmax"),
        ]
    )
    images = np.random.default_rng(0).random((30, 8, 8, 1), np.float32)
    model.compile("adam", keras.losses.CategoricalCrossentropy(label_smoothing=0.1))
    model.fit(images, np.eye(3)[np.arange(30) % 3], verbose=0)
    return model, images


def test_a_saved_network_gives_the_same_probabilities(trained, tmp_path):
    model, images = trained
    before = predict(model, images)
    path = tmp_path / "model.keras"
    assert save_network(model, path) is None
    loaded = keras.saving.load_model(path)
    assert np.array_equal(predict(loaded, images), before)


def test_the_optimizer_is_left_out(trained, tmp_path):
    model, _ = trained
    save_network(model, tmp_path / "model.keras")
    weights = zipfile.ZipFile(tmp_path / "model.keras").read("model.weights.h5")
    with h5py.File(io.BytesIO(weights)) as file:
        names: list[str] = []
        file.visit(names.append)
    assert any(name.startswith("layers/conv2d/") for name in names)
    assert not any("optimizer" in name for name in names)


class Unsaved(keras.layers.Layer):
    def get_config(self):
        raise NotImplementedError("this layer cannot be saved\nat all")


def test_a_network_that_cannot_be_saved_leaves_a_reason_and_no_file(tmp_path):
    model = keras.Sequential([keras.Input((4,)), Unsaved()])
    reason = "NotImplementedError: this layer cannot be saved"
    assert save_network(model, tmp_path / "model.keras") == reason
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_a_reason(trained, tmp_path):
    reason = save_network(trained[0], tmp_path / "none" / "model.keras")
    assert reason.startswith("FileNotFoundError: [Errno 2] No such file or directory: ")
