"""How large a difference must be for a study to find it."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from ablate.statistics.sign_flips import ALPHA, check_family, smallest_p

POWER = 0.8
"""How often a difference that a study is said to detect is found."""
SIMULATED_UP_TO = 13
"""With so many seeds the sign-flip test is simulated, with more it is near enough to a t test."""
STUDIES = 4_000
SUBSET_MEANS = 6_000_000
"""What a simulation may compute, which keeps it below 0.3 s."""


@lru_cache(maxsize=1024)
def detectable_difference(
    n: int, comparisons: int = 1, power: float = POWER, alpha: float = ALPHA
) -> float | None:
    """The smallest true mean difference that a sign-flip test finds with this power.

    Args:
        n: how many pairs.
        comparisons: tests that share `alpha`; each is held to its equal part, Holm's first step.
        power: the share of studies that find it, between 0 and 1.
        alpha: the share of studies that may claim a difference where there is none.

    Returns:
        The difference in standard deviations of the paired differences, which are taken for
        normal; None where `n` pairs can reach no p-value small enough. Right to 2 % up to 13
        pairs; above, up to 5 % too small where `comparisons` is large.

    Raises:
        ValueError: an argument is out of range.
    """
    check_family(comparisons, alpha)
    if not 0 < power < 1:
        raise ValueError(f"power must lie between 0 and 1, found {power}")
    if smallest_p(n) * comparisons > alpha:
        return None
    # The test's p-values are multiples of smallest_p: the level it attains is one of them.
    steps = max(1, math.floor(alpha / comparisons / smallest_p(min(n, 50))))
    level = steps * smallest_p(min(n, 50))
    by_t = _noncentral_t(n, level, power)
    return _simulated(n, steps, level, power, by_t) if n <= SIMULATED_UP_TO else by_t


def _simulated(n: int, steps: int, level: float, power: float, by_t: float) -> float:
    """The power quantile of the differences from which on simulated studies are significant.

    Flipping a subset of the signs leaves the sum as large as it was, or larger, exactly where
    the subset's mean is not above 0. A study of noise z around a difference d is therefore
    significant exactly where fewer than `steps` subsets have mean(z) <= -d, which gives the
    smallest such d of a study in one step. What chance does to the simulation is told by a t test
    of the same studies, whose answer `by_t` is known, and taken off (a control variate).
    """
    subsets = (np.arange(1, 2**n)[:, None] >> np.arange(n) & 1).astype(np.float32)
    studies = min(STUDIES, SUBSET_MEANS // 2**n)
    noise = np.random.default_rng(0).standard_normal((studies, n), dtype=np.float32)
    means = noise @ (subsets / subsets.sum(axis=1, keepdims=True)).T
    means.partition(steps - 1, axis=1)
    found = np.quantile(-means[:, steps - 1], power)
    reach = _critical_t(n, level) / math.sqrt(n) * noise.std(axis=1, ddof=1)
    return float(found - np.quantile(reach - noise.mean(axis=1), power)) + by_t


def _noncentral_t(n: int, level: float, power: float) -> float:
    """The difference that a two-sided t test finds, but for claims of the wrong sign."""
    from scipy import special

    critical = _critical_t(n, level)
    return float(special.nctdtrinc(n - 1, 1 - power, critical)) / math.sqrt(n)


def _critical_t(n: int, level: float) -> float:
    from scipy import special

    return float(special.stdtrit(n - 1, 1 - level / 2))
