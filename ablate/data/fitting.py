"""What is learnt of data before a network is: from the training rows of a split, and from no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ablate.datasets._base import Fitted


def _deviation(table: NDArray[Any]) -> NDArray[np.float64]:
    """Of each column; 1 of one that is the same everywhere."""
    import numpy as np

    deviation: NDArray[np.float64] = table.std(axis=0)
    # That of equal numbers is seldom 0: their mean is rounded. The bound is scikit-learn's.
    noise = len(table) * np.finfo(np.float64).eps * np.abs(table.mean(axis=0))
    return np.where(deviation > noise, deviation, 1.0)


@dataclass(frozen=True, eq=False)
class Fit:
    """How the columns of a table are filled and scaled."""

    median: NDArray[np.float64]
    """Of each column, put where it has no number; NaN where nothing is put."""
    mean: NDArray[np.float64]
    """Of each column, taken off; 0 where it stays as it is."""
    deviation: NDArray[np.float64]
    """Of each column, what is left is divided by it; 1 where it stays as it is."""

    @classmethod
    def to(cls, rows: NDArray[Any], fitted: Fitted) -> Self:
        """Learns from the training rows of a split, ``(n, columns)``."""
        import numpy as np

        table = np.asarray(rows, np.float64)
        filled, scaled = np.array(fitted.filled), np.array(fitted.scaled)
        known = ~np.isnan(table)
        median = np.full(table.shape[1], np.nan)
        for column in np.flatnonzero(filled):
            own = table[known[:, column], column]
            median[column] = np.median(own) if len(own) else 0.0
        whole = np.where(known, table, median)
        return cls(
            median=median,
            mean=np.where(scaled, whole.mean(axis=0), 0.0),
            deviation=np.where(scaled, _deviation(whole), 1.0),
        )

    def of(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """Rows as a network gets them."""
        import numpy as np

        table = np.asarray(rows, np.float64)
        whole = np.where(np.isnan(table), self.median, table)
        return (whole - self.mean) / self.deviation


@dataclass(frozen=True, eq=False)
class Units:
    """What the numbers of a regression are trained in: each with mean 0 and deviation 1."""

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]

    @classmethod
    def of(cls, targets: NDArray[Any]) -> Self:
        """Learns from the training targets of a split, ``(n, numbers)``."""
        return cls(targets.mean(axis=0), _deviation(targets))

    def scaled(self, targets: NDArray[Any]) -> NDArray[Any]:
        """Targets as they are trained on."""
        return (targets - self.mean) / self.deviation

    def own(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """Outputs of a network in the data's own units."""
        return outputs * self.deviation + self.mean
