"""What cross-validation says: its replicates share most of what they are trained on.

The differences of two learners over folds are correlated, and by how much cannot be estimated from
them (Bengio and Grandvalet 2004). The t test is therefore corrected as Nadeau and Bengio (2003) do,
who take the correlation for the share of rows that is tested on; and its degrees of freedom are
those of one cut, however often the data are cut anew, which is conservative.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Folds:
    """How replicates came of folds.

    Args:
        count: into how many folds the data are cut, at least 2.
        ratio: rows that are tested on for each row outside of the fold, those for validation included.
    """

    count: int
    ratio: float

    @property
    def freedom(self) -> int:
        """Degrees of freedom of a t test over all replicates."""
        return self.count - 1

    def error(self, n: int, sd: float) -> float:
        """The standard error of a mean of `n` replicates with this spread."""
        return sd * math.sqrt(1 / n + self.ratio)

    def p(self, n: int, mean: float, sd: float | None) -> float:
        """Two-sided, that the true mean difference is 0; 1.0 for a single replicate.

        Differences that do not spread at all say no more than their signs.
        """
        from scipy import special

        if sd is None or mean == 0:
            return 1.0
        if sd == 0:
            return float(min(1.0, 2.0 ** (1 - n)))
        return float(2 * special.stdtr(self.freedom, -abs(mean) / self.error(n, sd)))

    def above_p(self, n: int, mean: float, sd: float | None) -> float:
        """One-sided, that the true mean difference is not above 0; 1.0 for a single replicate."""
        from scipy import special

        if sd is None or mean <= 0:
            return 1.0
        if sd == 0:
            return 2.0**-n
        return float(special.stdtr(self.freedom, -mean / self.error(n, sd)))

    def reach(self, n: int, sd: float | None, confidence: float) -> float | None:
        """Half the width of the interval of a mean; None where the spread is not known."""
        from scipy import special

        if sd is None:
            return None
        return float(special.stdtrit(self.freedom, (1 + confidence) / 2)) * self.error(n, sd)

    def detectable(self, n: int, sd: float, comparisons: int, power: float, alpha: float) -> float:
        """The smallest true mean difference that is found with this power.

        Args:
            n: how many replicates.
            sd: the spread of their differences.
            comparisons: tests that share `alpha`; each is held to its equal part.
            power: the share of studies that find it, between 0 and 1.
            alpha: the share of studies that may claim a difference where there is none.
        """
        from scipy import special

        critical = float(special.stdtrit(self.freedom, 1 - alpha / comparisons / 2))
        shift = float(special.nctdtrinc(self.freedom, 1 - power, critical))
        return shift * self.error(n, sd)
