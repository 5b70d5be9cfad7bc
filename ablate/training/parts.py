"""What a network is measured on: examples with their targets, in batches, in their own order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import keras
import numpy as np

from ablate.training.batches import Batches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ablate.data.split import Rows

BATCH = 512


class Part(Protocol):
    """The examples of a part; see `Rows` and `Stream`."""

    def batches(self) -> Iterator[tuple[Any, NDArray[Any], NDArray[np.float64] | None]]:
        """Inputs, targets as the measures of the task take them, and what each example counts."""

    def data(self) -> Any:
        """What `Model.evaluate` takes, of the same examples."""


@dataclass(frozen=True)
class ArrayPart:
    """Examples that lie in arrays."""

    x: Rows
    y: NDArray[Any]
    weights: NDArray[np.float64] | None = None
    encoded: Callable[[NDArray[Any]], NDArray[np.float32]] = np.asarray
    """Targets as Keras's losses take them."""
    batch_size: int = BATCH

    def data(self) -> Any:
        """See `Part`."""
        return Batches(self.x, self.y, self.encoded, self.batch_size, weights=self.weights)

    def batches(self) -> Iterator[tuple[Any, NDArray[Any], NDArray[np.float64] | None]]:
        """See `Part`."""
        for start in range(0, len(self.y), BATCH):
            rows = slice(start, start + BATCH)
            yield self.x[rows], self.y[rows], None if self.weights is None else self.weights[rows]


@dataclass(frozen=True)
class Seen:
    """What a network gives for the examples of a part."""

    outputs: NDArray[Any]
    """``(n, units)``"""
    targets: NDArray[Any]
    weights: NDArray[np.float64] | None
    """What each example counts; None where all count alike."""
    example: Any
    """The first example, as a batch of one."""


def see(model: keras.Model, part: Part) -> Seen:
    """Has a network predict the examples of a part.

    It is called directly: `Model.predict` would trace a graph for each trial, which costs more than
    these few batches.
    """
    outputs, targets, weights = [], [], []
    example: Any = None
    for x, y, w in part.batches():
        example = keras.tree.map_structure(lambda one: one[:1], x) if example is None else example
        outputs.append(keras.ops.convert_to_numpy(model(x, training=False)))
        targets.append(y)
        weights += [] if w is None else [w]
    return Seen(
        outputs=np.concatenate(outputs),
        targets=np.concatenate(targets),
        weights=np.concatenate(weights) if weights else None,
        example=example,
    )
