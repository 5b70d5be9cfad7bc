"""Examples and their targets in batches, made when the network asks for them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from ablate.data.split import Rows


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Every example once an epoch; the same seed gives the same orders with every backend.

    Given plain arrays, Keras draws the order itself, and with TensorFlow and a seed every epoch
    has the same one.

    Args:
        x: examples, ``(n, ...)``.
        y: their targets, ``(n,)`` or ``(n, targets)``.
        encoded: targets as Keras's losses take them, ``(n, units)``, of some of them.
        batch_size: examples in a batch; the last one of an epoch may be smaller.
        seed: of the orders; None for the order in which the examples lie, in every epoch.
        weights: how much each example counts, ``(n,)``; None where all count alike.

    Attributes:
        size: examples in a batch.
        order: the positions of the examples in this epoch.
    """

    def __init__(
        self,
        x: Rows,
        y: NDArray[Any],
        encoded: Callable[[NDArray[Any]], NDArray[np.float32]],
        batch_size: int,
        seed: int | None = None,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        super().__init__()
        self._x: Rows | None = x
        self._y = y
        self._weights = None if weights is None else weights.astype(np.float32)
        self._encoded = encoded
        self.size = batch_size
        self._rng = None if seed is None else np.random.default_rng(seed)
        self.order = self._draw()

    def __len__(self) -> int:
        return math.ceil(len(self._y) / self.size)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        start = index * self.size
        return self.of(self.order[start : start + self.size])

    @property
    def bytes(self) -> int:
        """What all examples take in memory, as the network gets them, with their targets and weights."""
        of_one = keras.tree.flatten(self.of(slice(1)))
        return len(self._y) * sum(int(one.nbytes) for one in of_one)

    def of(self, rows: slice | NDArray[np.int64]) -> tuple[Any, ...]:
        """The examples at some positions, as one batch."""
        assert self._x is not None, "used after close"
        batch = self._x[rows], self._encoded(self._y[rows])
        return batch if self._weights is None else (*batch, self._weights[rows])

    def close(self) -> None:
        """Lets the examples go: TensorFlow keeps what it was given to iterate over."""
        self._x, self._y, self.order = None, self._y[:0].copy(), self.order[:0].copy()

    def on_epoch_end(self) -> None:
        """Draws the order of the next epoch."""
        self.order = self._draw()

    def _draw(self) -> NDArray[np.int64]:
        count = len(self._y)
        return np.arange(count) if self._rng is None else self._rng.permutation(count)
