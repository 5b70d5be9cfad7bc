"""The report's network 1.5: three blocks of convolution, batch norm and pooling."""

from __future__ import annotations

import keras

from ablate.architectures._blocks import Blocks


def build(
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    filters_1: int = 32,
    filters_2: int = 64,
    filters_3: int = 64,
    kernel_size: int = 3,
    dense_units: int = 1024,
    dropout: float = 0.5,
    block_dropout: float = 0.0,
    pooling: str = "max",
    batch_norm: bool = True,
    batch_norm_momentum: float = 0.99,
    l2: float = 0.0,
) -> keras.Model:
    """Builds three blocks of 32, 64 and 64 filters and dense 1024.

    `dropout` sits after the dense layer, `block_dropout` after each block.
    """
    blocks = Blocks(pooling, batch_norm, batch_norm_momentum, l2)
    inputs = keras.Input(input_shape)
    x = inputs
    for filters in (filters_1, filters_2, filters_3):
        x = blocks.convolution(x, filters, kernel_size)
        if block_dropout:
            x = keras.layers.Dropout(block_dropout)(x)
    return keras.Model(inputs, blocks.head(x, dense_units, dropout, num_classes), name="variation")
