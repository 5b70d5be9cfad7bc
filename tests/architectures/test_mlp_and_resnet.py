"""The two architectures beside those of the report: what their parameters change."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from ablate.data.split import Rows, Split
from ablate.spec.data import DataSettings
from ablate.spec.training import TrainingSettings
from ablate.spec.trial import TrialSpec
from ablate.training.kept import KeptNetworks
from ablate.training.loop import Decision, train
from ablate.training.network import build_network, measure


def kinds(name, shape=(8, 8, 1), **parameters):
    network = build_network(name, None, shape, 10, parameters)
    return [type(layer).__name__ for layer in network.layers], network


def test_each_layer_of_an_mlp_has_its_own_width():
    _, network = kinds("mlp", layers=3, units_1=32, units_2=16, units_3=128, units_4=256)
    dense = [one.units for one in network.layers if isinstance(one, layers.Dense)]
    assert dense == [32, 16, 128, 10]


def test_a_table_needs_no_flattening():
    names, network = kinds("mlp", shape=(30,), layers=1)
    assert names == ["InputLayer", "Dense", "Activation", "Dense"]
    assert measure(network).parameters == 31 * 64 + 65 * 10


def test_batch_norm_stands_before_the_activation_and_dropout_after():
    names, _ = kinds("mlp", shape=(30,), layers=1, batch_norm=True, dropout=0.5)
    assert names[1:5] == ["Dense", "BatchNormalization", "Activation", "Dropout"]


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_resnet_has_two_convolutions_in_each_block_of_three_stages(depth):
    plain, _ = kinds("resnet", depth=depth, residual=False)
    assert plain.count("Conv2D") == 6 * depth + 1
    assert "Add" not in plain
    residual, network = kinds("resnet", depth=depth)
    assert residual.count("Add") == 3 * depth
    assert residual.count("Conv2D") == 6 * depth + 1 + 2, "two stages begin with a projection"
    assert network.layers[-2].output.shape == (None, 64)


def test_the_work_of_both_is_counted():
    for name in ("mlp", "resnet"):
        assert measure(kinds(name)[1]).flops > 0


def test_training_images_are_varied_and_no_others():
    plain, network = kinds("resnet", width=4)
    names, varied = kinds("resnet", width=4, augmentation=True)
    assert [name for name in names if name not in plain] == ["RandomFlip", "RandomTranslation"]
    assert measure(varied).flops == measure(network).flops
    varied.set_weights(network.get_weights() + varied.get_weights()[len(network.get_weights()) :])
    images = np.random.default_rng(0).random((6, 8, 8, 1), np.float32)
    for training, same in ((False, True), (True, False)):
        first, second = (
            keras.ops.convert_to_numpy(
                varied.layers[2](varied.layers[1](images, training=training), training=training)
            )
            for _ in range(2)
        )
        assert np.array_equal(first, images) == same
        assert np.array_equal(first, second) == same


def test_what_is_drawn_for_them_follows_from_the_seed():
    """Also where the program of an earlier training is taken."""
    x, y = np.random.default_rng(0).random((32, 8, 8, 1), np.float32), np.arange(32) % 2
    rows = Rows(x, np.arange(32))
    split = Split(rows, y, rows, y, ("a", "b"))
    kept = KeptNetworks()

    def losses(seed, **more):
        asked = TrialSpec(
            data=DataSettings(dataset="npz"),
            data_digest="0",
            architecture="resnet",
            parameters={"width": 4, "augmentation": True},
            training=TrainingSettings(epochs=2, batch_size=16),
            seed=seed,
        )
        result = train(asked, split, lambda epoch: Decision.CONTINUE, **more)
        assert result.outcome == "complete", result.reason
        return [epoch.loss for epoch in result.curves]

    first = losses(1, kept=kept)
    assert first == losses(1, kept=kept) == losses(1)
    assert first != losses(2, kept=kept)
