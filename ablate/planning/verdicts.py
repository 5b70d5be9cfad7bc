"""Whether a study asks for enough replicates to judge its variants by."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ablate.spec.study import StudySpec


def can_judge(study: StudySpec) -> bool:
    """Whether a test of all seeds, or searches, that a study asks for can say anything."""
    count = len(study.comparisons)
    if not count or study.replicate is None:
        return False
    if study.replicate.folds is not None:
        return True
    from ablate.statistics import alike_needed, seeds_needed  # with NumPy, which few need

    needed = [seeds_needed(count)]
    if study.replicate.margin is not None:
        needed.append(alike_needed(count))
    return _pairs(study) >= min(needed)


def verdict_warning(study: StudySpec) -> str | None:
    """Says that there are too few seeds, or searches, for any verdict; None where there are enough."""
    count = len(study.comparisons)
    if not count or study.replicate is None or can_judge(study):
        return None
    from ablate.statistics import seeds_needed

    nouns = "searches" if study.searches_compared else "seeds"
    with_all = f"with {count} comparisons " if count > 1 else ""
    return (
        f"{with_all}{seeds_needed(count)} {nouns} are needed for a verdict, here "
        f"{'is' if _pairs(study) == 1 else 'are'} {_pairs(study)}: no difference, however large, can be "
        "told from chance"
    )


def _pairs(study: StudySpec) -> int:
    """How many pairs each comparison has when it is complete."""
    replicate = study.replicate
    return study.searches_compared or (0 if replicate is None else replicate.count)
