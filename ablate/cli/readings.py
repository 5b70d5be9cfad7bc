"""A study and its data sets read as a run reads them; what these were taken for, in words."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ablate.cli.options import storage_place
from ablate.store import DEFAULT_STORAGE, PREPARED

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
    from ablate.data.checks import check_weights
    from ablate.data.reading import read_data
    from ablate.data.streams import check_streams
    from ablate.planning.backend import check_backend
    from ablate.planning.tested import check_tested

    check_backend(study)
    place = None if storage is None else storage_place(storage)
    if place is not None:
        place.check()
    # What runs have prepared is as good as what it was prepared from, and read sooner.
    cache = Path(DEFAULT_STORAGE).parent / PREPARED if place is None else place.cache
    found = (read_data(settings, cache) for settings in study.datasets)
    readings = [reading for reading in found if reading is not None]
    for reading in readings:
        if reading.stream is not None:
            check_streams(study, study.data(reading.dataset), reading.stream, reading.names)
            continue
        check_tested(study, reading.dataset, reading.counts[1])
        check_weights(study.training, reading.names, reading.weighted, reading.dataset)
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
        if one.values is None:
            lines.append(
                f"  {noun:<13} {one.dataset}: {size}, {one.kind}, read as they come; "
                f"{_streams(one, noun)}"
            )
            continue
        low, high = one.values
        scaled = " once divided by 255" if one.kind == "uint8" and noun == "images" else ""
        lines.append(
            f"  {noun:<13} {one.dataset}: {size}, {one.kind}, "
            f"{low:g} to {high:g}{scaled}; {_parts(one)}"
        )
        if one.classes:
            lines.append(f"  classes       {one.dataset}: {_classes(one, noun)}")
        each = ", ".join(
            f"{name} ({low:g} to {high:g})" for name, (low, high) in one.targets.items()
        )
        if each:
            lines.append(f"  to predict    {one.dataset}: {each}")
    return lines


def _streams(one: Reading, noun: str) -> str:
    """What is known of streams."""
    assert one.stream is not None
    train, told = one.stream.examples, len(one.names)
    count = f"about {train}" if train is not None else f"how many {noun} is not known"
    return f"{count} to train, validated and tested by streams of their own; {told} to tell apart"


def _parts(one: Reading) -> str:
    """What the examples are for."""
    train, test = one.counts
    groups = f" of {one.groups} groups that stay together" if one.groups else ""
    if one.folds is not None:
        return f"{train}{groups} to train, validate and test in {one.folds} folds"
    if one.validation:
        return f"{train}{groups} to train, {one.validation} to validate, {test} to test"
    return f"{train}{groups} to train and validate, {test} to test"


def _classes(one: Reading, noun: str) -> str:
    """How many there are, how many examples they have, and what they are called."""
    classes = one.classes
    parts = ["training", "test"] if one.folds is None else [""]
    counts = [sorted(set(of_part)) for of_part in zip(*classes.values(), strict=True)]
    counts = counts[: len(parts)]
    names = list(classes)[:LISTED]
    if all(len(of_part) == 1 for of_part in counts) or len(classes) > LISTED:
        more = f" and {len(classes) - LISTED} more" if len(classes) > LISTED else ""
        each = " and ".join(
            f"{_span(of_part)} {part}".strip() for of_part, part in zip(counts, parts, strict=True)
        )
        return f"{len(classes)}, each with {each} {noun}: {', '.join(names)}{more}"
    listed = ", ".join(
        f"{name} ({' + '.join(map(str, of_class[: len(parts)]))})"
        for name, of_class in classes.items()
    )
    called = " and ".join(part for part in parts if part)
    return f"{len(classes)}, with {f'{called} {noun}'.strip()}: {listed}"


def _span(counts: list[int]) -> str:
    return f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
