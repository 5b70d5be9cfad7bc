"""Counts the work of one forward pass from the shapes of a network's layers.

The convention: a multiplication and an addition are two operations; biases, batch norm (one of
each for every value), pooling (one for every value read) and activations (one for every value)
are counted too. It depends on the network alone, not on the backend.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers

from ablate.training.outputs import is_keras

_ONLY_IN_TRAINING = (
    *(getattr(layers, name) for name in dir(layers) if name.startswith("Random")),
    *(layers.AugMix, layers.CutMix, layers.MixUp, layers.RandAugment),
    *(layers.Dropout, layers.AlphaDropout, layers.GaussianDropout, layers.GaussianNoise),
    *(layers.SpatialDropout1D, layers.SpatialDropout2D, layers.SpatialDropout3D),
    layers.ActivityRegularization,
)
"""They let through what they are given, or crop its middle, unless a network is trained."""
_FREE = (
    *_ONLY_IN_TRAINING,
    layers.InputLayer,
    layers.Flatten,
    layers.Reshape,
    layers.Permute,
    layers.Concatenate,
    layers.Cropping2D,
    layers.ZeroPadding2D,
    layers.UpSampling2D,
    layers.Identity,
)
_ONE_PER_VALUE = (
    layers.Activation,
    layers.ReLU,
    layers.LeakyReLU,
    layers.PReLU,
    layers.ELU,
    layers.Softmax,
)
_MERGING = (
    layers.Add,
    layers.Subtract,
    layers.Multiply,
    layers.Average,
    layers.Maximum,
    layers.Minimum,
)
"""One operation for every value and every input but the first."""
_ARITHMETIC = ("Add", "Subtract", "Multiply", "TrueDivide")
"""What `+`, `-`, `*` and `/` put into a graph, by Keras's names: one operation for every value."""
_TWO_PER_VALUE = (layers.BatchNormalization, layers.Normalization, layers.Rescaling)
_ONE_PER_INPUT = (layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D)


def count_flops(model: keras.Model) -> int | None:
    """Operations of one forward pass of one image; None where the work of a call is not known.

    A layer that is called several times works as often, each time on the shapes that it is given.
    """
    graph = _graph(model)
    if graph is None:
        return None
    total = 0
    for node in (node for nodes in graph._nodes_by_depth.values() for node in nodes):
        work = _work(node)
        if work is None:
            return None
        total += int(work)
    return total


def _graph(model: keras.Model) -> Any:
    """The calls that a network consists of; None of a subclassed one, which may do anything."""
    graph = model._functional if isinstance(model, keras.Sequential) else model
    is_known = is_keras(type(model).call) and hasattr(graph, "_nodes_by_depth")
    return graph if is_known else None


def _work(node: Any) -> Any:
    """Operations of one call: of a layer, a network within, or arithmetic; None where not known."""
    called, given = node.operation, node.input_tensors
    shapes = [one.shape[1:] for one in (*given, *node.outputs)]
    if any(None in shape for shape in shapes):
        return None
    if isinstance(called, keras.Model):
        graph = _graph(called)
        own = [] if graph is None else [one.shape[1:] for one in graph.inputs]
        return count_flops(called) if own == shapes[: len(given)] else None
    values = math.prod(shapes[-1])
    if not isinstance(called, layers.Layer):
        is_known = is_keras(type(called)) and type(called).__name__ in _ARITHMETIC
        return values if is_known else None
    if type(called) in _MERGING:
        merged = node.arguments.args or node.arguments.kwargs["inputs"]  # constants among them
        return values * (len(keras.tree.flatten(merged)) - 1)
    return 0 if type(called) in _FREE else _of_layer(called, shapes[0], shapes[-1])


def _of_layer(layer: Any, inputs: tuple[int, ...], outputs: tuple[int, ...]) -> Any:
    """Operations of a layer of Keras's own; None of any other, a subclass of these too."""
    kind, values = type(layer), math.prod(outputs)
    if kind is layers.Dense:
        return values * (2 * inputs[-1] + _extras(layer))
    if kind is layers.DepthwiseConv2D:
        return values * (2 * math.prod(layer.kernel_size) + _extras(layer))
    if kind is layers.Conv2DTranspose:
        work = 2 * math.prod(inputs) * math.prod(layer.kernel_size) * layer.filters
        return work + values * _extras(layer)
    if kind is layers.Conv2D:
        kernel = math.prod(layer.kernel_size) * inputs[-1] // layer.groups
        return values * (2 * kernel + _extras(layer))
    if kind is layers.SeparableConv2D:
        between = values // outputs[-1] * inputs[-1] * layer.depth_multiplier
        depthwise = between * 2 * math.prod(layer.kernel_size)
        return values * (2 * inputs[-1] * layer.depth_multiplier + _extras(layer)) + depthwise
    if kind in (layers.MaxPooling2D, layers.AveragePooling2D):
        return values * math.prod(layer.pool_size)
    if kind in _ONE_PER_INPUT:
        return math.prod(inputs)
    if kind in _ONE_PER_VALUE:
        return values
    return 2 * values if kind in _TWO_PER_VALUE else None


def _extras(layer: Any) -> int:
    """Operations for each output value besides the products: the bias and the activation."""
    return int(layer.use_bias) + int(layer.activation is not keras.activations.linear)
