"""What is read of a data set, before anything is trained on it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate import tasks
from ablate.data.card import bounds, example_shape, target_spans
from ablate.data.checks import check_examples, check_split
from ablate.data.doubts import doubts
from ablate.data.drawing import Drawing
from ablate.data.prepared import (
    PreparedData,
    find_prepared,
    load,
    prepare,
    source_of,
    streams_of,
)
from ablate.data.split import are_pixels, drawing_of
from ablate.data.writing import digest_of
from ablate.datasets._base import Examples
from ablate.datasets._files import DOWNLOADED
from ablate.datasets._user_streams import users_data
from ablate.spec.data import DataSettings, InputShape, StreamFacts

if TYPE_CHECKING:
    from numpy.typing import NDArray


TARGETS = ("y_train", "y_test")
LISTED = 12
"""Classes without examples that are named."""


@dataclass(frozen=True)
class Reading:
    """What a data set was taken for."""

    dataset: str
    example: InputShape
    """The shape of an example, of images height, width, channels; of several inputs each, by name."""
    kind: str
    """The type of the stored pixels or numbers."""
    values: tuple[float, float] | None
    """The lowest and the highest as the network sees it; of a table before it is scaled. None of a
    stream."""
    counts: tuple[int, int]
    """The training and the test examples, those that are drawn."""
    classes: Mapping[str, tuple[int, int]]
    """Of them those of each class or label; empty where there are numbers to predict."""
    targets: Mapping[str, tuple[float, float]]
    """The lowest and the highest training value of each number to predict; empty for classes."""
    digest: str
    """SHA-256 of all examples and labels."""
    warnings: tuple[str, ...]
    """What looks wrong."""
    validation: int = 0
    """The examples of its own validation part; 0 where there is none."""
    groups: int = 0
    """Groups that are kept together; 0 where there are none."""
    weighted: Mapping[str, bool] = field(default_factory=dict)
    """For each part that there is whether its examples are weighted."""
    names: tuple[str, ...] = ()
    """Of classes, labels or numbers."""
    folds: int | None = None
    """How many are held out to test on; None where a part is set apart for that."""
    stream: StreamFacts | None = None
    """What was seen of a user's streams; None where examples were read and counted."""


def read_data(settings: DataSettings, cache: Path | None = None) -> Reading | None:
    """Reads a data set as a run does, and keeps nothing.

    Args:
        settings: the data set.
        cache: where a run may have prepared it already.

    Returns:
        None for one that would have to be downloaded.

    Raises:
        InputError: whatever a run would say of it.
    """
    if streams_of(settings) is not None:
        return _of_streams(settings, cache)
    prepared = find_prepared(settings, cache) if cache is not None else None
    if prepared is not None:
        return _reading(
            settings,
            prepared.inputs("train"),
            [prepared.array(name) for name in TARGETS],
            prepared.array("y_val") if prepared.has_validation else None,
            drawing_of(prepared, settings),
            weighted_parts(prepared, tested=bool(len(prepared.array("y_test")))),
            prepared.class_names,
            prepared.digest,
        )
    if source_of(settings).startswith(DOWNLOADED):
        return None
    whole = {"per_class": None, "test_per_class": None}
    asked = settings.model_copy(update=whole)
    # What a user's function gives is kept by itself, as long as its files stay the same.
    is_users = users_data(settings.dataset, Path(settings.folder)) is not None
    source = source_of(settings)
    examples = load(asked) if is_users else _loaded(asked.model_dump_json(), source)
    check_examples(examples, settings)
    return _reading(
        settings,
        examples.x_train,
        [examples.y_train, examples.y_test],
        examples.y_val,
        Drawing(examples.y_train, examples.groups, settings.strategy),
        _weighted(examples),
        examples.class_names,
        digest_of(examples),
    )


def _of_streams(settings: DataSettings, cache: Path | None) -> Reading:
    """What is known of streams, which are not read."""
    with tempfile.TemporaryDirectory(prefix="ablate-check-") as folder:
        prepared = find_prepared(settings, cache) if cache is not None else None
        prepared = prepared or prepare(settings, Path(folder))
    facts = prepared.stream
    assert facts is not None
    return Reading(
        dataset=settings.dataset,
        example=facts.example,
        kind=facts.kind,
        values=None,
        counts=(facts.examples or 0, 0),
        classes={},
        targets={},
        digest=prepared.digest,
        warnings=(),
        names=prepared.class_names,
        stream=facts,
    )


@lru_cache(maxsize=1)
def _loaded(settings: str, source: str) -> Examples:
    """The examples of a data set; several studies in a row may read the same."""
    return load(DataSettings.model_validate_json(settings))


def _reading(
    settings: DataSettings,
    inputs: NDArray[Any] | Mapping[str, NDArray[Any]],
    targets: Sequence[NDArray[Any]],
    y_val: NDArray[Any] | None,
    drawing: Drawing,
    weighted: Mapping[str, bool],
    names: tuple[str, ...],
    digest: str,
) -> Reading:
    task = tasks.find(settings.task)
    check_split(drawing, names, settings, own=y_val is not None)
    examples = list(inputs.values()) if isinstance(inputs, Mapping) else [inputs]
    scale = 255 if are_pixels(examples[0]) else 1
    low, high = bounds(examples)
    values = (low / scale, high / scale)
    warnings: tuple[str, ...] = ()
    counts: list[list[int]] = []
    if task.outputs != "numbers":
        counts = _counts(settings, targets, len(names))
        parts = dict(zip(("training", "test"), counts, strict=True))
        if y_val is not None:
            parts["validation"] = _of_classes(y_val, len(names))
        warnings = tuple(_missing(parts, names))
    if settings.task == tasks.DEFAULT and len(examples) == 1:
        warnings += doubts(examples[0], values, counts[0], names)
    has_classes = task.has_classes
    sizes = [sum(of_split) for of_split in counts] if has_classes else [len(y) for y in targets]
    return Reading(
        dataset=settings.dataset,
        example=example_shape(inputs),
        kind=", ".join(dict.fromkeys(str(array.dtype) for array in examples)),
        values=values,
        counts=(sizes[0], sizes[1]),
        classes=dict(zip(names, zip(*counts, strict=True), strict=True)) if counts else {},
        targets={} if counts else target_spans(targets[0], names),
        digest=digest,
        warnings=warnings,
        validation=0 if y_val is None else len(y_val),
        weighted=weighted,
        names=names,
        folds=settings.folds,
        groups=0 if drawing.groups is None else len(set(drawing.groups.tolist())),
    )


def _counts(settings: DataSettings, targets: Sequence[NDArray[Any]], names: int) -> list[list[int]]:
    """The training and the test examples of each class or label, those that are drawn."""
    counts = []
    for y, drawn in zip(targets, (settings.per_class, settings.test_per_class), strict=True):
        counts.append([min(count, drawn or count) for count in _of_classes(y, names)])
    return counts


def weighted_parts(prepared: PreparedData, *, tested: bool) -> dict[str, bool]:
    """For each part that there is whether its examples are weighted, by what it is called.

    Args:
        prepared: the data set.
        tested: whether it has a test part, which is not opened.
    """
    found = {"training": prepared.weights("train") is not None}
    if prepared.has_validation:
        found["validation"] = prepared.weights("val") is not None
    if tested:
        found["test"] = prepared.holds("weight_test")
    return found


def _weighted(examples: Examples) -> dict[str, bool]:
    """The same, of examples that were read."""
    found = {"training": "train" in examples.weights}
    if examples.y_val is not None:
        found["validation"] = "val" in examples.weights
    if len(examples.y_test):
        found["test"] = "test" in examples.weights
    return found


def _of_classes(y: NDArray[Any], names: int) -> list[int]:
    """How many examples there are of each class or label."""
    import numpy as np

    found = np.bincount(y, minlength=names) if y.ndim == 1 else y.sum(axis=0)
    return [int(count) for count in found]


def _missing(parts: Mapping[str, Sequence[int]], names: Sequence[str]) -> Iterator[str]:
    """Says of which classes or labels a part has no example."""
    for split, of_split in parts.items():
        lacking = [name for name, n in zip(names, of_split, strict=True) if not n]
        if lacking and any(of_split):
            more = f" and {len(lacking) - LISTED} more" if len(lacking) > LISTED else ""
            yield f"no {split} examples of: {', '.join(lacking[:LISTED])}{more}"
