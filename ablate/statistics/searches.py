"""What a search of so many trials can be expected to find."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def expected_best(losses: Sequence[float]) -> list[float]:
    """The lowest loss to be expected of the first k trials, for k = 1 to all of them.

    The unbiased estimate (a U-statistic) of Tang et al. 2020, "Showing Your Work Doesn't Always
    Work" (arXiv 2004.13705): the mean, over all subsets of k trials, of their lowest loss. It
    holds for random search, whose trials may be exchanged.

    Args:
        losses: of every trial, the lower the better, in any order; inf for a trial that reached
            none.

    Returns:
        One number for each k, never rising; inf for each k that draws only such trials as reached
        no loss in some of its subsets. Empty where there is no trial.

    Raises:
        ValueError: a loss is nan or -inf.
    """
    ordered = np.sort(np.asarray(losses, dtype=np.float64))
    n = ordered.size
    wrong = ordered[np.isnan(ordered) | (ordered == -np.inf)]
    if wrong.size:
        raise ValueError(f"losses: must be numbers or inf, found {wrong[0]}")
    reached = ordered[np.isfinite(ordered)]
    if not reached.size:
        return [float("inf")] * n
    # above[k - 1] is what k trials are expected to leave above the lowest loss of all;
    # chance[k - 1], that the best of k trials is the one of this rank.
    above = np.zeros(n)
    chance = np.arange(1, n + 1) / n
    for rank, loss in enumerate(reached - reached[0]):
        others = n - rank - 1
        above[: others + 1] += loss * chance[: others + 1]
        chance = chance[:others] * (np.arange(others, 0, -1) / max(others, 1))
    best = np.minimum.accumulate(reached[0] + above)
    best[: n - reached.size] = np.inf
    return [float(loss) for loss in best]
