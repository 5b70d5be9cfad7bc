"""The moving averages of batch norm: which a network has, and how they are recalibrated.

Batch norm trains with the mean and variance of each batch and validates with moving averages of
them, which lag behind the weights. Recalibrated averages are those of the training images under the
weights of now, as in "precise batch norm" (Wu and Johnson, 2021): one pass in which every batch norm
normalises with the statistics of its batch, as in training, while all else, dropout above all, works
as in testing. The means of the batches are averaged by size; the variance is that of all values
together, within and between batches (law of total variance).

Exact would be one pass for each batch norm, those before it recalibrated already. One pass for all
differs from that by how much the statistics of a batch of 512 differ from those of all images, which
is nothing where there is one batch, and costs the same however many batch norms there are.
"""

from __future__ import annotations

import inspect
import math
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras.src.random.seed_generator import global_seed_generator

from ablate.data.split import Rows
from ablate.spec.averages import MovingAverages
from ablate.training.network import batch_norms, largest_momentum
from ablate.training.parts import BATCH

if TYPE_CHECKING:
    from numpy.typing import NDArray


OnLag = Callable[[MovingAverages], None]


class Averages(keras.callbacks.Callback):  # type: ignore[misc]
    """Knows whose averages a training moves, and recalibrates them before every validation.

    The network that is kept, tested or saved after an epoch so holds those of its epoch: a further
    pass over the same images would find the same.

    Args:
        images: the training images; None where the averages stay as training leaves them.
        steps: steps of an epoch; None where nobody knows, and nothing is told of averages that lag.
        on_lag: told of averages that lag when the first epoch has been validated with them.
    """

    def __init__(self, images: Rows | None, steps: int | None, on_lag: OnLag | None) -> None:
        super().__init__()
        self._images = images
        self._steps = steps
        self._on_lag = on_lag
        self._started: list[tuple[Any, list[NDArray[Any]]]] = []

    def on_train_begin(self, logs: Any = None) -> None:
        """Notes what the averages start with."""
        self._started = [(norm, _values(_averages(norm))) for norm in batch_norms(self.model)]

    def on_test_begin(self, logs: Any = None) -> None:
        """Recalibrates them, where that is asked for."""
        if self._images is not None:
            recalibrate(self.model, self.moved(), self._images)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Tells once of averages that lag."""
        found = None if epoch or self._on_lag is None else self.validated_with()
        if found is not None and found.lag(1):
            assert self._on_lag is not None
            self._on_lag(found)

    def moved(self) -> list[keras.layers.BatchNormalization]:
        """The batch norms whose averages have moved.

        Those of a part that is called with ``training=False`` train with their averages as they
        are: to recalibrate them would change the network. A momentum of 1 never moves them.
        """
        return [
            norm
            for norm, started in self._started
            if norm.momentum == 1
            or not np.array_equal(_values(_averages(norm)), started, equal_nan=True)
        ]

    def validated_with(self) -> MovingAverages | None:
        """What tells how far the averages lagged.

        Returns:
            None where the network has no batch norm, or recalibrated ones.
        """
        momentum = largest_momentum(self.moved())
        if momentum is None or self._images is not None or self._steps is None:
            return None
        return MovingAverages(momentum=momentum, steps=self._steps)


def recalibrate(
    model: keras.Model, norms: Sequence[keras.layers.BatchNormalization], images: Rows
) -> None:
    """Sets moving averages to those of images, in their stored order; nothing else changes.

    A batch norm that the network does not use in testing keeps its own.
    """
    found = [_Moments() for _ in norms]
    with _unchanged(model), ExitStack() as observed:
        for norm, moments in zip(norms, found, strict=True):
            observed.enter_context(_observed(norm, moments))
        for start in range(0, len(images) if norms else 0, BATCH):
            model(images[start : start + BATCH], training=False)
    for norm, moments in zip(norms, found, strict=True):
        if moments.count:
            norm.moving_mean.assign(moments.mean)
            norm.moving_variance.assign(moments.squares / moments.count)


class _Moments:
    """Mean and sum of squared deviations of values that come in batches."""

    def __init__(self) -> None:
        self.count = 0.0
        self.mean: NDArray[np.float64] = np.zeros(1)
        self.squares: NDArray[np.float64] = np.zeros(1)

    def add(self, count: float, mean: NDArray[np.float64], variance: NDArray[np.float64]) -> None:
        """Takes in so many values of a channel, which had these moments."""
        if not count:
            return
        before, self.count = self.count, self.count + count
        between = (mean - self.mean) ** 2 * (before * count / self.count)
        self.squares = self.squares + variance * count + between
        self.mean = self.mean + (mean - self.mean) * (count / self.count)


@contextmanager
def _observed(norm: keras.layers.BatchNormalization, moments: _Moments) -> Iterator[None]:
    """Has a batch norm normalise with the statistics of each batch, and notes these.

    Without a momentum its moving averages are those of the batch that it has just seen. So that
    holds for whatever a subclass does in its `call`.
    """
    call, momentum = norm.call, norm.momentum
    signature = inspect.signature(call)

    def observed(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind(*args, **kwargs)
        if "training" in signature.parameters:
            given.arguments["training"] = True
        outputs = call(*given.args, **given.kwargs)
        count = _values_of_a_channel(norm, given.args[0], given.arguments.get("mask"))
        mean, variance = (value.astype(np.float64) for value in _values(_averages(norm)))
        moments.add(count, mean, variance)
        return outputs

    norm.__dict__["call"] = observed  # past Keras, which would keep books of an attribute
    norm.momentum = 0.0
    try:
        yield
    finally:
        del norm.__dict__["call"]
        norm.momentum = momentum


def _values_of_a_channel(norm: keras.layers.BatchNormalization, inputs: Any, mask: Any) -> float:
    """How many values of each channel a batch holds, those that are masked left out."""
    every = float(math.prod(inputs.shape) / inputs.shape[norm.axis])
    if mask is None:
        return every
    return every * float(np.mean(keras.ops.convert_to_numpy(mask)))


@contextmanager
def _unchanged(model: keras.Model) -> Iterator[None]:
    """Gives all that a pass may change back at the end: states of layers and of random numbers."""
    python, numpys = random.getstate(), np.random.get_state()
    variables = [*model.non_trainable_variables, global_seed_generator().state]
    values = _values(variables)
    try:
        yield
    finally:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        random.setstate(python)
        np.random.set_state(numpys)


def _averages(norm: keras.layers.BatchNormalization) -> list[Any]:
    return [norm.moving_mean, norm.moving_variance]


def _values(variables: Sequence[Any]) -> list[NDArray[Any]]:
    """Copies of the values of variables."""
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]
