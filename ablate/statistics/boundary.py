"""Which patterns of signs are rejected at each of several looks at paired differences."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ablate.statistics.arrays import Floats
from ablate.statistics.sign_flips import EXACT_UP_TO, TIE, all_signs, random_signs

SLACK = 1e-9
"""So that a product that is a whole number is not rounded down."""


def allowed(level: float, patterns: int) -> int:
    """How many of so many patterns a level allows to be rejected."""
    return math.floor(level * patterns + SLACK)


class Boundary:
    """The patterns of signs of the pairs of a look, and how extreme each was at each look up to it.

    Args:
        differences: of the pairs of this look, in the order of their seeds.
        counts: how many of them there were at each look, up to this one, which has all.
        resolution: what they may be off by rounding, in their own unit.
        one_sided: whether differences above 0 alone count.
    """

    def __init__(
        self,
        differences: Floats,
        counts: Sequence[int],
        resolution: float = 0.0,
        *,
        one_sided: bool = False,
    ) -> None:
        n = len(differences)
        magnitudes = np.abs(differences)
        own = np.where(differences < 0, -1.0, 1.0)
        # Of patterns that mirror each other one stands for both, unless sides are told apart.
        signs, self._own = _patterns(n, own, halved=not one_sided)
        values = signs * magnitudes
        self._sums = []
        for pairs in counts:
            sums = values[:, :pairs].sum(axis=1)
            width = max(n * resolution, TIE * float(magnitudes[:pairs].sum()))
            self._sums.append((sums if one_sided else np.abs(sums), width))

    def crossed(self, shares: Sequence[float], level: float) -> bool:
        """Whether the pattern that was found is rejected, at this look or at one before.

        Args:
            shares: of the level, spent up to each look.
            level: in what share of studies of equals any look may reject.
        """
        rejected = np.zeros(len(self._sums[0][0]), bool)
        for index, (sums, width) in enumerate(self._sums):
            room = allowed(shares[index] * level, len(rejected)) - int(rejected.sum())
            found = _most_extreme(sums, rejected, room, width)
            rejected |= found
        return bool(rejected[self._own])


def _patterns(n: int, own: Floats, *, halved: bool) -> tuple[Floats, int]:
    """Patterns of signs, a row each, and the row of the one that was found.

    All of them, or with many pairs the found one and a sample, the same in every run.
    """
    if n > EXACT_UP_TO:
        sampled = random_signs(n)
        return np.vstack([own, sampled]).astype(np.float64), 0
    half = all_signs(n)  # with a plus in the end
    row = int(((own != own[-1]) * 2 ** np.arange(n)).sum())
    if halved:
        return half, row
    return np.vstack([half, -half]), row if own[-1] > 0 else len(half) + row


def _most_extreme(
    sums: Floats, rejected: npt.NDArray[np.bool_], room: int, width: float
) -> npt.NDArray[np.bool_]:
    """Which of those that are left are rejected: the largest, as many as there is room for.

    Those that are tied are rejected together, or not at all.
    """
    found = np.zeros(len(sums), bool)
    if room <= 0:
        return found
    left = np.flatnonzero(~rejected)
    if len(left) <= room:
        found[left] = True
        return found
    # The largest that does not fit: what is tied with it does not either.
    bound = float(np.partition(sums[left], len(left) - room - 1)[len(left) - room - 1])
    found[left] = sums[left] > bound + width
    return found
