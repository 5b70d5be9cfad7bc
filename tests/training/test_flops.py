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
    assert count_flops(keras.Model(inputs, layers.Add()(inputs=[inputs, inputs]))) == 4
    constant = keras.ops.ones((1, 4))
    assert count_flops(keras.Model(inputs, layers.Add()([inputs, constant]))) == 4


TWO = keras.Input((8,)), keras.Input((8,))
DENSE = 16 * (2 * 8 + 1)


@pytest.mark.parametrize(
    "shared",
    [
        layers.Dense(16),
        model(layers.Dense(16), shape=(8,)),
        keras.Model(TWO[0], layers.Dense(16)(TWO[0])),
    ],
    ids=["a layer", "a Sequential", "a graph"],
)
def test_what_is_called_twice_counts_twice(shared):
    merged = layers.Add()([shared(one) for one in TWO])
    assert count_flops(keras.Model(TWO, merged)) == 2 * DENSE + 16
    assert count_flops(keras.Model(TWO[0], shared(TWO[0]))) == DENSE, "what is not in this graph"


def test_each_call_counts_by_its_own_shapes():
    images, larger = keras.Input((4, 4, 1)), keras.Input((6, 6, 1))
    shared = layers.Conv2D(2, 3, use_bias=False)
    both = [layers.Flatten()(shared(one)) for one in (images, larger)]
    network = keras.Model([images, larger], layers.Concatenate()(both))
    assert count_flops(network) == (2 * 2 + 4 * 4) * 2 * (2 * 9)


def test_sums_and_products_of_a_graph_take_an_operation_for_each_value():
    one, other = TWO
    assert count_flops(keras.Model([one, other], (one + other) * 2 - other / 3)) == 4 * 8


class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.weight = self.add_weight(shape=(8, 512))

    def call(self, x):
        return keras.ops.matmul(x, self.weight)

    def compute_output_shape(self, shape):
        return shape[0], 512


class Twice(layers.Dense):
    def call(self, x):
        return super().call(x) + super().call(x)


class TwiceInAll(keras.Sequential):
    def call(self, *given, **more):
        return super().call(*given, **more) + super().call(*given, **more)


@pytest.mark.parametrize(
    "part",
    [
        Own(),
        Twice(16),
        TwiceInAll([layers.Dense(16)]),
        lambda x: keras.ops.matmul(x, keras.ops.ones((8, 512))),
    ],
    ids=["a network", "a layer", "a Sequential", "an operation"],
)
def test_what_is_not_exactly_known_makes_the_count_unknown(part):
    assert count_flops(keras.Model(TWO[0], layers.Dense(1)(part(TWO[0])))) is None


def test_a_network_with_a_training_step_of_its_own_is_counted_as_any_other():
    class Stepping(keras.Model):
        def train_step(self, data):
            raise NotImplementedError

    assert count_flops(Stepping(TWO[0], layers.Dense(16)(TWO[0]))) == DENSE
    assert count_flops(Own()) is None


def test_a_network_within_that_is_given_another_shape_is_not_known():
    inner = keras.Input((None, None, 3))
    within = keras.Model(inner, layers.Conv2D(4, 3)(inner))
    assert count_flops(model(within)) is None
    assert count_flops(within) is None
