"""What a user's stream is, asked without knowing which library made it.

A stream is what `Model.fit` takes besides arrays: a ``PyDataset``, a ``tf.data.Dataset``, a PyTorch
``DataLoader``, a grain dataset, or whatever gives its batches anew each time that it is iterated over.
A batch is ``(x, y)`` or ``(x, y, sample_weight)``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

TRAIN, TEST = "train_data", "test_data"
"""The functions of a user's file that make streams."""
TRAIN_CONVENTION = f"{TRAIN}(*, seed, batch_size, **options) -> (train, validation)"
TEST_CONVENTION = f"{TEST}(*, batch_size, **options)"
KINDS = "a PyDataset, a tf.data.Dataset, a DataLoader, or whatever gives its batches anew each time"


class StreamError(ValueError):
    """A stream is none, or its batches are wrong; the text says what and what to do."""


def two_streams(returned: Any) -> tuple[Any, Any]:
    """The training and the validation stream that a user's function returned.

    Raises:
        StreamError: it returned something else.
    """
    if isinstance(returned, tuple | list) and len(returned) == 2:
        for stream, part in zip(returned, ("training", "validation"), strict=True):
            check_stream(stream, f"the {part} stream of {TRAIN}")
        return returned[0], returned[1]
    found = type(returned).__name__
    found += f" of {len(returned)}" if isinstance(returned, tuple | list) else ""
    raise StreamError(f"{TRAIN} must return (train, validation), it returned a {found}")


def check_stream(stream: Any, called: str) -> None:
    """Makes sure that something can be read anew in each epoch.

    Raises:
        StreamError: it cannot.
    """
    if isinstance(stream, Iterator):  # a generator, or what `iter` gives
        rule = f"{called} is a {type(stream).__name__}, which can be read once"
        raise StreamError(f"{rule}; return {KINDS}")
    if hasattr(stream, "shape") or isinstance(stream, Mapping | Sequence):
        hint = 'give arrays by load_data and dataset = "file.py:load_data"'
        raise StreamError(f"{called} is a {type(stream).__name__}, which is no stream; {hint}")
    if not hasattr(stream, "__iter__") and not _has_items(stream):
        raise StreamError(
            f"{called} is a {type(stream).__name__}, which is no stream; return {KINDS}"
        )


def count_batches(stream: Any) -> int | None:
    """How many batches an epoch has; None where the stream does not know."""
    count = getattr(stream, "num_batches", None)  # of a PyDataset
    if count is None and hasattr(stream, "cardinality"):
        found = int(stream.cardinality())
        return found if found >= 0 else None
    if count is None:
        try:
            count = len(stream)
        except (TypeError, NotImplementedError):
            return None
    return int(count)


def batches_of(stream: Any) -> Iterator[Any]:
    """The batches of one epoch."""
    if not _has_items(stream) or hasattr(stream, "__iter__"):
        yield from stream
        return
    for index in range(count_batches(stream) or 0):
        yield stream[index]


def first_batch(stream: Any, called: str) -> tuple[Any, NDArray[Any], NDArray[Any] | None]:
    """The first batch of a stream.

    Raises:
        StreamError: it has none, or one that is no batch.
    """
    batches = batches_of(stream)
    try:
        batch = next(batches, None)
    finally:
        del batches
    if batch is None:
        raise StreamError(f"{called} gave no batch at all; give it examples")
    return parts_of(batch, called)


def parts_of(batch: Any, called: str) -> tuple[Any, NDArray[Any], NDArray[Any] | None]:
    """The inputs, the targets and the weights of a batch, as arrays; the last None where it has none.

    Raises:
        StreamError: it holds something else.
    """
    import numpy as np

    if not isinstance(batch, tuple | list) or len(batch) not in (2, 3):
        found = type(batch).__name__
        found += f" of {len(batch)}" if isinstance(batch, tuple | list) else ""
        raise StreamError(
            f"{called} gave a {found} as a batch; a batch is (x, y) or (x, y, sample_weight)"
        )
    inputs, targets, *weights = batch
    x = (
        {str(name): np.asarray(one) for name, one in inputs.items()}
        if isinstance(inputs, Mapping)
        else np.asarray(inputs)
    )
    y = np.asarray(targets)
    w = np.asarray(weights[0], np.float64) if weights and weights[0] is not None else None
    rows = {len(one) if one.ndim else 0 for one in (*_arrays(x), y, *([] if w is None else [w]))}
    if len(rows) > 1 or y.dtype.kind == "O" or not rows - {0}:
        sizes = ", ".join(str(one.shape) for one in (*_arrays(x), y))
        rule = f"{called} gave a batch of the shapes {sizes}"
        raise StreamError(f"{rule}; all of a batch must have as many rows, and at least one")
    return x, y, w


def example_of(inputs: Any) -> Any:
    """The shape of one example of a batch; of several inputs each, by name."""
    if isinstance(inputs, Mapping):
        return {name: tuple(map(int, one.shape[1:])) for name, one in inputs.items()}
    return tuple(map(int, inputs.shape[1:]))


def _arrays(inputs: Any) -> list[NDArray[Any]]:
    return list(inputs.values()) if isinstance(inputs, Mapping) else [inputs]


def _has_items(stream: Any) -> bool:
    return hasattr(stream, "__getitem__") and (
        hasattr(stream, "__len__") or hasattr(stream, "num_batches")
    )
