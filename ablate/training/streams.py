"""A user's stream as Keras reads it: each batch checked, its targets encoded as the task says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras.src.trainers.data_adapters import get_data_adapter
from keras.src.trainers.data_adapters.data_adapter import DataAdapter
from numpy.typing import NDArray

from ablate.spec.data import StreamFacts
from ablate.tasks import Task
from ablate.user_code.streams import (
    StreamError,
    batches_of,
    count_batches,
    example_of,
    parts_of,
)

Batch = tuple[Any, NDArray[Any], NDArray[np.float64] | None]
READ_AHEAD = 2
"""Batches that TensorFlow has made while a step is under way."""


@dataclass(frozen=True)
class Terms:
    """How the batches of a stream are read."""

    task: Task
    values: int
    """How many classes, labels or numbers there are."""
    facts: StreamFacts
    """What all its batches look like."""
    weighted: bool = False
    """Whether what an example counts is heeded."""
    of_classes: NDArray[np.float64] | None = None
    """What an example of each class counts besides; None where all count alike."""

    @property
    def gives_weights(self) -> bool:
        """Whether batches come with what each example counts."""
        return self.of_classes is not None or (self.weighted and self.facts.weighted)


@dataclass
class Stream(DataAdapter):  # type: ignore[misc]
    """The batches of a user's stream, anew in each epoch: what `Model.fit` takes.

    What is wrong with a batch ends the epoch and is told by `check`: an exception would come through
    TensorFlow as something else.
    """

    stream: Any
    called: str
    """What it is called where something is wrong with it."""
    terms: Terms
    error: Exception | None = None
    """What has ended an epoch before its time."""
    seen: int | None = None
    """Batches of the first epoch that was read to its end."""
    _adapter: Any = field(init=False, default=None)

    def __post_init__(self) -> None:
        try:
            self._adapter = get_data_adapter(self.stream)
        except ValueError:  # none that Keras knows
            self._adapter = None
        self.expected = count_batches(self.stream)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """One epoch: inputs, encoded targets, and weights where the stream has them."""
        try:
            yield from map(self._encoded, self._batches())
        except Exception as error:
            self.error = self.error or error

    def _encoded(self, batch: Batch) -> tuple[Any, ...]:
        """A batch as Keras's losses take it."""
        (x, y, w), task, values = batch, self.terms.task, self.terms.values
        is_encoded = y.ndim > 1 and y.shape[1] == task.units(values) > 1
        encoded = np.asarray(y, np.float32) if is_encoded else task.encoded(self._own(y), values)
        if not self.terms.gives_weights:
            return x, encoded
        weights = np.ones(len(y)) if w is None else w  # these count by their class alone
        if self.terms.of_classes is not None:
            weights = weights * self.terms.of_classes[self._own(y)]
        return x, encoded, weights.astype(np.float32)

    def batches(self) -> Iterator[Batch]:
        """One epoch to measure: inputs, targets as the task's measures take them, weights."""
        self.on_epoch_begin()
        try:
            for x, y, w in self._batches():
                yield x, self._own(y), w if self.terms.weighted else None
        finally:
            self.on_epoch_end()
        self.check()

    def data(self) -> Any:
        """What `Model.evaluate` takes: itself."""
        return self

    def check(self) -> None:
        """Tells what has ended an epoch before its time.

        Raises:
            Exception: that.
        """
        if self.error is not None:
            raise self.error

    def _batches(self) -> Iterator[Batch]:
        count = 0
        try:
            known = self._adapter is not None
            for batch in self._adapter.get_numpy_iterator() if known else batches_of(self.stream):
                yield self._checked(batch, count)
                count += 1
            self._ended(count)
        except Exception as error:
            self.error = self.error or error

    def _checked(self, batch: Any, count: int) -> Batch:
        """A batch that is like all others.

        Raises:
            StreamError: it is not.
        """
        x, y, w = parts_of(batch, self.called)
        facts, found = self.terms.facts, example_of(x)
        width = int(y.shape[1]) if y.ndim > 1 else None
        if found != facts.example or width != facts.width:
            raise StreamError(
                f"batch {count + 1} of {self.called} has examples {_told(found, width)}, and its first "
                f"had {_told(facts.example, facts.width)}; give all of them one shape"
            )
        if self.terms.weighted and (w is not None) != facts.weighted:
            has = "no weights" if w is None else "weights"
            told = "weights" if facts.weighted else "none"
            raise StreamError(
                f"batch {count + 1} of {self.called} has {has}, and the first one to train on has {told}; "
                "give all batches (x, y, sample_weight), or none"
            )
        if isinstance(x, Mapping):
            return {name: _as(one, facts.kinds[name]) for name, one in x.items()}, y, w
        return _as(x, facts.kinds[""]), y, w

    def _own(self, y: NDArray[Any]) -> NDArray[Any]:
        """Targets as the measures of the task take them.

        Raises:
            StreamError: they are none of the task.
        """
        task, values = self.terms.task, self.terms.values
        rows = y[:, None] if y.ndim == 1 else y
        if not task.has_classes:
            kind = np.float64 if task.outputs == "numbers" else np.int64
            own: NDArray[Any] = rows.astype(kind)
            return own
        classes = rows.argmax(axis=1) if rows.shape[1] > 1 else rows[:, 0]
        if not np.isin(classes, np.arange(values)).all():
            wrong = classes[~np.isin(classes, np.arange(values))][0]
            raise StreamError(
                f"{self.called} gave the class {wrong:g}; classes are whole numbers from 0 to {values - 1}"
            )
        return classes.astype(np.int64)

    def _ended(self, count: int) -> None:
        """An epoch was read to its end.

        Raises:
            StreamError: it is shorter than it should be.
        """
        again = "have it give its batches anew in each epoch"
        if not count:
            earlier = f" after an epoch of {self.seen}" if self.seen else ""
            raise StreamError(f"{self.called} gave no batch{earlier}; {again}")
        if self.expected is not None and count < self.expected:
            rule = f"{self.called} ended after {count} of the {self.expected} batches that it says it has"
            raise StreamError(f"{rule}; {again}")
        if self.seen is not None and count < self.seen:
            rule = f"{self.called} gave {self.seen} batches in one epoch and {count} in another"
            raise StreamError(f"{rule}; {again}")
        self.seen = self.seen or count

    def get_numpy_iterator(self) -> Iterator[tuple[Any, ...]]:
        """For Keras."""
        return iter(self)

    def get_jax_iterator(self) -> Iterator[tuple[Any, ...]]:
        """For Keras."""
        return iter(self)

    def get_tf_dataset(self) -> Any:
        """For Keras."""
        import tensorflow as tf

        facts, units = self.terms.facts, self.terms.task.units(self.terms.values)
        shapes = facts.example if isinstance(facts.example, Mapping) else {"": facts.example}
        inputs: Any = {
            name: tf.TensorSpec((None, *shape), _kind(facts.kinds[name]))
            for name, shape in shapes.items()
        }
        signature = [inputs.get("", inputs), tf.TensorSpec((None, units), "float32")]
        if self.terms.gives_weights:
            signature.append(tf.TensorSpec((None,), "float32"))
        found = tf.data.Dataset.from_generator(self.__iter__, output_signature=tuple(signature))
        return found.prefetch(READ_AHEAD)

    def get_torch_dataloader(self) -> Any:
        """For Keras."""
        from keras.src.trainers.data_adapters.data_adapter_utils import get_torch_dataloader

        return get_torch_dataloader(self)

    @property
    def num_batches(self) -> int | None:
        """How many batches an epoch has; None as long as nobody knows."""
        return self.expected or self.seen

    @property
    def batch_size(self) -> int | None:
        """Whatever the stream gives."""
        return None

    @property
    def has_partial_batch(self) -> bool:
        """Nobody knows."""
        return False

    @property
    def partial_batch_size(self) -> int | None:
        """Nobody knows."""
        return None

    def on_epoch_begin(self) -> None:
        """Tells a stream that has a use for it."""
        if self._adapter is not None:
            self._adapter.on_epoch_begin()

    def on_epoch_end(self) -> None:
        """Tells a stream that has a use for it."""
        if self._adapter is not None:
            self._adapter.on_epoch_end()


class Watch(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends a training whose streams have ended before their time."""

    def __init__(self, *streams: Stream) -> None:
        super().__init__()
        self._streams = streams

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Looks at both.

        Raises:
            Exception: what was wrong.
        """
        for stream in self._streams:
            stream.check()


def _as(inputs: NDArray[Any], kind: str) -> NDArray[Any]:
    """Inputs as a network gets them."""
    return inputs.astype(_kind(kind), copy=False)


def _kind(kind: str) -> str:
    """The type that a network gets, of the type of a stream."""
    return "float32" if kind == "float64" else kind


def _told(example: Any, width: int | None) -> str:
    targets = "a number" if width is None else f"{width} numbers"
    return f"of shape {example} with {targets} as the target"
