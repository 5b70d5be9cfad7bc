"""The pairs that the variants of a study are compared by: seeds, folds, or the means of searches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from ablate.report.numbers.design import folds_of
from ablate.spec.measure import Metric
from ablate.spec.study import Cell, StudySpec
from ablate.state.replicates import CellReplicates
from ablate.statistics import Comparison, Spread, compare, split_spread
from ablate.store.trials import measured


def compare_variants(
    spec: StudySpec,
    replicates: Mapping[Cell, CellReplicates],
    metric: Metric,
    seeds: Sequence[int],
    *,
    is_complete: bool,
) -> dict[Cell, Comparison]:
    """Every variant against the baseline on its data set: one family over the whole study.

    Nothing is judged before all that is planned is there: each further look would be a test of its own.
    """
    pairs = {}
    for cell in spec.comparisons:
        both = (cell, spec.baseline_of(cell))
        own, other = (values_of(replicates[one], metric.attribute) for one in both)
        shared = [seed for seed in seeds if seed in own and seed in other]
        if shared:
            pairs[cell] = _pairs(spec, own, other, shared)
    assert spec.replicate is not None
    margin = spec.replicate.margin
    of_metric = spec.measures.metrics[spec.replicate.metric] == metric
    return compare(
        pairs,
        higher_is_better=metric.higher_is_better,
        planned=len(spec.comparisons),
        folds=folds_of(spec),
        margin=margin / metric.scale if of_metric and margin is not None else None,
        is_complete=is_complete,
    )


def _pairs(
    spec: StudySpec,
    own: Mapping[int, float],
    other: Mapping[int, float],
    seeds: Sequence[int],
) -> tuple[list[float], list[float]]:
    """What is compared: single seeds, or the means of those that share a search, and its luck."""
    if not spec.searches_compared:
        return [own[seed] for seed in seeds], [other[seed] for seed in seeds]
    groups = _grouped(spec, seeds)
    return (
        [fmean(own[seed] for seed in group) for group in groups],
        [fmean(other[seed] for seed in group) for group in groups],
    )


def _grouped(spec: StudySpec, seeds: Sequence[int]) -> list[list[int]]:
    """Seeds by the search that they are dealt to."""
    groups: dict[int, list[int]] = {}
    for seed in seeds:
        groups.setdefault(spec.replicate_index(seed) % spec.search_count, []).append(seed)
    return [groups[index] for index in sorted(groups)]


def spread_of(
    spec: StudySpec, own: Mapping[int, float], other: Mapping[int, float]
) -> Spread | None:
    """How much of the spread of differences is the luck of searches; None where none can be told."""
    if not spec.searches_compared:
        return None
    shared = [seed for seed in spec.seeds if seed in own and seed in other]
    groups = _grouped(spec, shared)
    return split_spread([[own[seed] - other[seed] for seed in group] for group in groups])


def owed_of(own: CellReplicates, seeds: Sequence[int]) -> int:
    """How many of these seeds a variant is still to be trained from."""
    return sum(seed not in own.complete and seed not in own.missing for seed in seeds)


def values_of(replicates: CellReplicates, attribute: str) -> dict[int, float]:
    """One measurement of each seed."""
    found = {seed: measured(trial, attribute) for seed, trial in replicates.complete.items()}
    return {seed: float(value) for seed, value in found.items() if value is not None}
