"""Published numbers beside ours: is theirs a run of ours, and do their orderings hold?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from ablate.report.numbers.design import folds_of
from ablate.report.numbers.pairs import values_of
from ablate.spec.measures import EVERY
from ablate.spec.study import Cell, StudySpec
from ablate.state.replicates import CellReplicates
from ablate.statistics import (
    Interval,
    mean_interval,
    paired_difference,
    prediction_interval,
    ratio_interval,
)

PUBLISHED = EVERY.published
RATIOS = tuple(name for name, measure in PUBLISHED.items() if not measure.is_score)
"""What is compared as a ratio."""
Outcome = Literal["confirmed", "contradicted", "undecided"]


@dataclass(frozen=True)
class PublishedNumber:
    """A published number beside ours."""

    dataset: str
    variant: str
    measure: str
    published: float
    source: str
    ours: Interval
    """The mean over our seeds, with its interval."""
    expected: Interval
    """The same mean, with the interval in which one further run is expected."""

    @property
    def inside(self) -> bool | None:
        """Whether the published number could be a run of ours; None where that is not known.

        A number of parameters does not vary from run to run, and is published rounded.
        """
        is_exact = PUBLISHED[self.measure].is_exact
        return None if is_exact else _holds(self.expected, self.published)


@dataclass(frozen=True)
class Ordering:
    """What is published of two variants: that one is better, smaller or faster than the other."""

    dataset: str
    measure: str
    first: str
    """The variant that is published as the better one."""
    second: str
    published: float
    """The difference first - second; for `RATIOS` the ratio second / first."""
    ours: Interval
    """The same of ours, paired by seed, with its interval."""
    expected: Interval
    """The same mean, with the interval in which one further pair of runs is expected."""
    outcome: Outcome
    """Of the direction alone; `inside` is about the size."""

    @property
    def inside(self) -> bool | None:
        """Whether the published size could be that of a pair of ours; None where not known."""
        return _holds(self.expected, self.published)


@dataclass(frozen=True)
class PublishedComparison:
    """All published numbers of a study beside ours."""

    numbers: tuple[PublishedNumber, ...]
    orderings: tuple[Ordering, ...]


def make_published(
    spec: StudySpec, replicates: Mapping[Cell, CellReplicates]
) -> PublishedComparison | None:
    """Sets published numbers beside ours; None where the study holds none."""
    if not spec.published:
        return None
    numbers, folds = [], folds_of(spec)
    for found in spec.published:
        cell = Cell(dataset=found.dataset, variant=found.variant)
        for measure, value in found.values.numbers.items():
            own = list(values_of(replicates[cell], PUBLISHED[measure].key()).values())
            if own and not PUBLISHED[measure].unit:  # which would be theirs alone
                ours = mean_interval(own, folds=folds)
                numbers.append(
                    PublishedNumber(
                        dataset=found.dataset,
                        variant=found.variant,
                        measure=measure,
                        published=value,
                        source=found.values.source,
                        ours=ours,
                        expected=_possible(measure, prediction_interval(ours)),
                    )
                )
    return PublishedComparison(tuple(numbers), tuple(_orderings(spec, replicates)))


def _orderings(spec: StudySpec, replicates: Mapping[Cell, CellReplicates]) -> list[Ordering]:
    """An ordering for every two variants of which the same was published on the same data set."""
    orderings, folds = [], folds_of(spec)
    for one, other in combinations(spec.published, 2):
        if one.dataset != other.dataset:
            continue
        for measure in PUBLISHED:
            values = (one.values.numbers.get(measure), other.values.numbers.get(measure))
            if values[0] is None or values[1] is None or values[0] == values[1]:
                continue
            first_is_better = (values[0] > values[1]) != (PUBLISHED[measure].better == "lower")
            first, second = (one, other) if first_is_better else (other, one)
            theirs, others = (p.values.numbers[measure] for p in (first, second))
            own, compared = (
                values_of(
                    replicates[Cell(dataset=p.dataset, variant=p.variant)], PUBLISHED[measure].key()
                )
                for p in (first, second)
            )
            seeds = [seed for seed in own if seed in compared]
            if not seeds:
                continue
            pairs = [own[seed] for seed in seeds], [compared[seed] for seed in seeds]
            if measure in RATIOS:
                published, ours = others / theirs, ratio_interval(pairs[1], pairs[0], folds=folds)
                expected = ratio_interval(pairs[1], pairs[0], further_run=True, folds=folds)
            else:
                published = theirs - others
                found = paired_difference(*pairs, folds=folds)
                ours = Interval(found.n, found.mean, found.low, found.high)
                expected = prediction_interval(ours)
            orderings.append(
                Ordering(
                    dataset=one.dataset,
                    measure=measure,
                    first=first.variant,
                    second=second.variant,
                    published=published,
                    ours=ours,
                    expected=expected,
                    outcome=_outcome(measure, ours),
                )
            )
    return orderings


def _outcome(measure: str, ours: Interval) -> Outcome:
    """Whether our interval lies on the published side of no difference."""
    even = 1.0 if measure in RATIOS else 0.0
    if PUBLISHED[measure].is_exact and ours.low is None:
        ours = Interval(ours.n, ours.mean, ours.mean, ours.mean)
    if ours.low is None or ours.high is None or ours.low <= even <= ours.high:
        return "undecided"
    is_turned = measure not in RATIOS and PUBLISHED[measure].better == "lower"
    return "confirmed" if (ours.mean > even) != is_turned else "contradicted"


def _possible(measure: str, found: Interval) -> Interval:
    """The part of an interval in which a score or a loss can lie."""
    if found.low is None or found.high is None:
        return found
    high = min(found.high, 1.0) if PUBLISHED[measure].kind == "share" else found.high
    return Interval(found.n, found.mean, max(found.low, 0.0), high)


def _holds(expected: Interval, value: float) -> bool | None:
    if expected.low is None or expected.high is None or expected.low == expected.high:
        return None  # one seed, or seeds that happen to agree, say nothing about other runs
    return expected.low <= value <= expected.high
