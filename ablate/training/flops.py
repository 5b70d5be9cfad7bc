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
_TWO_PER_VALUE = (layers.BatchNormalization, layers.Normalization, layers.Rescaling)
_ONE_PER_INPUT = (layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D)


def count_flops(model: keras.Model) -> int | None:
    """Operations of one forward pass of one image; None where a layer's work is not known."""
    total = 0
    for layer in model.layers:
        work = count_flops(layer) if isinstance(layer, keras.Model) else _layer(layer)
        if work is None:
            return None
        total += work
    return total


def _layer(layer: Any) -> int | None:
    work = _work(layer)
    return None if work is None else int(work)


def _work(layer: Any) -> Any:
    if isinstance(layer, _FREE):
        return 0
    try:
        outputs: tuple[int, ...] = layer.output.shape
        values = math.prod(outputs[1:])
        if isinstance(layer, _MERGING):
            return values * (len(layer.input) - 1)
        inputs: tuple[int, ...] = layer.input.shape
    except (AttributeError, ValueError):  # not part of a graph, or called more than once
        return None
    if isinstance(layer, layers.Dense):
        return values * (2 * inputs[-1] + _extras(layer))
    if isinstance(layer, layers.DepthwiseConv2D):
        return values * (2 * math.prod(layer.kernel_size) + _extras(layer))
    if isinstance(layer, layers.Conv2DTranspose):
        work = 2 * math.prod(inputs[1:]) * math.prod(layer.kernel_size) * layer.filters
        return work + values * _extras(layer)
    if isinstance(layer, layers.Conv2D):
        kernel = math.prod(layer.kernel_size) * inputs[-1] // layer.groups
        return values * (2 * kernel + _extras(layer))
    if isinstance(layer, layers.SeparableConv2D):
        between = values // outputs[-1] * inputs[-1] * layer.depth_multiplier
        depthwise = between * 2 * math.prod(layer.kernel_size)
        return values * (2 * inputs[-1] * layer.depth_multiplier + _extras(layer)) + depthwise
    if isinstance(layer, layers.MaxPooling2D | layers.AveragePooling2D):
        return values * math.prod(layer.pool_size)
    if isinstance(layer, _ONE_PER_INPUT):
        return math.prod(inputs[1:])
    if isinstance(layer, _ONE_PER_VALUE):
        return values
    if isinstance(layer, _TWO_PER_VALUE):
        return 2 * values
    return None


def _extras(layer: Any) -> int:
    """Operations for each output value besides the products: the bias and the activation."""
    return int(layer.use_bias) + int(layer.activation is not keras.activations.linear)
