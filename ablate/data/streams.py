"""The examples of a training run that come in streams: made by the user's functions when it begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ablate.data.checks import check_weights
from ablate.data.prepared import streams_of
from ablate.errors import InputError, Problem
from ablate.user_code.stream_process import BATCH, SEED, targets_digest
from ablate.user_code.streams import TEST_CONVENTION, StreamError, first_batch

if TYPE_CHECKING:
    from ablate.data.prepared import PreparedData
    from ablate.spec.data import DataSettings, StreamFacts
    from ablate.spec.study import StudySpec


@dataclass(frozen=True)
class StreamSplit:
    """The training and the validation stream of one seed, not made yet."""

    make: Callable[[int], tuple[Any, Any]]
    """Makes both, in this process, of a batch size; raises `StreamError` where they are none."""
    file: str
    """The file that defines them, as the study names it."""
    facts: StreamFacts
    class_names: tuple[str, ...]
    """Of classes, labels or numbers."""


@dataclass(frozen=True)
class StreamTest:
    """The test stream, not made yet."""

    make: Callable[[int], Any]
    """Makes it, in this process, of a batch size; raises `StreamError` where it is none."""


def stream_split(prepared: PreparedData, settings: DataSettings, seed: int) -> StreamSplit:
    """The training and validation streams of a seed."""
    streams = streams_of(settings)
    assert streams is not None and prepared.stream is not None
    return StreamSplit(
        make=lambda batch_size: streams.train(settings.options, seed, batch_size),
        file=settings.dataset,
        facts=prepared.stream,
        class_names=prepared.class_names,
    )


def stream_test(settings: DataSettings) -> StreamTest:
    """The test stream, of which no search may know."""
    streams = streams_of(settings)
    assert streams is not None
    return StreamTest(make=lambda batch_size: streams.test(settings.options, batch_size))


def check_same_stream(prepared: PreparedData, settings: DataSettings) -> None:
    """Makes sure that the streams still begin as when the data set was looked at.

    Raises:
        InputError: they do not, or cannot be made.
    """
    split = streams_of(settings)
    assert split is not None and prepared.stream is not None
    try:
        train, _ = split.train(settings.options, SEED, BATCH)
        _, targets, _ = first_batch(train, "the training stream of train_data")
    except StreamError as error:
        raise InputError(Problem(settings.dataset, str(error))) from error
    if targets_digest(targets) != prepared.stream.targets:
        rule = (
            f"the first batch of train_data(seed={SEED}, batch_size={BATCH}) has other targets than when "
            "the study was begun"
        )
        hint = (
            "put the data back, or have train_data draw by its seed alone: replicates are compared seed "
            "by seed"
        )
        raise InputError(Problem(settings.dataset, rule, hint=hint))


def check_streams(
    study: StudySpec, settings: DataSettings, facts: StreamFacts, names: Sequence[str]
) -> None:
    """Makes sure that streams can give what a study asks for.

    Raises:
        InputError: they cannot.
    """
    training, problems = study.training, list[Problem]()

    def refuse(key: str, rule: str, hint: str) -> None:
        problems.append(Problem(study.path, rule, key, hint=hint))

    streams = streams_of(settings)
    if study.replicate is not None and streams is not None and not streams.is_tested:
        rule = f"replicates are tested, and {settings.dataset} defines no {TEST_CONVENTION}"
        refuse("replicate", rule, "define it, or leave [replicate] out: a search needs none")
    if study.replicate is not None and study.replicate.folds is not None:
        rule = f"cuts examples that {settings.dataset} gives as they come"
        refuse("replicate.folds", rule, "ask for seeds")
    if training.class_weight == "balanced":
        rule = f"needs the number of examples of each class, which {settings.dataset} does not tell"
        refuse("training.class_weight", rule, "give a number for each class")
    if training.batch_norm_averages == "recalibrated":
        rule = f"reads all training examples once more an epoch, which {settings.dataset} streams"
        refuse("training.batch_norm_averages", rule, "leave it out")
    needs: list[str] = [
        key for key in ("cosine", "exponential") if training.learning_rate_decay == key
    ]
    needs += ["warmup_epochs"] if training.warmup_epochs else []
    if facts.train is None and needs:
        rule = f"counts the steps of an epoch, which {settings.dataset} does not know"
        key = "warmup_epochs" if needs == ["warmup_epochs"] else "learning_rate_decay"
        refuse(f"training.{key}", rule, "give the stream a __len__ or a cardinality")
    if problems:
        raise InputError(*problems)
    check_weights(training, names, {"training": facts.weighted}, settings.dataset)
