"""Verdicts on variants compared with a baseline, corrected for how many there are."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from ablate.statistics.differences import Difference, paired_difference
from ablate.statistics.folds import Folds
from ablate.statistics.power import POWER, detectable_difference
from ablate.statistics.sign_flips import ALPHA, seeds_needed

K = TypeVar("K", bound=Hashable)
Verdict = Literal["better", "worse", "no detectable difference", "identical", "too few seeds"]


@dataclass(frozen=True)
class Comparison:
    """A variant beside its baseline."""

    difference: Difference
    adjusted_p: float
    """Holm's, over all comparisons made together."""
    verdict: Verdict
    detectable: float | None
    """The true difference, in the metric's own unit, that the study finds four times in five;
    None where it can find none, or the differences do not spread."""
    needed: int
    """With how many seeds, at least, a family of this size can find anything."""


def compare(
    pairs: Mapping[K, tuple[Sequence[float], Sequence[float]]],
    *,
    higher_is_better: bool,
    planned: int = 0,
    alpha: float = ALPHA,
    folds: Folds | None = None,
) -> dict[K, Comparison]:
    """Compares each variant with its baseline; all of them are one family.

    Args:
        pairs: each variant's values and its baseline's, paired by position.
        higher_is_better: whether a larger value is the better one.
        planned: how many comparisons the study makes when it is complete. Those that are still
            missing count as made and lost, so that no verdict is taken back for their number.
        alpha: in what share of studies of equals any of them may be called better or worse.
        folds: how the pairs came of folds; None where each was drawn by itself. No exact test exists
            for folds.

    Raises:
        ValueError: a variant has no pair, or a number is not finite.
    """
    differences = {key: _difference(key, *both, folds) for key, both in pairs.items()}
    if not differences:
        return {}
    family = max(planned, len(differences))
    needed = seeds_needed(family, alpha) if folds is None else 2
    missing = [1.0] * (family - len(differences))
    adjusted = holm([*(difference.p for difference in differences.values()), *missing])
    compared = {}
    for (key, difference), p in zip(differences.items(), adjusted, strict=False):
        verdict = _verdict(difference, p, needed, alpha, higher_is_better)
        detectable = _detectable(difference, family, alpha, folds)
        compared[key] = Comparison(difference, p, verdict, detectable, needed)
    return compared


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted for their number (Holm 1979), in the order given.

    Calling those up to alpha significant errs, in any of them, in at most that share of studies,
    however they depend on each other.

    Raises:
        ValueError: one is not between 0 and 1.
    """
    for p in p_values:
        if not 0 <= p <= 1:
            raise ValueError(f"p-values must lie between 0 and 1, found {p}")
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def _detectable(found: Difference, family: int, alpha: float, folds: Folds | None) -> float | None:
    if not found.sd:
        return None
    if folds is not None:
        return folds.detectable(found.n, found.sd, family, POWER, alpha)
    unit = detectable_difference(found.n, family, alpha=alpha)
    return unit * found.sd if unit else None


def _difference(
    key: object, values: Sequence[float], baseline: Sequence[float], folds: Folds | None
) -> Difference:
    try:
        return paired_difference(values, baseline, folds=folds)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from error


def _verdict(
    difference: Difference, adjusted_p: float, needed: int, alpha: float, higher_is_better: bool
) -> Verdict:
    # First, because of Holm's later steps: a variant with too few seeds for the first one may
    # still follow one that has more.
    if adjusted_p <= alpha:
        return "better" if (difference.mean > 0) == higher_is_better else "worse"
    if difference.n < needed:
        return "too few seeds"
    if difference.mean == 0 and difference.sd == 0:
        return "identical"
    return "no detectable difference"
