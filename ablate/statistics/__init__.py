"""What measured numbers say: intervals, paired tests, verdicts, power, factorial effects.

Runs that share a seed are compared in pairs. Intervals are Student's t; a claim rests on an exact
sign-flip test, of folds on a corrected t test, corrected by Holm's procedure for the number of
comparisons made.
`benchmarks/calibration.py` measures how often the claims are false and the intervals miss.
"""

from ablate.statistics.alike import alike_needed
from ablate.statistics.comparisons import Comparison, Verdict, compare, compare_looked, holm
from ablate.statistics.differences import Difference, paired_difference
from ablate.statistics.effects import Effect, Level, factorial_effects
from ablate.statistics.folds import Folds
from ablate.statistics.intervals import (
    CONFIDENCE,
    Interval,
    mean_interval,
    noise_floor,
    prediction_interval,
    ratio_interval,
)
from ablate.statistics.looks import (
    Looking,
    Seen,
    barren_looks,
    default_looks,
    first_look,
    spending,
)
from ablate.statistics.power import POWER, detectable_difference
from ablate.statistics.searches import expected_best
from ablate.statistics.shapley import Share, shapley_shares
from ablate.statistics.sign_flips import ALPHA, seeds_needed, sign_flip_p, smallest_p
from ablate.statistics.spread import Spread, split_spread
from ablate.statistics.unpaired import compare_unpaired, welch

__all__ = [
    "ALPHA",
    "CONFIDENCE",
    "POWER",
    "Comparison",
    "Difference",
    "Effect",
    "Folds",
    "Interval",
    "Level",
    "Looking",
    "Seen",
    "Share",
    "Spread",
    "Verdict",
    "alike_needed",
    "barren_looks",
    "compare",
    "compare_looked",
    "compare_unpaired",
    "default_looks",
    "detectable_difference",
    "expected_best",
    "factorial_effects",
    "first_look",
    "holm",
    "mean_interval",
    "noise_floor",
    "paired_difference",
    "prediction_interval",
    "ratio_interval",
    "seeds_needed",
    "shapley_shares",
    "sign_flip_p",
    "smallest_p",
    "spending",
    "split_spread",
    "welch",
]
