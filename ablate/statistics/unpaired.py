"""Variants whose runs share nothing: compared by Welch's t test, where pairs cannot be."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

from ablate.statistics.arrays import finite, moments, resolution_of
from ablate.statistics.comparisons import Comparison, Verdict, ends_of, holm
from ablate.statistics.differences import Difference
from ablate.statistics.intervals import CONFIDENCE, Interval
from ablate.statistics.sign_flips import ALPHA

K = TypeVar("K", bound=Hashable)


def welch(
    values: Sequence[float], baseline: Sequence[float], confidence: float = CONFIDENCE
) -> Difference:
    """The difference of two means whose runs are independent (Welch 1947).

    It takes normal noise, of any size on either side. The spread is that of a difference of two single
    runs, and the effect size counts in the mean spread of both sides.

    Args:
        values: at least one.
        baseline: likewise.
        confidence: between 0 and 1.

    Raises:
        ValueError: there is no value, or one is not finite.
    """
    from scipy import special

    left, right = finite(values, "values"), finite(baseline, "baseline")
    resolution = resolution_of(left, right)
    (mean, sd), (other, other_sd) = moments(left, resolution), moments(right, resolution)
    n, difference = min(left.size, right.size), mean - other
    if sd is None or other_sd is None:
        return Difference(n, difference, None, None, None, 1.0, None)
    own, theirs = sd**2 / left.size, other_sd**2 / right.size
    error, spread = math.sqrt(own + theirs), math.sqrt(sd**2 + other_sd**2)
    if not error:
        p = 1.0 if abs(difference) <= resolution else 2.0 ** (2 - left.size - right.size)
        return Difference(n, difference, difference, difference, 0.0, p, None)
    share = own / (own + theirs)  # not squares of variances, which overflow and vanish early
    freedom = 1 / (share**2 / (left.size - 1) + (1 - share) ** 2 / (right.size - 1))
    reach = float(special.stdtrit(freedom, (1 + confidence) / 2)) * error
    p = float(2 * special.stdtr(freedom, -abs(difference) / error))
    degrees = left.size + right.size - 2
    effect = (1 - 3 / (4 * degrees - 1)) * difference / (spread / math.sqrt(2))
    return Difference(n, difference, difference - reach, difference + reach, spread, p, effect)


def compare_unpaired(
    runs: Mapping[K, tuple[Sequence[float], Sequence[float]]],
    *,
    higher_is_better: bool,
    alpha: float = ALPHA,
) -> dict[K, Comparison]:
    """Compares each variant with its baseline, whose runs share nothing; all of them are one family.

    Args:
        runs: each variant's values and its baseline's.
        higher_is_better: whether a larger value is the better one.
        alpha: in what share of studies of equals any of them may be called better or worse.

    Raises:
        ValueError: a number is not finite.
    """
    found = {key: welch(*both) for key, both in runs.items()}
    compared = {}
    for (key, difference), p in zip(
        found.items(), holm([one.p for one in found.values()]), strict=True
    ):
        verdict: Verdict = "no detectable difference"
        if difference.sd is None:
            verdict = "too few seeds"
        elif p <= alpha:
            verdict = "better" if (difference.mean > 0) == higher_is_better else "worse"
        together = welch(*runs[key], confidence=1 - alpha / len(runs))
        compared[key] = Comparison(
            difference,
            adjusted_p=p,
            verdict=verdict,
            detectable=None,
            needed=2,
            median=Interval(difference.n, math.nan, None, None),
            simultaneous=ends_of(together.low, together.high),
            pairs=(),
        )
    return compared
