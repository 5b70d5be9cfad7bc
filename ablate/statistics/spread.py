"""How much of the spread of paired differences is the luck of searches, and how much that of seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ablate.statistics.intervals import CONFIDENCE

ADVISED_FROM = 8
"""Degrees of freedom between searches below which nothing is advised."""


@dataclass(frozen=True)
class Part:
    """A standard deviation with its interval, in the differences' own unit."""

    sd: float
    low: float
    high: float


@dataclass(frozen=True)
class Spread:
    """The two parts of the spread of single differences."""

    searches: Part
    """Between the means of searches, what their seeds do to them left out."""
    seeds: Part
    """Between seeds of one search."""
    freedom: int
    """Degrees of freedom between searches."""

    @property
    def advice(self) -> str:
        """What more of would tell more; empty where there are too few searches to say."""
        if self.freedom < ADVISED_FROM:
            return ""
        return "searches" if self.searches.low > self.seeds.sd / 2 else "seeds of each search"


def split_spread(
    differences: Sequence[Sequence[float]], confidence: float = CONFIDENCE
) -> Spread | None:
    """Splits the spread of differences of several seeds of several searches.

    One-way analysis of variance: the interval of the part between seeds is exact for normal noise, that
    of the part between searches is Williams' (1962), which holds at least.

    Args:
        differences: for each search those of its seeds, as many in each.
        confidence: between 0 and 1.

    Returns:
        None where there are not two searches with two seeds each, or nothing spreads within them.
    """
    from scipy import special

    if len(differences) < 2 or len({len(one) for one in differences}) > 1:
        return None
    table = np.asarray(differences, np.float64)
    groups, each = table.shape
    if each < 2:
        return None
    between, within = groups - 1, groups * (each - 1)
    means = table.mean(axis=1)
    of_means = each * float(((means - means.mean()) ** 2).sum())
    inside = float(((table - means[:, None]) ** 2).sum())
    if not inside:
        return None
    error, ratio = inside / within, (of_means / between) / (inside / within)
    tail = (1 - confidence) / 2

    def chi(share: float, freedom: int) -> float:
        return float(special.chdtri(freedom, share))

    def part(quantile: float, share: float) -> float:
        left = of_means * (1 - quantile / ratio) / (each * chi(share, between)) if ratio else 0.0
        return math.sqrt(max(0.0, left))

    high_f = float(special.fdtri(between, within, 1 - tail))
    low_f = float(special.fdtri(between, within, tail))
    searches = math.sqrt(max(0.0, (of_means / between - error) / each))
    return Spread(
        searches=Part(searches, part(high_f, tail), part(low_f, 1 - tail)),
        seeds=Part(
            math.sqrt(error),
            math.sqrt(inside / chi(tail, within)),
            math.sqrt(inside / chi(1 - tail, within)),
        ),
        freedom=between,
    )
