"""Verdicts on variants compared with a baseline, corrected for how many there are."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from ablate.statistics.alike import alike_p
from ablate.statistics.arrays import Floats, finite_pairs, resolution_of
from ablate.statistics.differences import Difference, of_differences
from ablate.statistics.folds import Folds
from ablate.statistics.intervals import Interval
from ablate.statistics.looks import Looking, Seen, span_not_crossed, spending
from ablate.statistics.medians import median_interval
from ablate.statistics.power import POWER, detectable_difference
from ablate.statistics.sign_flips import ALPHA, seeds_needed

K = TypeVar("K", bound=Hashable)
Ends = tuple[float, float]
Verdict = Literal[
    "better",
    "worse",
    "alike",
    "no detectable difference",
    "identical",
    "too few seeds",
    "not yet",
]


@dataclass(frozen=True)
class Comparison:
    """A variant beside its baseline."""

    difference: Difference
    adjusted_p: float | None
    """Holm's, over all comparisons made together; None before all that is planned is there, and where
    looks decide."""
    verdict: Verdict
    detectable: float | None
    """The true difference, in the metric's own unit, that the study finds four times in five;
    None where it can find none, or the differences do not spread."""
    needed: int
    """With how many seeds, at least, a family of this size can find anything."""
    median: Interval
    """Of the paired differences, with the interval of the sign test, which takes no symmetry."""
    simultaneous: Ends | None
    """The ends of an interval that holds the true difference together with those of all comparisons;
    None where there is none."""
    pairs: tuple[float, ...]
    """The differences themselves, in the order of their seeds."""
    is_alike: bool | None = None
    """Whether the difference lies within the margin; None where nobody asks, or before its time."""
    look: int | None = None
    """With how many pairs it was decided, or given up; None without looks, or where it goes on."""


def compare(
    pairs: Mapping[K, tuple[Sequence[float], Sequence[float]]],
    *,
    higher_is_better: bool,
    planned: int = 0,
    alpha: float = ALPHA,
    folds: Folds | None = None,
    margin: float | None = None,
    is_complete: bool = True,
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
        margin: what two may differ by and still be alike, in the values' own unit; None where nobody
            asks. Of these tests, too, at most alpha of all studies err in any, apart from the others.
        is_complete: whether all that is planned is there; nothing is judged before.

    Raises:
        ValueError: a variant has no pair, or a number is not finite.
    """
    taken = {key: _taken(key, *both) for key, both in pairs.items()}
    if not taken:
        return {}
    family = max(planned, len(taken))
    needed = seeds_needed(family, alpha) if folds is None else 2
    missing = [1.0] * (family - len(taken))
    found = {key: of_differences(*one, folds=folds) for key, one in taken.items()}
    adjusted = holm([*(difference.p for difference in found.values()), *missing])
    alike: Sequence[float] = ()
    if margin is not None:
        alike = holm(
            [*(alike_p(one[0], margin, one[1], folds) for one in taken.values()), *missing]
        )
    compared = {}
    for index, (key, difference) in enumerate(found.items()):
        differences, resolution = taken[key]
        is_alike = alike[index] <= alpha if alike else None
        both = of_differences(differences, resolution, 1 - alpha / family, folds)
        compared[key] = Comparison(
            difference,
            adjusted_p=adjusted[index] if is_complete else None,
            verdict=_verdict(
                difference, adjusted[index], needed, alpha, higher_is_better, is_alike or False
            )
            if is_complete
            else "not yet",
            detectable=_detectable(difference, family, alpha, folds) if is_complete else None,
            needed=needed,
            median=median_interval(differences),
            simultaneous=ends_of(both.low, both.high),
            pairs=tuple(differences.tolist()),
            is_alike=is_alike if is_complete else None,
        )
    return compared


def compare_looked(
    looking: Looking[K],
    seen: Mapping[K, Seen],
    *,
    higher_is_better: bool,
    done: int,
) -> dict[K, Comparison]:
    """What looks say of each comparison, of the pairs that it was looked at with last.

    Intervals are those that go with the looks: all differences that have not been rejected by now.

    Args:
        looking: after the looks that are complete.
        seen: the pairs of each comparison at the last look that it went on to.
        higher_is_better: whether a larger value is the better one.
        done: how many looks are complete.
    """
    compared, shares = {}, spending(len(looking.looks))
    for key, one in seen.items():
        plain = of_differences(one.differences, one.resolution)
        low, high = span_not_crossed(one, shares, looking.alpha)
        both = span_not_crossed(one, shares, looking.alpha / looking.size)
        is_over = not looking.goes_on(key) or done == len(looking.looks)
        verdict: Verdict = "no detectable difference" if is_over else "not yet"
        if key in looking.differing.decided:
            verdict = "better" if (plain.mean > 0) == higher_is_better else "worse"
        elif key in looking.alike.decided:
            verdict = "alike"
        elif is_over and plain.mean == 0 and not plain.sd:
            verdict = "identical"
        compared[key] = Comparison(
            replace(plain, low=low, high=high),
            adjusted_p=None,
            verdict=verdict,
            detectable=None,
            needed=looking.looks[0],
            median=median_interval(one.differences),
            simultaneous=ends_of(*both),
            pairs=tuple(one.differences.tolist()),
            is_alike=key in looking.alike.decided if looking.margin is not None else None,
            look=None if looking.goes_on(key) else len(one.differences),
        )
    return compared


def ends_of(low: float | None, high: float | None) -> Ends | None:
    """Both ends of an interval; None where it has none."""
    return None if low is None or high is None else (low, high)


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


def _taken(key: object, values: Sequence[float], baseline: Sequence[float]) -> tuple[Floats, float]:
    """The paired differences, and what they may be off by rounding."""
    try:
        left, right = finite_pairs(values, baseline)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from error
    return left - right, resolution_of(left, right)


def _verdict(
    difference: Difference,
    adjusted_p: float,
    needed: int,
    alpha: float,
    higher_is_better: bool,
    is_alike: bool,
) -> Verdict:
    # First, because of Holm's later steps: a variant with too few seeds for the first one may
    # still follow one that has more.
    if adjusted_p <= alpha:
        return "better" if (difference.mean > 0) == higher_is_better else "worse"
    if is_alike:
        return "alike"
    if difference.n < needed:
        return "too few seeds"
    if difference.mean == 0 and difference.sd == 0:
        return "identical"
    return "no detectable difference"
