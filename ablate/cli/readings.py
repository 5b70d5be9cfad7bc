"""A study and its data sets read as a run reads them; what these were taken for, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ablate.cli.options import storage_place

if TYPE_CHECKING:
    from ablate.data.reading import Reading
    from ablate.spec.study import StudySpec

LISTED = 12
"""Classes that are listed by name."""


def read_study(study: StudySpec, storage: str | None) -> tuple[StudySpec, list[Reading]]:
    """A study as it would run, and what its data sets were taken for.

    Raises:
        InputError: a run would refuse it.
    """
    from ablate.data.reading import read_data
    from ablate.planning.backend import check_backend
    from ablate.planning.tested import check_tested

    check_backend(study)
    place = None if storage is None else storage_place(storage)
    if place is not None:
        place.check()
    cache = None if place is None else place.cache
    found = (read_data(settings, cache) for settings in study.datasets)
    readings = [reading for reading in found if reading is not None]
    for reading in readings:
        check_tested(study, reading.dataset, reading.counts[1])
    if place is not None and (place.is_database or Path(place.url).exists()):
        from ablate.housekeeping.reading import open_to_read
        from ablate.running.run import as_stored

        digests = {reading.dataset: reading.digest for reading in readings}
        study = as_stored(open_to_read(place), study, digests)
    return study, readings


def reading_lines(readings: Iterable[Reading]) -> list[str]:
    """The images and classes of data sets, a line each."""
    from ablate.document import words

    lines = []
    for one in readings:
        noun, size = words.examples(one.example)
        low, high = one.values
        train, test = one.counts
        scaled = " once divided by 255" if one.kind == "uint8" and noun == "images" else ""
        lines.append(
            f"  {noun:<13} {one.dataset}: {size}, {one.kind}, "
            f"{low:g} to {high:g}{scaled}; {train} to train and validate, {test} to test"
        )
        if one.classes:
            lines.append(f"  classes       {one.dataset}: {_classes(one.classes)}")
        each = ", ".join(
            f"{name} ({low:g} to {high:g})" for name, (low, high) in one.targets.items()
        )
        if each:
            lines.append(f"  to predict    {one.dataset}: {each}")
    return lines


def _classes(classes: Mapping[str, tuple[int, int]]) -> str:
    """How many there are, how many images they have, and what they are called."""
    train, test = (sorted(set(counts)) for counts in zip(*classes.values(), strict=True))
    names = list(classes)[:LISTED]
    if len(train) == len(test) == 1 or len(classes) > LISTED:
        more = f" and {len(classes) - LISTED} more" if len(classes) > LISTED else ""
        return (
            f"{len(classes)}, each with {_span(train)} training and {_span(test)} test images: "
            f"{', '.join(names)}{more}"
        )
    each = ", ".join(f"{name} ({first} + {second})" for name, (first, second) in classes.items())
    return f"{len(classes)}, with training and test images: {each}"


def _span(counts: list[int]) -> str:
    return f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
