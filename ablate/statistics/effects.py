"""Main effects and interactions in a full factorial design, paired by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from ablate.statistics.arrays import Floats, finite, resolution_of
from ablate.statistics.differences import Difference, of_differences
from ablate.statistics.folds import Folds

Level = bool | int | float | str


@dataclass(frozen=True)
class Effect:
    """What a level changes, or what two levels change together beyond what each does alone."""

    terms: tuple[tuple[str, Level], ...]
    """A factor and its level; two for an interaction."""
    difference: Difference
    """From the factors' first levels, over the seeds, in the response's own unit."""


def factorial_effects(
    responses: Mapping[int, Mapping[tuple[Level, ...], float]],
    factors: Mapping[str, Sequence[Level]],
    folds: Folds | None = None,
) -> list[Effect]:
    """Every main effect, then every interaction of two factors, in the factors' order.

    A main effect is, for each seed, the mean over the other factors' levels of the response at
    the level, less that at the factor's first level. An interaction is the mean, over the levels
    of the remaining factors, of (y(a, b) - y(a, b0)) - (y(a0, b) - y(a0, b0)).

    Args:
        responses: for each seed, the response in each cell; a cell is one level of each factor,
            in the order of `factors`. A seed that lacks a cell is left out.
        factors: each factor with its levels, the base first.
        folds: how the seeds stand for folds; None where each drew its own split.

    Raises:
        ValueError: no seed is complete, or a response is not finite.
    """
    cells = list(product(*factors.values()))
    complete = [of_seed for of_seed in responses.values() if all(cell in of_seed for cell in cells)]
    if not complete or not cells:
        raise ValueError("responses: no seed has a value in every cell")
    values = finite([of_seed[cell] for of_seed in complete for cell in cells], "responses")
    table = values.reshape(len(complete), *(len(levels) for levels in factors.values()))
    resolution = resolution_of(table)
    effects = []
    for order in (1, 2):
        for chosen in combinations(enumerate(factors.items(), start=1), order):
            for levels in product(*(range(1, len(listed)) for _, (_, listed) in chosen)):
                places = {axis: level for (axis, _), level in zip(chosen, levels, strict=True)}
                terms = tuple(
                    (name, listed[level])
                    for (_, (name, listed)), level in zip(chosen, levels, strict=True)
                )
                difference = of_differences(_contrast(table, places), resolution, folds=folds)
                effects.append(Effect(terms, difference))
    return effects


def _contrast(table: Floats, places: Mapping[int, int]) -> Floats:
    """One number for each seed: each axis' level less its base, the mean over the other axes."""
    for axis, level in places.items():
        at_level: Floats = table.take([level], axis=axis)
        table = at_level - table.take([0], axis=axis)
    means: Floats = table.reshape(len(table), -1).mean(axis=1)
    return means
