"""Paired differences from a baseline: mean, interval, p-value and effect size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ablate.statistics.arrays import Floats, finite_pairs, moments, resolution_of
from ablate.statistics.folds import Folds
from ablate.statistics.intervals import CONFIDENCE, reach_of
from ablate.statistics.sign_flips import sign_flip_p


@dataclass(frozen=True)
class Difference:
    """What sets values apart from their baseline, in the values' own unit."""

    n: int
    mean: float
    low: float | None
    """None, like `high` and `sd`, where a single pair leaves the spread unknown."""
    high: float | None
    sd: float | None
    """Standard deviation of the paired differences."""
    p: float
    """Two-sided, from the sign-flip test, of folds from the corrected t test; 1.0 where all differences
    are 0."""
    effect_size: float | None
    """Hedges' g: the mean in standard deviations, corrected for few pairs; None where the
    differences do not spread, and for fewer than three pairs, where the correction is 0."""


def paired_difference(
    values: Sequence[float],
    baseline: Sequence[float],
    confidence: float = CONFIDENCE,
    folds: Folds | None = None,
) -> Difference:
    """The differences of values from their baseline, paired by position.

    Args:
        values: one for each pair.
        baseline: as many.
        confidence: between 0 and 1.
        folds: how the pairs came of folds; None where each was drawn by itself.

    Raises:
        ValueError: there is no pair, or a number is not finite.
    """
    left, right = finite_pairs(values, baseline)
    return of_differences(left - right, resolution_of(left, right), confidence, folds)


def of_differences(
    differences: Floats,
    resolution: float,
    confidence: float = CONFIDENCE,
    folds: Folds | None = None,
) -> Difference:
    """The same, of differences taken already.

    Args:
        differences: one for each pair, finite.
        resolution: what they may be off by rounding; smaller ones are taken for 0.
        confidence: between 0 and 1.
        folds: how the pairs came of folds; None where each was drawn by itself.
    """
    n = differences.size
    differences = np.where(np.abs(differences) <= resolution, 0.0, differences)
    mean, sd = moments(differences, resolution)
    p = sign_flip_p(differences, resolution) if folds is None else folds.p(n, mean, sd)
    effect_size = _hedges(n) * mean / sd if sd and n > 2 else None
    reach = reach_of(n, sd, confidence, folds)
    if reach is None:
        return Difference(n, mean, None, None, None, p, None)
    return Difference(n, mean, mean - reach, mean + reach, sd, p, effect_size)


def _hedges(n: int) -> float:
    """The factor that makes the standardized mean of `n` normal values unbiased (Hedges 1981)."""
    freedom = n - 1
    log = math.lgamma(freedom / 2) - math.lgamma((freedom - 1) / 2)
    return math.exp(log) / math.sqrt(freedom / 2)
