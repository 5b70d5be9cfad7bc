"""The report's network 1.2.2: a 1x1 convolution squeezes 64 channels to 8."""

from __future__ import annotations

import keras

from ablate.architectures._blocks import Blocks


def build(
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    stem_filters: int = 64,
    bottleneck_filters: int = 8,
    filters: int = 32,
    kernel_size: int = 3,
    dense_units: int = 64,
    dropout: float = 0.2,
    pooling: str = "max",
    batch_norm: bool = True,
    batch_norm_momentum: float = 0.99,
    l2: float = 0.0,
) -> keras.Model:
    """Builds conv 64, pool, conv 8 1x1, conv 32, pool, dense 64; 0 takes the 1x1 layer out."""
    blocks = Blocks(pooling, batch_norm, batch_norm_momentum, l2)
    inputs = keras.Input(input_shape)
    x = blocks.convolution(inputs, stem_filters, kernel_size)
    if bottleneck_filters:
        x = blocks.convolution(x, bottleneck_filters, 1, pool=False)
    x = blocks.convolution(x, filters, kernel_size)
    return keras.Model(inputs, blocks.head(x, dense_units, dropout, num_classes), name="bottleneck")
