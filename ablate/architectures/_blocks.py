"""Layers that the reference networks share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras


@dataclass(frozen=True)
class Blocks:
    """The settings that all blocks of one network have in common."""

    pooling: str
    """``max``, ``average``, or ``stride``: no pooling layer, the convolution takes steps of 2."""
    batch_norm: bool
    batch_norm_momentum: float
    """Share of the old moving average that each training step keeps."""
    l2: float
    """Weight of the L2 penalty on convolution and dense kernels."""

    def convolution(
        self, x: Any, filters: int, kernel_size: int, *, padding: str = "valid", pool: bool = True
    ) -> Any:
        """Convolution, ReLU, batch norm and, with `pool`, halving of height and width."""
        strided = pool and self.pooling == "stride"
        x = keras.layers.Conv2D(
            filters,
            kernel_size,
            strides=2 if strided else 1,
            padding=padding,
            activation="relu",
            kernel_regularizer=self._penalty(),
        )(x)
        if self.batch_norm:
            x = keras.layers.BatchNormalization(momentum=self.batch_norm_momentum)(x)
        if not pool or strided:
            return x
        layers = {"max": keras.layers.MaxPooling2D, "average": keras.layers.AveragePooling2D}
        return layers[self.pooling](2)(x)

    def head(self, x: Any, dense_units: int, dropout: float, num_classes: int) -> Any:
        """A dense layer with ReLU, dropout, and class probabilities in float32."""
        x = keras.layers.Flatten()(x)
        if 0 in x.shape[1:]:
            raise ValueError("the image is pooled away to nothing before the dense layer")
        x = keras.layers.Dense(dense_units, "relu", kernel_regularizer=self._penalty())(x)
        if dropout:
            x = keras.layers.Dropout(dropout)(x)
        return keras.layers.Dense(num_classes, "softmax", dtype="float32")(x)

    def _penalty(self) -> Any:
        return keras.regularizers.L2(self.l2) if self.l2 else None
