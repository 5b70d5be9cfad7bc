"""The sign-flip test of paired differences, and how many pairs it needs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from ablate.statistics.arrays import Floats, finite

ALPHA = 0.05
"""How often a study that compares equals may claim a difference."""
EXACT_UP_TO = 16
"""With so many pairs every pattern of signs is tried, with more a sample of them."""
PATTERNS = 99_999
TIE = 1e-9
"""Relative to the sum of all magnitudes: sums that lie closer are tied but for rounding."""


def sign_flip_p(differences: Sequence[float] | Floats, resolution: float = 0.0) -> float:
    """Two-sided p-value of paired differences that have no direction (Fisher 1935).

    If nothing but chance sets a pair apart, either sign of its difference is as likely. The
    p-value is the share of all patterns of signs whose sum lies as far from 0 as the sum that
    was found. No normal distribution is assumed.

    Args:
        differences: one for each pair.
        resolution: what the differences may be off by rounding, in their own unit.

    Returns:
        Exact up to 16 pairs; above, from 99,999 random patterns, the same in every run, with the
        found one counted among them (Phipson and Smyth 2010), so not below 1e-5. 1.0 where all
        differences are 0.

    Raises:
        ValueError: there is no difference, or one is not finite.
    """
    array = finite(differences, "differences")
    n = array.size
    # Sorted, so that the random patterns give the same p whatever the order of the pairs.
    magnitudes = np.sort(np.abs(array))
    tolerance = max(n * resolution, TIE * float(magnitudes.sum()))
    bound = abs(float(array.sum())) - tolerance
    if n <= EXACT_UP_TO:
        return float(np.mean(np.abs(all_signs(n) @ magnitudes) >= bound))
    hits = sum(
        int(np.count_nonzero(np.abs(part @ magnitudes) >= bound))
        for part in np.array_split(random_signs(n), 16)
    )
    return max((hits + 1) / (PATTERNS + 1), smallest_p(n))


def smallest_p(n: int) -> float:
    """The smallest two-sided p-value that a sign-flip test of `n` pairs can give."""
    return min(1.0, 2.0 ** (1 - n))


def seeds_needed(comparisons: int, alpha: float = ALPHA) -> int:
    """With how many seeds, at least, one of so many comparisons can become significant.

    Raises:
        ValueError: `comparisons` is below 1, or `alpha` is not between 0 and 1.
    """
    check_family(comparisons, alpha)
    n = 1
    while smallest_p(n) * comparisons > alpha:
        n += 1
    return n


def check_family(comparisons: int, alpha: float) -> None:
    """Refuses a family without a comparison, and a level of error that is none.

    Raises:
        ValueError: `comparisons` is below 1, or `alpha` is not between 0 and 1.
    """
    if comparisons < 1:
        raise ValueError(f"comparisons must be at least 1, found {comparisons}")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, found {alpha}")


@cache
def all_signs(n: int) -> Floats:
    """All patterns, a row each, but for those that mirror one with a plus in front."""
    minus = np.arange(2 ** (n - 1))[:, None] >> np.arange(n) & 1
    return np.where(minus, -1.0, 1.0)


@lru_cache(maxsize=1)
def random_signs(n: int) -> npt.NDArray[np.int8]:
    """A sample of all patterns, a row each, the same in every run."""
    minus = np.random.default_rng(0).integers(0, 2, size=(PATTERNS, n), dtype=np.int8)
    return np.int8(1) - np.int8(2) * minus
