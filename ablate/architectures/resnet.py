"""A residual network for small images (He et al. 2016, section 4.2): three stages of blocks."""

from __future__ import annotations

from typing import Any

import keras

STAGES = 3
"""Each with half the height and width of the one before, and twice the channels."""


def build(
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    depth: int = 1,
    width: int = 16,
    residual: bool = True,
    batch_norm: bool = True,
    augmentation: bool = False,
) -> keras.Model:
    """Builds a convolution, three stages of `depth` blocks each, and the mean over the image.

    Args:
        input_shape: height, width and channels.
        num_classes: how many class probabilities come out.
        depth: blocks of each stage, of two convolutions each.
        width: channels of the first stage.
        residual: whether each block adds what it was given to what it makes of it.
        batch_norm: whether batch norm follows each convolution.
        augmentation: whether training images are flipped and shifted at random.
    """
    inputs = keras.Input(input_shape)
    x = _activated(
        _convolution(
            _varied(inputs) if augmentation else inputs, width, 3, 1, batch_norm=batch_norm
        )
    )
    for stage in range(STAGES):
        for block in range(depth):
            strides = 2 if stage and not block else 1
            x = _block(x, width * 2**stage, strides, residual=residual, batch_norm=batch_norm)
    x = keras.layers.GlobalAveragePooling2D()(x)
    outputs = keras.layers.Dense(num_classes, "softmax", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="resnet")


def _varied(images: Any) -> Any:
    """Training images flipped left to right, half of them, and shifted by up to a tenth."""
    x = keras.layers.RandomFlip("horizontal")(images)
    return keras.layers.RandomTranslation(0.1, 0.1, fill_mode="nearest")(x)


def _block(given: Any, filters: int, strides: int, *, residual: bool, batch_norm: bool) -> Any:
    x = _activated(_convolution(given, filters, 3, strides, batch_norm=batch_norm))
    x = _convolution(x, filters, 3, 1, batch_norm=batch_norm)
    if residual:
        if given.shape != x.shape:
            given = _convolution(given, filters, 1, strides, batch_norm=batch_norm)
        x = keras.layers.Add()([given, x])
    return _activated(x)


def _convolution(x: Any, filters: int, size: int, strides: int, *, batch_norm: bool) -> Any:
    bias = not batch_norm  # which has one of its own
    x = keras.layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=bias)(x)
    return keras.layers.BatchNormalization()(x) if batch_norm else x


def _activated(x: Any) -> Any:
    return keras.layers.Activation("relu")(x)
