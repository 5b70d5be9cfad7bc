"""Searches that hold more trials than there are configurations to try."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ablate.planning.plan import VariantPlan
    from ablate.spec.study import StudySpec


def repeat_warnings(study: StudySpec, variants: Iterable[VariantPlan]) -> Iterator[str]:
    """Says which they are, and how many trials repeat another at least."""
    small: dict[tuple[int, int], list[str]] = {}
    for variant in variants:
        size = variant.configurations
        if size is not None and variant.trials > size:
            small.setdefault((size, variant.trials), []).append(variant.name)
    for (size, trials), names in small.items():
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        whose = f" of {names[0]}{others}" if len(study.variants) > 1 else ""
        found = "1 configuration" if size == 1 else f"{size} configurations"
        more = trials - size
        repeat = "1 trial repeats" if more == 1 else f"{more} trials repeat"
        yield (
            f"the search{whose} has {found} for {trials} trials: at least {repeat} another, "
            "whose result is taken over where that is complete"
        )
