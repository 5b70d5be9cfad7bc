"""Batches of small data sets, made by the backend itself of examples that it holds.

Python takes longer to hand over a batch than a small network takes to learn from it. The batches are
those of `Batches`, number by number, in the same orders.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras

from ablate.backends import BACKENDS
from ablate.limits import PIPELINE_MEMORY, PIPELINES_MEMORY
from ablate.training.batches import Batches
from ablate.training.feeding import Feeding


@dataclass
class Pipelines:
    """Pipelines of earlier trainings, which are filled again; the one that was used last at the end."""

    most_bytes: int = PIPELINES_MEMORY
    _kept: dict[str, Any] = field(default_factory=dict)
    """By what the backend has made a program for: the shapes and types of what is held."""
    _bytes: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._kept)

    @contextmanager
    def feeding(self, fed: Feeding) -> Iterator[tuple[Any, Any, list[keras.callbacks.Callback]]]:
        """What `Model.fit` trains on and validates with, and a callback that this needs.

        What is too large to be held, and what is no array, is given as it is.
        """
        train, redrawn = fed.train, []
        if self._can_hold(train):
            train.on_epoch_end()  # as Keras does with a `PyDataset`, before the first epoch
            pipeline = self._filled("training", train)
            train, redrawn = pipeline.dataset, [_Redrawn(fed.train, pipeline)]
        validation = fed.validation
        if self._can_hold(validation):
            validation = self._filled("validation", validation).dataset
        try:
            yield train, validation, redrawn
        finally:
            self._forget_oldest()

    def _can_hold(self, batches: Any) -> bool:
        makes = BACKENDS[keras.backend.backend()].pipelines and _backend().makes_pipelines()
        return makes and isinstance(batches, Batches) and batches.bytes <= PIPELINE_MEMORY

    def _filled(self, part: str, batches: Batches) -> Any:
        """The pipeline of a part, with these examples in their first order."""
        arrays = batches.whole()
        shapes = keras.tree.map_structure(lambda one: f"{one.dtype}{one.shape}", arrays)
        key = f"{part} {batches.size} {shapes}"
        pipeline = self._kept.pop(key, None)
        if pipeline is None:
            pipeline = _backend().Pipeline(arrays, batches.size)
            self._bytes[key] = batches.bytes
        else:
            pipeline.hold(arrays)
        self._kept[key] = pipeline
        pipeline.take(batches.order)
        return pipeline

    def _forget_oldest(self) -> None:
        while sum(self._bytes.values()) > self.most_bytes:
            oldest = next(iter(self._kept))
            del self._kept[oldest], self._bytes[oldest]


class _Redrawn(keras.callbacks.Callback):  # type: ignore[misc]
    """Has each epoch come in an order of its own."""

    def __init__(self, batches: Batches, pipeline: Any) -> None:
        super().__init__()
        self._batches, self._pipeline = batches, pipeline

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Draws the order of the next epoch."""
        self._batches.on_epoch_end()
        self._pipeline.take(self._batches.order)


def _backend() -> Any:
    return importlib.import_module(f"ablate.training.backends.{keras.backend.backend()}")
