"""A multilayer perceptron: dense layers, one after the other, for tables and for whatever is flat."""

from __future__ import annotations

import keras


def build(
    input_shape: tuple[int, ...],
    output_shape: tuple[int, ...],
    output_activation: str,
    *,
    layers: int = 2,
    units_1: int = 64,
    units_2: int = 64,
    units_3: int = 64,
    units_4: int = 64,
    activation: str = "relu",
    dropout: float = 0.0,
    batch_norm: bool = False,
) -> keras.Model:
    """Builds up to four dense layers, each with batch norm before its activation and dropout after."""
    x = inputs = keras.Input(input_shape)
    if len(input_shape) > 1:
        x = keras.layers.Flatten()(x)
    for units in (units_1, units_2, units_3, units_4)[:layers]:
        x = keras.layers.Dense(units)(x)
        if batch_norm:
            x = keras.layers.BatchNormalization()(x)
        x = keras.layers.Activation(activation)(x)
        if dropout:
            x = keras.layers.Dropout(dropout)(x)
    outputs = keras.layers.Dense(*output_shape, output_activation, dtype="float32")(x)
    return keras.Model(inputs, outputs, name="mlp")
