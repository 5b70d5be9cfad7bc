"""Looking at a comparison while it goes on: when it is decided, at an error that all looks share.

If nothing but chance sets a pair apart, each sign of its difference is as likely, whatever the
magnitudes are. So which patterns of signs are rejected at which look can be chosen as one likes, as
long as they are no more than the level allows: at each look the most extreme ones of those that were
not rejected before (group-sequential testing, as Jennison and Turnbull 2000 have it, with the exact
distribution of the signs in place of a normal one).

Of several comparisons the closed Bonferroni test decides (Marcus, Peritz and Gabriel 1976): one is
decided when every family of comparisons that holds it has one that has crossed, at some look, the
boundary of its level divided by the size of the family. With a single look this is Holm's procedure.
Handing level on from one decided comparison to the others, as its shortcut does, is not proven here:
the sets of rejected patterns are discrete, and those of a larger level need not hold those of a lower.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

from ablate.statistics.arrays import Floats
from ablate.statistics.boundary import Boundary, allowed
from ablate.statistics.sign_flips import ALPHA, sign_flip_p

K = TypeVar("K", bound=Hashable)
MOST_BY_DEFAULT = 13
"""Seeds of the last look that is made by default."""
STEPS = (0, 2, 4, 6)
"""How many seeds after the first look each of the default ones is made."""
FUTILE = (0.4, 0.2, 0.1)
"""Above which p of its own a comparison gets no more seeds: at the first look, the second, any later."""
BISECTIONS = 30
"""Halvings that find an end of an interval."""


def spending(looks: int) -> tuple[float, ...]:
    """Which share of the level is spent up to each of so many looks: 5/8, 13/16, 29/32, ..., 1."""
    return (*(1 - 3 / 8 / 2**index for index in range(looks - 1)), 1.0)


def first_look(comparisons: int) -> int:
    """With how many pairs, at least, a first look of several can decide one of so many comparisons."""
    pairs = 1
    while 2 ** (pairs - 1) < 32 * comparisons:
        pairs += 1
    return pairs


def default_looks(seeds: int, comparisons: int) -> tuple[int, ...]:
    """When is looked, by default, where so many seeds are the most: the last time at all of them."""
    start = first_look(comparisons)
    early = [start + step for step in STEPS if start + step <= min(seeds - 1, MOST_BY_DEFAULT)]
    return (*early, seeds)


def barren_looks(looks: Sequence[int], comparisons: int, alpha: float = ALPHA) -> list[int]:
    """The looks that can decide nothing that was not decided before, in a family of so many."""
    barren, spent, before = [], 0, looks[0] if looks else 0
    for pairs, share in zip(looks, spending(len(looks)), strict=True):
        spent *= 2 ** (pairs - before)
        room = allowed(share * alpha / comparisons, 2 ** (pairs - 1))
        if room <= spent:
            barren.append(pairs)
        spent, before = max(spent, room), pairs
    return barren


@dataclass
class Family(Generic[K]):
    """Comparisons that are decided together, by the closed Bonferroni test.

    Args:
        size: how many there are when the study is complete; those that are missing count as never
            crossing.
        alpha: in what share of studies of equals any may be decided.
    """

    size: int
    alpha: float = ALPHA
    decided: dict[K, int] = field(default_factory=dict)
    """Those that are decided, each with the look that did it, from 0."""
    _crossed: dict[int, set[K]] = field(default_factory=dict)
    """For each size of a family within this one those that have crossed at its level, at some look."""

    def look(self, index: int, crossed: Mapping[K, Callable[[float], bool]]) -> None:
        """Looks once more.

        Args:
            index: which look it is.
            crossed: of each comparison that has gone on whether it has crossed at a level.
        """
        for key, has_crossed in crossed.items():
            for size in range(1, self.size + 1):
                if has_crossed(self.alpha / size):
                    self._crossed.setdefault(size, set()).add(key)
        for key in {key for found in self._crossed.values() for key in found}:
            if key not in self.decided and self._is_decided(key):
                self.decided[key] = index

    def _is_decided(self, key: K) -> bool:
        for size in range(1, self.size + 1):
            crossed = self._crossed.get(size, set())
            if key not in crossed and len(crossed - {key}) < self.size - size + 1:
                return False
        return True


@dataclass(frozen=True)
class Seen:
    """The pairs of a comparison at a look."""

    differences: Floats
    """In the order of their seeds."""
    counts: tuple[int, ...]
    """How many of them there were at each look, up to this one."""
    resolution: float = 0.0
    """What they may be off by rounding, in their own unit."""


@dataclass
class Looking(Generic[K]):
    """Looks at a family of comparisons, one look after the other.

    Args:
        looks: how many seeds there are at each.
        size: how many comparisons the study makes when it is complete.
        margin: what two variants may differ by and still be alike, in the differences' own unit; None
            where nobody asks for that. Then comparisons that would hardly be decided are given up.
        alpha: in what share of studies of equals any may be called better or worse; and in what share
            any alike that is not.
    """

    looks: Sequence[int]
    size: int
    margin: float | None = None
    alpha: float = ALPHA
    futile: dict[K, int] = field(default_factory=dict)
    """Comparisons that get no more seeds because they would hardly be decided, with their look."""
    differing: Family[K] = field(init=False)
    """Which are better or worse."""
    alike: Family[K] = field(init=False)
    """Which lie within the margin."""

    def __post_init__(self) -> None:
        self.differing = Family(self.size, self.alpha)
        self.alike = Family(self.size, self.alpha)

    def look(self, index: int, seen: Mapping[K, Seen]) -> None:
        """Looks once more, at the comparisons that have gone on."""
        shares = spending(len(self.looks))
        going = {key: one for key, one in seen.items() if len(one.differences)}
        self.differing.look(index, {key: _differs(one, shares) for key, one in going.items()})
        if self.margin is not None:
            margin = self.margin
            self.alike.look(
                index, {key: _is_alike(one, margin, shares) for key, one in going.items()}
            )
        elif index < len(self.looks) - 1:
            limit = FUTILE[min(index, len(FUTILE) - 1)]
            self.futile |= {
                key: index
                for key, one in going.items()
                if key not in self.differing.decided
                and sign_flip_p(one.differences, one.resolution) > limit
            }

    def goes_on(self, key: K) -> bool:
        """Whether a comparison gets more seeds."""
        return self.last_look(key) is None

    def last_look(self, key: K) -> int | None:
        """The look after which a comparison got no more seeds; None where it goes on.

        It may be decided later than that, by what the others have crossed.
        """
        ends = [
            found[key]
            for found in (self.futile, self.differing.decided, self.alike.decided)
            if key in found
        ]
        return min(ends, default=None)


def _differs(seen: Seen, shares: Sequence[float]) -> Callable[[float], bool]:
    """Whether differences have crossed at a level, to whichever side."""
    boundary = Boundary(seen.differences, seen.counts, seen.resolution)
    return lambda level: boundary.crossed(shares, level)


def _is_alike(seen: Seen, margin: float, shares: Sequence[float]) -> Callable[[float], bool]:
    """Whether differences have crossed from both ends of the margin at a level."""
    below, above = (
        Boundary(one, seen.counts, seen.resolution, one_sided=True)
        for one in (margin - seen.differences, margin + seen.differences)
    )
    return lambda level: below.crossed(shares, level) and above.crossed(shares, level)


def span_not_crossed(
    seen: Seen, shares: Sequence[float], level: float
) -> tuple[float | None, float | None]:
    """All shifts of differences that have not crossed yet: the interval that goes with the looks.

    Args:
        seen: the pairs at a look.
        shares: of the level, spent up to each look.
        level: in what share of studies the interval may miss the true difference.

    Returns:
        Both ends, in the differences' own unit; None where nothing is ever rejected.
    """
    differences = seen.differences
    scale = float(np.abs(differences - differences.mean()).max()) or seen.resolution or 1.0

    def crossed(shift: float) -> bool:  # at this look, or at one before
        boundary = Boundary(differences - shift, seen.counts, seen.resolution)
        return boundary.crossed(shares, level)

    centre = float(np.median(differences))
    ends: list[float | None] = []
    for side in (-1.0, 1.0):
        far = next(
            (
                side * scale * 2**power
                for power in range(6)
                if crossed(centre + side * scale * 2**power)
            ),
            None,
        )
        if far is None:
            ends.append(None)
            continue
        inside, outside = 0.0, far
        for _ in range(BISECTIONS):
            middle = (inside + outside) / 2
            inside, outside = (inside, middle) if crossed(centre + middle) else (middle, outside)
        ends.append(centre + outside)
    return ends[0], ends[1]
