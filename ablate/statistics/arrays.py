"""Arrays of finite numbers, and which of their differences are rounding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

RESOLUTION = 1e-12
"""Relative to the largest number measured: what lies closer is equal but for rounding. Rounding
of double precision is 1e-16; one image of a million is 1e-6."""


def finite(values: Sequence[float] | Floats, name: str) -> Floats:
    """The values as an array.

    Raises:
        ValueError: there is none, or one is not finite; the message calls them `name`.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.size == 0:
        raise ValueError(f"{name}: at least one number is needed")
    infinite = array[~np.isfinite(array)]
    if infinite.size:
        raise ValueError(f"{name}: must be finite numbers, found {infinite[0]}")
    return array


def finite_pairs(
    values: Sequence[float], baseline: Sequence[float], name: str = "values"
) -> tuple[Floats, Floats]:
    """Both as arrays.

    Raises:
        ValueError: there is no pair, one number has no partner, or one is not finite.
    """
    if len(values) != len(baseline):
        raise ValueError(
            f"{name} and baseline must be pairs, found {len(values)} and {len(baseline)} numbers"
        )
    return finite(values, name), finite(baseline, "baseline")


def resolution_of(*arrays: Floats) -> float:
    """The distance up to which numbers of this size are taken for equal."""
    return RESOLUTION * max(float(np.abs(array).max()) for array in arrays)


def moments(array: Floats, resolution: float) -> tuple[float, float | None]:
    """Mean and sample standard deviation: 0 where all are equal, None for a single number."""
    low, high = float(array.min()), float(array.max())
    # The mean of equal numbers may lie an ulp beside them.
    mean = min(max(float(array.mean()), low), high)
    if array.size < 2:
        return mean, None
    return mean, 0.0 if high - low <= resolution else float(array.std(ddof=1))
