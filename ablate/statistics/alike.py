"""Whether a difference lies within a margin: two one-sided sign-flip tests (Schuirmann 1987)."""

from __future__ import annotations

import numpy as np

from ablate.statistics.arrays import Floats
from ablate.statistics.folds import Folds
from ablate.statistics.sign_flips import (
    ALPHA,
    EXACT_UP_TO,
    PATTERNS,
    TIE,
    all_signs,
    check_family,
    random_signs,
)


def alike_p(
    differences: Floats, margin: float, resolution: float = 0.0, folds: Folds | None = None
) -> float:
    """That the true difference is as far from 0 as the margin, or farther.

    Args:
        differences: one for each pair.
        margin: in their own unit, above 0.
        resolution: what the differences may be off by rounding.
        folds: how the pairs came of folds; None where each was drawn by itself.

    Returns:
        The larger p-value of the two tests, that of differences less the margin being below 0 and
        that of differences plus the margin being above.
    """
    if folds is None:
        return max(above_p(margin + sign * differences, resolution) for sign in (-1, 1))
    n, mean = len(differences), float(differences.mean())
    sd = float(differences.std(ddof=1)) if n > 1 else None
    return max(folds.above_p(n, margin + sign * mean, sd) for sign in (-1, 1))


def above_p(differences: Floats, resolution: float = 0.0) -> float:
    """One-sided p-value of paired differences that are not above 0, from the sign-flip test.

    Exact up to 16 pairs; above, from a sample of patterns, see `sign_flip_p`.
    """
    n, magnitudes = len(differences), np.abs(differences)
    order = np.argsort(magnitudes, kind="stable")
    ordered = magnitudes[order]
    tolerance = max(n * resolution, TIE * float(magnitudes.sum()))
    bound = float(differences.sum()) - tolerance
    if n <= EXACT_UP_TO:
        sums = all_signs(n) @ ordered  # and the mirrored ones
        return float(np.mean([np.mean(sums >= bound), np.mean(-sums >= bound)]))
    hits = sum(
        int(np.count_nonzero(part @ ordered >= bound))
        for part in np.array_split(random_signs(n), 16)
    )
    return (hits + 1) / (PATTERNS + 1)


def alike_needed(comparisons: int, alpha: float = ALPHA) -> int:
    """With how many pairs, at least, one of so many comparisons can be called alike.

    Raises:
        ValueError: `comparisons` is below 1, or `alpha` is not between 0 and 1.
    """
    check_family(comparisons, alpha)
    n = 1
    while 2.0**-n * comparisons > alpha:
        n += 1
    return n
