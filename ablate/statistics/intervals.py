"""Means, ratios and accuracies with their confidence intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ablate.statistics.arrays import finite, finite_pairs, moments, resolution_of
from ablate.statistics.folds import Folds

CONFIDENCE = 0.95
"""How often an interval is to hold the true value."""


@dataclass(frozen=True)
class Interval:
    """A mean with the confidence interval of its true value."""

    n: int
    mean: float
    low: float | None
    """None, like `high`, where fewer than two values leave the spread unknown."""
    high: float | None


def mean_interval(
    values: Sequence[float], confidence: float = CONFIDENCE, folds: Folds | None = None
) -> Interval:
    """The mean of repeated measurements with Student's t interval, in their own unit.

    Args:
        values: at least one; the interval needs two.
        confidence: between 0 and 1.
        folds: how they came of folds; None where each was drawn by itself.

    Raises:
        ValueError: there is no value, or one is not finite.
    """
    array = finite(values, "values")
    mean, sd = moments(array, resolution_of(array))
    reach = reach_of(array.size, sd, confidence, folds)
    if reach is None:
        return Interval(array.size, mean, None, None)
    return Interval(array.size, mean, mean - reach, mean + reach)


def prediction_interval(mean: Interval) -> Interval:
    """A mean, not with its own t interval but with the one in which one further run is expected.

    Student's t with the spread of a single run and of the mean together (Hahn 1969): wider than
    the interval of the mean, and hardly narrower for more runs.
    """
    if mean.low is None or mean.high is None:
        return mean
    half = (mean.high - mean.low) / 2 * math.sqrt(mean.n + 1)
    return Interval(mean.n, mean.mean, mean.mean - half, mean.mean + half)


def ratio_interval(
    values: Sequence[float],
    baseline: Sequence[float],
    confidence: float = CONFIDENCE,
    *,
    further_run: bool = False,
    folds: Folds | None = None,
) -> Interval:
    """How many times larger than their baseline values are, paired by position.

    Args:
        values: above 0.
        baseline: as many, above 0, in the same unit.
        confidence: between 0 and 1.
        further_run: whether the interval is that of one further pair, and not of the mean.
        folds: how the pairs came of folds; None where each was drawn by itself.

    Returns:
        The geometric mean of the ratios, with Student's t interval of their logarithms.

    Raises:
        ValueError: there is no pair, or a number is not positive and finite.
    """
    above, below = finite_pairs(values, baseline)
    for name, array in (("values", above), ("baseline", below)):
        if array.min() <= 0:
            raise ValueError(f"{name}: a ratio needs numbers above 0, found {array.min()}")
    logs = mean_interval((np.log(above) - np.log(below)).tolist(), confidence, folds)
    if further_run:
        logs = prediction_interval(logs)
    low, high = (None if end is None else math.exp(end) for end in (logs.low, logs.high))
    return Interval(logs.n, math.exp(logs.mean), low, high)


def noise_floor(accuracy: float, images: int, confidence: float = CONFIDENCE) -> float:
    """How far an accuracy may be off only because so few images were classified.

    Args:
        accuracy: the share of images classified correctly, 0 to 1.
        images: how many, at least 1.
        confidence: between 0 and 1.

    Returns:
        Half the width of Wilson's (1927) binomial interval, a share; not 0 even where the
        accuracy is 0 or 1.

    Raises:
        ValueError: the accuracy or the number of images is out of range.
    """
    from scipy import special

    if not 0 <= accuracy <= 1:
        raise ValueError(f"accuracy must lie between 0 and 1, found {accuracy}")
    if images < 1:
        raise ValueError(f"images must be at least 1, found {images}")
    _check_confidence(confidence)
    z = float(special.ndtri((1 + confidence) / 2))
    variance = accuracy * (1 - accuracy) / images + (z / (2 * images)) ** 2
    return z * math.sqrt(variance) / (1 + z * z / images)


def reach_of(
    n: int, sd: float | None, confidence: float, folds: Folds | None = None
) -> float | None:
    """Half the width of the t interval of a mean of `n` values; None where `sd` is not known."""
    _check_confidence(confidence)
    if folds is not None:
        return folds.reach(n, sd, confidence)
    return None if sd is None else _t_quantile(n - 1, confidence) * sd / math.sqrt(n)


@lru_cache(maxsize=256)
def _t_quantile(freedom: int, confidence: float) -> float:
    from scipy import special

    return float(special.stdtrit(freedom, (1 + confidence) / 2))


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, found {confidence}")
