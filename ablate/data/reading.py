"""What is read of a data set, before anything is trained on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate import tasks
from ablate.data.card import bounds, example_shape, target_spans
from ablate.data.doubts import doubts
from ablate.data.prepared import check_examples, digest_of, find_prepared, load, source_of
from ablate.data.split import are_pixels, check_split
from ablate.datasets._base import Examples
from ablate.datasets._files import DOWNLOADED
from ablate.spec.data import DataSettings, InputShape

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
    values: tuple[float, float]
    """The lowest and the highest as the network sees it; of a table before it is scaled."""
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
    prepared = find_prepared(settings, cache) if cache is not None else None
    if prepared is not None:
        inputs, targets = prepared.inputs("train"), [prepared.array(name) for name in TARGETS]
        return _reading(settings, inputs, targets, prepared.class_names, prepared.digest)
    if source_of(settings).startswith(DOWNLOADED):
        return None
    whole = {"per_class": None, "test_per_class": None}
    examples = _loaded(settings.model_copy(update=whole).model_dump_json(), source_of(settings))
    check_examples(examples, settings)
    targets = [examples.y_train, examples.y_test]
    return _reading(settings, examples.x_train, targets, examples.class_names, digest_of(examples))


@lru_cache(maxsize=1)
def _loaded(settings: str, source: str) -> Examples:
    """The examples of a data set; several studies in a row may read the same."""
    return load(DataSettings.model_validate_json(settings))


def _reading(
    settings: DataSettings,
    inputs: NDArray[Any] | Mapping[str, NDArray[Any]],
    targets: Sequence[NDArray[Any]],
    names: tuple[str, ...],
    digest: str,
) -> Reading:
    task = tasks.find(settings.task)
    check_split(targets[0], names, settings)
    examples = list(inputs.values()) if isinstance(inputs, Mapping) else [inputs]
    scale = 255 if are_pixels(examples[0]) else 1
    low, high = bounds(examples)
    values = (low / scale, high / scale)
    warnings: tuple[str, ...] = ()
    counts: list[list[int]] = []
    if task.outputs != "numbers":
        counts = _counts(settings, targets, len(names))
        warnings = tuple(_missing(counts, names))
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
    )


def _counts(settings: DataSettings, targets: Sequence[NDArray[Any]], names: int) -> list[list[int]]:
    """The training and the test examples of each class or label, those that are drawn."""
    import numpy as np

    counts = []
    for y, drawn in zip(targets, (settings.per_class, settings.test_per_class), strict=True):
        found = np.bincount(y, minlength=names) if y.ndim == 1 else y.sum(axis=0)
        counts.append([min(int(count), drawn or int(count)) for count in found])
    return counts


def _missing(counts: Sequence[Sequence[int]], names: Sequence[str]) -> Iterator[str]:
    """Says of which classes or labels there is no example."""
    for split, of_split in zip(("training", "test"), counts, strict=True):
        lacking = [name for name, n in zip(names, of_split, strict=True) if not n]
        if lacking and any(of_split):
            more = f" and {len(lacking) - LISTED} more" if len(lacking) > LISTED else ""
            yield f"no {split} examples of: {', '.join(lacking[:LISTED])}{more}"
