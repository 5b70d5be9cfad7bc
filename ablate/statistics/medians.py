"""The median of paired differences: what a typical run gains, whatever a few others do."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ablate.statistics.arrays import Floats
from ablate.statistics.intervals import CONFIDENCE, Interval


def median_interval(differences: Floats, confidence: float = CONFIDENCE) -> Interval:
    """The median of differences with the interval of the sign test.

    It is exact without any symmetry: the interval holds the true median as often as of so many tosses
    of a coin neither few nor many fall on one side.

    Args:
        differences: at least one, finite.
        confidence: between 0 and 1.

    Returns:
        Both ends are differences that were found; None with fewer pairs than an interval takes (6 for
        95 %).
    """
    ordered = np.sort(differences)
    rank = _rank(len(ordered), confidence)
    middle = float(np.median(ordered))
    if not rank:
        return Interval(len(ordered), middle, None, None)
    return Interval(len(ordered), middle, float(ordered[rank - 1]), float(ordered[-rank]))


@lru_cache(maxsize=256)
def _rank(n: int, confidence: float) -> int:
    """The end of the interval, counted from the smallest difference, 1 being that; 0 for none."""
    from scipy import special

    rank = 0
    while 2 * float(special.bdtr(rank, n, 0.5)) <= 1 - confidence:
        rank += 1
    return rank
