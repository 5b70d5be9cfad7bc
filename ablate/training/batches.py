"""The training images in batches, each epoch in an order of its own."""

from __future__ import annotations

import math

import keras
import numpy as np
from numpy.typing import NDArray


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Every image once an epoch; the same seed gives the same orders with every backend.

    Given plain arrays, Keras draws the order itself, and with TensorFlow and a seed every epoch
    has the same one.

    Args:
        x: images, ``(n, height, width, channels)``.
        y: one-hot labels, ``(n, classes)``.
        batch_size: images in a batch; the last one of an epoch may be smaller.
        seed: of the orders.
    """

    def __init__(
        self, x: NDArray[np.float32], y: NDArray[np.float32], batch_size: int, seed: int
    ) -> None:
        super().__init__()
        self._x = x
        self._y = y
        self._batch_size = batch_size
        self._rng = np.random.default_rng(seed)
        self._order = self._rng.permutation(len(x))

    def __len__(self) -> int:
        return math.ceil(len(self._x) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        start = index * self._batch_size
        rows = self._order[start : start + self._batch_size]
        return self._x[rows], self._y[rows]

    def close(self) -> None:
        """Lets the images go: TensorFlow keeps what it was given to iterate over."""
        self._x, self._y = self._x[:0].copy(), self._y[:0].copy()

    def on_epoch_end(self) -> None:
        """Draws the order of the next epoch."""
        self._order = self._rng.permutation(len(self._x))
