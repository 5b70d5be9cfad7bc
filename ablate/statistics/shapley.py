"""What each component of a two-level factorial contributes, whatever order they are added in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from ablate.statistics.arrays import resolution_of
from ablate.statistics.comparisons import holm
from ablate.statistics.differences import Difference, of_differences
from ablate.statistics.effects import Level
from ablate.statistics.folds import Folds

MOST = 8
"""Components of which shares are computed: 2**8 cells."""


@dataclass(frozen=True)
class Share:
    """What a component contributes to the difference of all components together."""

    factor: str
    difference: Difference
    """Its Shapley value over the seeds, in the response's own unit."""
    adjusted_p: float
    """Holm's, over all components."""


def shapley_shares(
    responses: Mapping[int, Mapping[tuple[Level, ...], float]],
    factors: Mapping[str, Sequence[Level]],
    folds: Folds | None = None,
) -> list[Share]:
    """The Shapley value (1953) of each component: its mean gain over all orders in which they are added.

    Of a seed the values of all components sum to the response with all of them less that with none.
    They are exact, from all cells, for each seed by itself.

    Args:
        responses: for each seed, the response in each cell; a cell is one level of each factor, in the
            order of `factors`. A seed that lacks a cell is left out.
        factors: each component with its two levels, that without it first.
        folds: how the seeds stand for folds; None where each drew its own split.

    Returns:
        In the order of the factors; empty where one has not two levels, or there are more than `MOST`.
    """
    count = len(factors)
    if not 0 < count <= MOST or any(len(levels) != 2 for levels in factors.values()):
        return []
    cells = list(product(*factors.values()))
    complete = [of_seed for of_seed in responses.values() if all(cell in of_seed for cell in cells)]
    if not complete:
        return []
    table = np.array([[of_seed[cell] for cell in cells] for of_seed in complete])
    table = table.reshape(len(complete), *[2] * count)
    resolution, found = resolution_of(table), []
    for axis in range(1, count + 1):
        gains = np.take(table, 1, axis) - np.take(table, 0, axis)
        value = np.zeros(len(complete))
        for others in product((0, 1), repeat=count - 1):
            added = sum(others)
            orders = math.factorial(added) * math.factorial(count - 1 - added)
            value += orders / math.factorial(count) * gains[(slice(None), *others)]
        found.append(of_differences(value, resolution, folds=folds))
    adjusted = holm([one.p for one in found])
    return [Share(*one) for one in zip(factors, found, adjusted, strict=True)]
