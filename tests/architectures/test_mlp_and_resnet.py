"""The two architectures beside those of the report: what their parameters change."""

from __future__ import annotations

import pytest
from keras import layers

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
