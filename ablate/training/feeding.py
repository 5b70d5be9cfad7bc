"""What a training run is fed with: batches to fit, and examples to measure, of arrays or of streams."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.data.fitting import Units
from ablate.data.split import Rows, Split, TestSet, TrainingData, unweighted
from ablate.data.streams import StreamSplit, StreamTest
from ablate.spec.data import InputShape
from ablate.spec.trial import TrialSpec
from ablate.tasks import Task
from ablate.training.batches import Batches
from ablate.training.network import ModelError
from ablate.training.parts import ArrayPart, Part
from ablate.training.streams import Stream, Terms
from ablate.training.weights import training_weights
from ablate.user_code.streams import TEST, TRAIN, StreamError

NOT_OF_STREAMS = {"class_weight": "balanced", "batch_norm_averages": "recalibrated"}
"""Settings that read all training examples: checked with the study, but for what it varies or tunes."""
AnySplit = Split | StreamSplit
AnyTest = TestSet | StreamTest


@dataclass(frozen=True)
class Feeding:
    """What a network is trained on."""

    example: InputShape
    """The shape of one example; of several inputs each, by name."""
    class_names: tuple[str, ...]
    """Of classes, labels or numbers."""
    units: Units | None
    """Those that the numbers of a regression are scaled by."""
    data: Any
    """What a `build` is given that asks for what it is trained on."""
    train: Any
    """What `Model.fit` trains on."""
    validation: Any
    """What `Model.fit` validates with."""
    measured: Part
    """The validation examples, to measure."""
    steps: int | None
    """Steps of an epoch; None where nobody knows."""
    first: Any = None
    """Some examples to try a network with; None of a stream, which might be at its end then."""
    population: Rows | None = None
    """All training examples; None of a stream."""
    streams: tuple[Stream, ...] = ()
    """Those that are read; none of arrays."""

    def check(self) -> None:
        """Tells what is wrong with a stream.

        Raises:
            ModelError: its batches are not what they should be.
            Exception: what it raised.
        """
        for stream in self.streams:
            try:
                stream.check()
            except StreamError as error:
                raise ModelError(str(error)) from error

    def close(self) -> None:
        """Lets the examples go."""
        for one in (self.train, self.validation):
            if isinstance(one, Batches):
                one.close()


def feed(split: AnySplit, spec: TrialSpec, task: Task) -> Feeding:
    """What a training run of a split is fed with.

    Raises:
        ModelError: streams are none, or do not go together with the settings.
    """
    if isinstance(split, StreamSplit):
        return _of_streams(split, spec, task)
    return _of_arrays(split, spec, task)


def tested(test: AnyTest, split: AnySplit, spec: TrialSpec, task: Task) -> Part:
    """The test examples, to measure.

    Raises:
        ModelError: a stream is none.
    """
    if isinstance(test, TestSet):
        assert isinstance(split, Split)
        weights = test.weights if spec.training.weighted_metrics else None
        encoded, size = _encoding(split, task), spec.training.batch_size
        return ArrayPart(test.x, test.y, weights, encoded, size)
    assert isinstance(split, StreamSplit)
    try:
        made = test.make(spec.training.batch_size)
    except StreamError as error:
        raise ModelError(f"{split.file}: {error}") from error
    terms = Terms(
        task, len(split.class_names), split.facts, weighted=spec.training.weighted_metrics
    )
    return Stream(made, f"the stream of {TEST} in {split.file}", terms)


def _of_arrays(given: Split, spec: TrialSpec, task: Task) -> Feeding:
    settings, encoded = spec.training, _encoding(given, task)
    # Without it weights are of the training alone.
    split = given if settings.weighted_metrics else unweighted(given, None)[0]
    weights = training_weights(
        split.y_train, split.class_names, settings.class_weight, split.w_train
    )
    size = settings.batch_size
    train = Batches(split.x_train, split.y_train, encoded, size, spec.seed, weights)
    return Feeding(
        example=_example(split.x_train.shape),
        class_names=split.class_names,
        units=split.units,
        data=TrainingData(split.x_train, split.y_train),
        train=train,
        validation=Batches(split.x_val, split.y_val, encoded, size, weights=split.w_val),
        measured=ArrayPart(split.x_val, split.y_val, split.w_val, encoded, size),
        steps=len(train),
        first=split.x_train[:size],
        population=split.x_train,
    )


def _encoding(split: Split, task: Task) -> Callable[[NDArray[Any]], NDArray[np.float32]]:
    """Makes targets what Keras's losses take: those of a regression in scaled units."""
    units, values = split.units, len(split.class_names)

    def encoded(targets: NDArray[Any]) -> NDArray[np.float32]:
        return task.encoded(targets if units is None else units.scaled(targets), values)

    return encoded


def _of_streams(split: StreamSplit, spec: TrialSpec, task: Task) -> Feeding:
    settings, values = spec.training, len(split.class_names)
    for key, cannot in NOT_OF_STREAMS.items():
        if getattr(settings, key) == cannot:
            raise ModelError(
                f"{key} = {cannot!r} needs all examples at hand, which {split.file} streams"
            )
    try:
        made = split.make(settings.batch_size)
    except StreamError as error:
        raise ModelError(f"{split.file}: {error}") from error
    given = settings.class_weight
    of_classes = None
    if isinstance(given, Mapping):
        of_classes = np.array([given[name] for name in split.class_names], np.float64)
    train, validation = (
        Stream(
            stream,
            f"the {part} stream of {TRAIN} in {split.file}",
            Terms(task, values, split.facts, weighted=weighted, of_classes=weights),
        )
        for stream, part, weighted, weights in (
            (made[0], "training", True, of_classes),
            (made[1], "validation", settings.weighted_metrics, None),
        )
    )
    if train.expected is None and (needs := _needs_length(spec)):
        raise ModelError(
            f"{train.called} does not know its length, which {needs} needs; give it a __len__ or a "
            "cardinality"
        )
    return Feeding(
        example=split.facts.example,
        class_names=split.class_names,
        units=None,
        data=made[0],
        train=train,
        validation=validation,
        measured=validation,
        steps=train.expected,
        streams=(train, validation),
    )


def _needs_length(spec: TrialSpec) -> str | None:
    """The setting that depends on the steps of an epoch; None where none does."""
    settings = spec.training
    if settings.learning_rate_decay in ("cosine", "exponential"):
        return f"learning_rate_decay = {settings.learning_rate_decay!r}"
    return "warmup_epochs" if settings.warmup_epochs else None


def _example(shape: Any) -> InputShape:
    """The shape of one of the examples of a shape; of several inputs each, by name."""
    if isinstance(shape, Mapping):
        return {name: tuple(one[1:]) for name, one in shape.items()}
    return tuple(shape[1:])
