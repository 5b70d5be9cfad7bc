"""How long batch norm's moving averages hold what they started with.

A network trains with the mean and variance of each batch and validates with moving averages of
them, of which each step keeps `momentum`. They start at mean 0 and variance 1, whatever the images.
"""

from __future__ import annotations

import math

from ablate.spec.space import Frozen

MOST_HELD = 0.05
"""Averages that hold a larger share of their start lag: they validate another network."""


class MovingAverages(Frozen):
    """What tells how fast the moving averages of a network follow its weights."""

    momentum: float
    """The largest among its batch norms."""
    steps: int
    """Steps of an epoch."""

    def held(self, epochs: int) -> float:
        """The share of their start that they hold after so many epochs."""
        return float(min(max(self.momentum, 0.0), 1.0) ** (self.steps * epochs))

    def lag(self, epochs: int) -> int:
        """After how many of so many epochs, the first ones, they hold too much of their start."""
        if self.held(epochs) > MOST_HELD:
            return epochs
        if self.held(1) <= MOST_HELD:
            return 0
        # Held no longer: the smallest number of epochs that is enough.
        enough = math.ceil(math.log(MOST_HELD) / (self.steps * math.log(self.momentum)))
        return enough - 1
