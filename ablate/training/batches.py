"""Images and their labels in batches, made when the network asks for them."""

from __future__ import annotations

import math

import keras
import numpy as np
from numpy.typing import NDArray

from ablate.data.split import Rows


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Every image once an epoch; the same seed gives the same orders with every backend.

    Given plain arrays, Keras draws the order itself, and with TensorFlow and a seed every epoch
    has the same one.

    Args:
        x: images, ``(n, height, width, channels)``.
        y: the classes of the images, ``(n,)``.
        classes: how many there are; labels are given one-hot.
        batch_size: images in a batch; the last one of an epoch may be smaller.
        seed: of the orders; None for the order in which the images lie, in every epoch.
    """

    def __init__(
        self,
        x: Rows,
        y: NDArray[np.int64],
        classes: int,
        batch_size: int,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        self._x: Rows | None = x
        self._y = y
        self._classes = classes
        self._batch_size = batch_size
        self._rng = None if seed is None else np.random.default_rng(seed)
        self._order = self._draw()

    def __len__(self) -> int:
        return math.ceil(len(self._y) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        assert self._x is not None, "used after close"
        start = index * self._batch_size
        rows = self._order[start : start + self._batch_size]
        return self._x[rows], one_hot(self._y[rows], self._classes)

    def close(self) -> None:
        """Lets the images go: TensorFlow keeps what it was given to iterate over."""
        self._x, self._y, self._order = None, self._y[:0].copy(), self._order[:0].copy()

    def on_epoch_end(self) -> None:
        """Draws the order of the next epoch."""
        self._order = self._draw()

    def _draw(self) -> NDArray[np.int64]:
        count = len(self._y)
        return np.arange(count) if self._rng is None else self._rng.permutation(count)


def one_hot(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """A row for each label, ``(n, classes)``: 1 in its column, 0 elsewhere."""
    rows = np.zeros((len(labels), classes), np.float32)
    rows[np.arange(len(labels)), labels] = 1
    return rows
