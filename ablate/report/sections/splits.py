"""How a data set was split, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ablate.document import words

if TYPE_CHECKING:
    from ablate.spec.data import DataSettings
    from ablate.spec.parts import Parts

DRAWN = {
    "stratified": "drawn by seed, of each class its share",
    "random": "drawn by seed",
    "chronological": "in the order of time, the last for validation and testing",
}
VERBS = {"train": "to train on", "validation": "to validate", "test": "to test on"}
LISTED = 12
"""With no more classes than these the examples of each are told."""


def split_lines(settings: DataSettings, splits: Sequence[Parts]) -> list[str]:
    """How the examples were drawn, and how many came to each part; empty where it is not known."""
    if not splits:
        return []
    parts = list(splits[0].counts)
    counts = ", ".join(
        f"{words.span_of([one.counts[part] for one in splits])} {_verb(part, splits[0])}"
        for part in parts
    )
    lines = [f"split: {_how(settings, splits)}: {counts}"]
    names = list(next(iter(splits[0].classes.values()), {}))
    if 0 < len(names) <= LISTED:
        each = (f"{name} {_of_class(splits, name)}" for name in names)
        lines.append(f"of the classes: {'; '.join(each)}")
    lines += _lacking(splits, names)
    if splits[0].groups:
        groups = ", ".join(
            f"{words.span_of([len(one.groups[part]) for one in splits])} {_verb(part, splits[0])}"
            for part in splits[0].groups
        )
        lines.append(f"groups that stay together: {groups}; report.json names them")
    return lines


def _how(settings: DataSettings, splits: Sequence[Parts]) -> str:
    drawn = DRAWN[settings.strategy]
    if settings.folds is None:
        return drawn
    cuts = {((one.fold or 1) - 1) // settings.folds for one in splits}
    several = f", cut {len(cuts)} times" if len(cuts) > 1 else ""
    return f"{settings.folds} folds{several}, {drawn}"


def _verb(part: str, split: Parts) -> str:
    return "held out to test on" if part == "test" and split.fold is not None else VERBS[part]


def _of_class(splits: Sequence[Parts], name: str) -> str:
    return " + ".join(
        words.span_of([one.classes[part][name] for one in splits]) for part in splits[0].classes
    )


def _lacking(splits: Sequence[Parts], names: Sequence[str]) -> list[str]:
    """Says of which classes some part has no example: a score may not be defined there."""
    lines = []
    for part in ("train", "validation", "test"):
        without = {
            name: sum(not one.classes.get(part, {}).get(name, 1) for one in splits)
            for name in names
        }
        listed = [name for name, count in without.items() if count]
        if listed:
            most = max(without.values())
            where = "" if len(splits) == 1 else f" in {most} of {len(splits)} splits"
            more = ", ..." if len(listed) > LISTED else ""
            told = f"{', '.join(listed[:LISTED])}{more}"
            lines.append(f"no example {_verb(part, splits[0])}{where} of: {told}")
    return lines
