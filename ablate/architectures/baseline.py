"""The report's network 1.2.1: one wide convolution and a large dense layer."""

from __future__ import annotations

import keras

from ablate.architectures._blocks import Blocks


def build(
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    filters: int = 32,
    kernel_size: int = 7,
    dense_units: int = 1024,
    dropout: float = 0.0,
    pooling: str = "max",
    batch_norm: bool = True,
    batch_norm_momentum: float = 0.99,
    l2: float = 0.0,
) -> keras.Model:
    """Builds conv 32 7x7, batch norm, pool, dense 1024."""
    blocks = Blocks(pooling, batch_norm, batch_norm_momentum, l2)
    inputs = keras.Input(input_shape)
    x = blocks.convolution(inputs, filters, kernel_size, padding="same")
    return keras.Model(inputs, blocks.head(x, dense_units, dropout, num_classes), name="baseline")
