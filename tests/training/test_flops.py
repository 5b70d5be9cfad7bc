"""FLOPs, against counts made by hand."""

from __future__ import annotations

import keras
import pytest
from keras import layers

from ablate.training.flops import count_flops


def model(*parts, shape=(8, 8, 3)):
    return keras.Sequential([keras.Input(shape), *parts])


@pytest.mark.parametrize(
    ("layer", "flops"),
    [
        (layers.Conv2D(4, 3, use_bias=False), 6 * 6 * 4 * (2 * 9 * 3)),
        (layers.Conv2D(4, 3, activation="relu"), 6 * 6 * 4 * (2 * 9 * 3 + 2)),
        (layers.Conv2D(6, 3, strides=2, padding="same", groups=3), 4 * 4 * 6 * (2 * 9 * 1 + 1)),
        (layers.DepthwiseConv2D(3), 6 * 6 * 3 * (2 * 9 + 1)),
        (layers.SeparableConv2D(5, 3), 6 * 6 * 3 * 2 * 9 + 6 * 6 * 5 * (2 * 3 + 1)),
        (layers.Conv2DTranspose(4, 2, strides=2, use_bias=False), 2 * 8 * 8 * 3 * 4 * 4),
        (layers.BatchNormalization(), 8 * 8 * 3 * 2),
        (layers.MaxPooling2D(2), 4 * 4 * 3 * 4),
        (layers.GlobalAveragePooling2D(), 8 * 8 * 3),
        (layers.Activation("relu"), 8 * 8 * 3),
        (layers.Flatten(), 0),
        (layers.Dropout(0.5), 0),
    ],
)
def test_one_layer(layer, flops):
    assert count_flops(model(layer)) == flops


def test_dense_layers_add_up_also_in_a_nested_model():
    inner = model(layers.Dense(10, "relu"), layers.Dense(2, use_bias=False), shape=(5,))
    assert count_flops(inner) == 10 * (2 * 5 + 2) + 2 * 2 * 10
    assert count_flops(model(inner, shape=(5,))) == count_flops(inner)


def test_an_unknown_layer_makes_the_count_unknown():
    assert count_flops(model(layers.Lambda(lambda x: x * 2))) is None


def test_what_merges_takes_an_operation_for_each_further_input():
    inputs = keras.Input((4,))
    merged = layers.Add()([inputs, inputs, inputs])
    assert count_flops(keras.Model(inputs, merged)) == 8
    assert count_flops(keras.Model(inputs, layers.Multiply()([inputs, inputs]))) == 4
