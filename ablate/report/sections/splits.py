"""How a data set was split, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    classes = len(next(iter(splits[0].classes.values()), ()))
    if 0 < classes <= LISTED:
        each = "; ".join(
            ", ".join(_of_class(splits, part, index) for index in range(classes))
            + f" {_verb(part, splits[0])}"
            for part in parts
        )
        lines.append(f"of the classes, in their order: {each}")
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


def _of_class(splits: Iterable[Parts], part: str, index: int) -> str:
    return words.span_of([one.classes[part][index] for one in splits])
