"""Batches of small data sets, made by the backend itself of examples that it holds.

Python takes longer to hand over a batch than a small network takes to learn from it. The batches are
those of `Batches`, number by number, in the same orders.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from ablate.backends import BACKENDS
from ablate.limits import PIPELINE_MEMORY, PIPELINES_MEMORY
from ablate.training.backends import own_code
from ablate.training.batches import Batches
from ablate.training.bounded import Bounded
from ablate.training.feeding import Feeding


class Pipelines:
    """Pipelines of earlier trainings, which are filled again.

    Args:
        most_bytes: memory that they may hold together.
    """

    def __init__(self, most_bytes: int = PIPELINES_MEMORY) -> None:
        self._kept: Bounded[Any] = Bounded(most_bytes)
        """By what the backend has made a program for: the shapes and types of what is held."""

    def __len__(self) -> int:
        return len(self._kept)

    def fed(self, feeding: Feeding, epochs: int) -> tuple[Any, dict[str, Any]]:
        """What `Model.fit` trains on, and by name what it validates with and how many steps it takes.

        What is too large to be held, and what is no array, is given as it is.
        """
        train, found = feeding.train, {"validation_data": feeding.validation}
        if self._can_hold(feeding.train, epochs):
            orders = []
            for _ in range(epochs):
                feeding.train.on_epoch_end()  # as Keras does before the first epoch, too
                orders.append(feeding.train.order)
            train = self._filled("training", feeding.train, np.concatenate(orders))
            found["steps_per_epoch"] = len(feeding.train)
        if self._can_hold(feeding.validation, 1):
            validation = feeding.validation
            found["validation_data"] = self._filled("validation", validation, validation.order)
            found["validation_steps"] = len(validation)
        return train, found

    def _can_hold(self, batches: Any, epochs: int) -> bool:
        if not BACKENDS[keras.backend.backend()].pipelines or not isinstance(batches, Batches):
            return False
        orders = epochs * batches.order.nbytes
        return batches.bytes + orders <= PIPELINE_MEMORY and bool(own_code().makes_pipelines())

    def _filled(self, part: str, batches: Batches, orders: NDArray[np.int64]) -> Any:
        """The data set of a part, with these examples in the orders of all epochs."""
        arrays = batches.of(slice(None))
        shapes = keras.tree.map_structure(lambda one: f"{one.dtype}{one.shape}", arrays)
        key = f"{part} {batches.size} {shapes}"
        pipeline = self._kept.take(key) or own_code().Pipeline(arrays, batches.size)
        pipeline.hold(arrays, orders)
        self._kept.keep(key, pipeline, batches.bytes + orders.nbytes)
        return pipeline.dataset
