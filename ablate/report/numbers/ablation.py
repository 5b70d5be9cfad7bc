"""The comparison of a study's variants, computed from its replicates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean, median
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import numpy as np
from pydantic import Field

from ablate.report.numbers.design import folds_of
from ablate.report.numbers.lag import Lag, lag_of
from ablate.report.numbers.pairs import (
    compare_variants,
    owed_of,
    spread_of,
    values_of,
)
from ablate.report.numbers.tradeoff import undominated
from ablate.spec.measure import Measure, MeasureTable, Metric
from ablate.spec.measures import EVERY
from ablate.spec.space import Scalar
from ablate.spec.study import SPACE, Cell, StudySpec
from ablate.state.replicates import CellReplicates, cell_replicates, choices, looks_of
from ablate.statistics import (
    Comparison,
    Effect,
    Folds,
    Interval,
    Share,
    Spread,
    compare_looked,
    factorial_effects,
    mean_interval,
    noise_floor,
    ratio_interval,
    seeds_needed,
    shapley_shares,
)
from ablate.store.attributes import DATASET_PARAMETER
from ablate.store.studies import StoredStudy

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


def is_none(value: object) -> bool:
    """Whether there is nothing to be told."""
    return value is None


@dataclass(frozen=True)
class Further:
    """What seeds say that a study was given when its verdict had been made."""

    pooled: Comparison
    """Of all seeds, those that were planned among them: an estimate, and no verdict."""
    alone: Annotated[Comparison | None, Field(exclude_if=is_none)] = None
    """Of the further ones by themselves, a verdict of its own; left out where they share the searches of
    the others."""


@dataclass(frozen=True)
class VariantRow:
    """What is known of one variant on one data set."""

    variant: str
    is_baseline: bool
    scores: Mapping[str, Interval]
    """Each metric over the seeds; none where no replicate is complete."""
    comparisons: Mapping[str, Comparison]
    """Each metric against the baseline, over the seeds that both have; empty for the baseline."""
    parameters: int | None
    flops: int | None
    seconds: Interval | None
    """Training time."""
    time_ratio: Interval | None
    """Training time over the baseline's, paired by seed; None for the baseline."""
    inference_seconds: float | None
    """Median over the seeds, of one image."""
    chosen: Mapping[str, Scalar]
    """The tuned configuration that was replicated."""
    selected_loss: float | None
    """Its objective in the search, the validation loss unless the study says otherwise, which selected
    it."""
    missing: Mapping[int, str]
    """Seeds that cannot be had, with the reason."""
    owed: int
    """Replicates still to be trained."""
    earlier: int
    """Replicates of a configuration that was overtaken by a better one."""
    on_front: bool = False
    """Whether no variant beats it in mean accuracy, parameters and training time together."""
    spread: Annotated[Spread | None, Field(exclude_if=is_none)] = None
    """How its differences spread over searches and seeds; left out where seeds have no search in
    common."""
    further: Annotated[Further | None, Field(exclude_if=is_none)] = None
    """What the seeds say that came after the verdict; left out where there are none."""
    lag: Annotated[Lag | None, Field(exclude_if=is_none)] = None
    """Of batch norm's moving averages; left out where they did not lag."""
    costs: Annotated[Mapping[str, float], Field(exclude=True)] = field(default_factory=dict)
    """The mean of each of `MeasureTable.costs`; in the JSON report every trial holds its own."""

    @property
    def seeds(self) -> int:
        """How many there are scores of."""
        return next((found.n for found in self.scores.values()), 0)

    def value(self, measure: Measure) -> float | None:
        """What there is of a measure, over the seeds."""
        if measure.name in self.scores:
            return self.scores[measure.name].mean
        known: Mapping[str, float | None] = {
            **self.costs,
            "parameters": self.parameters,
            "flops": self.flops,
            "training_seconds": None if self.seconds is None else self.seconds.mean,
            "inference_seconds": self.inference_seconds,
        }
        return known.get(measure.name)


@dataclass(frozen=True)
class Block:
    """The comparison on one data set."""

    dataset: str
    rows: tuple[VariantRow, ...]
    effects: tuple[Effect, ...]
    """For a factorial design, of the study's metric."""
    shares: Annotated[tuple[Share, ...], Field(exclude_if=lambda shares: not shares)]
    """What each component of a two-level factorial contributes; left out for all other designs."""
    test_images: int | None
    noise_floor: float | None
    """Half-width of the 95 % interval that so many test images leave of a mean accuracy, the widest
    of all variants'."""


@dataclass(frozen=True)
class Ablation:
    """The comparison of a study's variants."""

    baseline: str
    seeds: int
    """How many the verdicts are about."""
    metric: Metric
    """What verdicts are about."""
    comparisons: int
    """How many comparisons the verdicts allow for."""
    seeds_needed: int
    """How many seeds these need at least."""
    blocks: tuple[Block, ...]
    margin: Annotated[float | None, Field(exclude_if=is_none)] = None
    """What variants may differ by and still be alike, in the metric's unit; left out where nobody asks."""
    owed: Annotated[int, Field(exclude_if=lambda count: not count)] = 0
    """Replicates still to be trained before anything is judged; left out where there are none."""
    is_paired: Annotated[bool, Field(exclude_if=lambda is_so: is_so)] = True
    """Whether runs of one seed are compared; left out where they are."""
    further: Annotated[int, Field(exclude_if=lambda count: not count)] = 0
    """Seeds that the study was given when its verdict had been made; left out where there are none."""
    looks: Annotated[tuple[int, ...], Field(exclude_if=lambda looks: not looks)] = ()
    """After how many seeds comparisons were looked at; left out where they are judged once."""
    folds: Annotated[Folds | None, Field(exclude_if=lambda folds: folds is None)] = None
    """How the replicates came of folds; left out where each seed drew its own split."""

    searches: Annotated[int, Field(exclude_if=lambda count: count < 2)] = 0
    """How many searches each variant has, whose means are compared; left out where seeds are."""

    @property
    def noun(self) -> str:
        """What one replicate stands for."""
        return "seed" if self.folds is None else "fold"

    @property
    def pair(self) -> str:
        """What one pair stands for."""
        return "search" if self.searches else self.noun

    @property
    def knows_further(self) -> bool:
        """Whether anything is known of seeds beyond those that the verdict is about."""
        return any(row.further is not None for block in self.blocks for row in block.rows)

    @property
    def planned_pairs(self) -> int:
        """How many pairs each comparison has when it is complete."""
        return self.searches or self.seeds


def make_ablation(
    stored: StoredStudy, replicates: Mapping[Cell, CellReplicates] | None = None
) -> Ablation | None:
    """Compares the variants of a study; None where it asks for no replicates."""
    spec = stored.spec
    if spec.replicate is None:
        return None
    replicates = replicates or cell_replicates(stored)
    looks = looks_of(stored)
    planned, further = (
        spec.seeds[: spec.planned_seeds],
        spec.seeds[spec.planned_seeds or len(spec.seeds) :],
    )
    owed = {
        cell: owed_of(own, planned if looks is None else planned[: looks.most[cell]])
        for cell, own in replicates.items()
    }
    comparisons = {
        name: compare_variants(
            spec, replicates, metric, planned, is_complete=not any(owed.values())
        )
        for name, metric in spec.measures.metrics.items()
    }
    metric = spec.measures.metrics[spec.replicate.metric]
    later: Mapping[Cell, Further] = {}
    if further:
        is_there = not any(owed_of(own, further) for own in replicates.values())
        alone = compare_variants(spec, replicates, metric, further, is_complete=is_there)
        pooled = compare_variants(spec, replicates, metric, spec.seeds, is_complete=False)
        later = {
            cell: Further(pooled[cell], None if spec.searches_compared else one)
            for cell, one in alone.items()
        }
    if looks is not None:
        comparisons[metric.key] = compare_looked(
            looks.looking, looks.seen, higher_is_better=metric.higher_is_better, done=looks.done
        )
    count, folds = len(spec.comparisons), folds_of(spec)
    return Ablation(
        baseline=spec.baseline,
        seeds=len(planned),
        further=len(further),
        searches=spec.searches_compared,
        metric=metric,
        comparisons=count,
        seeds_needed=seeds_needed(max(count, 1)) if folds is None else 2,
        folds=folds,
        margin=spec.replicate.margin,
        owed=sum(owed.values()),
        looks=spec.looks,
        blocks=tuple(
            _block(stored, data.dataset, replicates, comparisons, owed, later)
            for data in spec.datasets
        ),
    )


def _block(
    stored: StoredStudy,
    dataset: str,
    replicates: Mapping[Cell, CellReplicates],
    comparisons: Mapping[str, Mapping[Cell, Comparison]],
    owed: Mapping[Cell, int],
    later: Mapping[Cell, Further],
) -> Block:
    spec = stored.spec
    assert spec.replicate is not None
    rows = []
    for variant in spec.variants:
        cell = Cell(dataset=dataset, variant=variant.name)
        base = spec.baseline_of(cell)
        own = {name: found[cell] for name, found in comparisons.items() if cell in found}
        row = _row(stored, cell, replicates[cell], replicates[base], own, owed[cell])
        key = spec.measures.metrics[spec.replicate.metric].attribute
        values = values_of(replicates[cell], key), values_of(replicates[base], key)
        spread = None if cell == base else spread_of(spec, *values)
        rows.append(replace(row, further=later.get(cell), spread=spread))
    fronts = front_of(rows, spec.measures)
    rows = [replace(row, on_front=front) for row, front in zip(rows, fronts, strict=True)]
    images = _test_images(stored, dataset)
    means = [row.scores["accuracy"].mean for row in rows if "accuracy" in row.scores]
    responses, folds = responses_of(spec, dataset, replicates), folds_of(spec)
    is_one_part = spec.replicate.folds is None
    return Block(
        dataset=dataset,
        rows=tuple(rows),
        effects=tuple(factorial_effects(responses, spec.factors, folds) if responses else ()),
        shares=tuple(shapley_shares(responses, spec.factors, folds)),
        test_images=images,
        noise_floor=max(noise_floor(mean, images) for mean in means)
        if means and images and is_one_part
        else None,
    )


def _row(
    stored: StoredStudy,
    cell: Cell,
    own: CellReplicates,
    base: CellReplicates,
    comparisons: Mapping[str, Comparison],
    owed: int,
) -> VariantRow:
    spec, folds = stored.spec, folds_of(stored.spec)
    choice = choices(stored).get(cell)
    trials = list(own.complete.values())
    measured = {
        name: values_of(own, metric.attribute) for name, metric in spec.measures.metrics.items()
    }
    seconds = values_of(own, "training_seconds")
    base_seconds = values_of(base, "training_seconds")
    shared = [seed for seed in seconds if seed in base_seconds]
    is_baseline = cell.variant == spec.baseline
    ratio = None
    if shared and not is_baseline:
        pairs = [seconds[s] for s in shared], [base_seconds[s] for s in shared]
        ratio = ratio_interval(*pairs, folds=folds)
    selected = None
    if choice is not None and choice.number is not None:
        selected = stored.tuning[cell].get_trials(deepcopy=False)[choice.number].value
    latencies = values_of(own, "inference_seconds").values()
    return VariantRow(
        variant=cell.variant,
        is_baseline=is_baseline,
        scores={
            name: mean_interval(list(found.values()), folds=folds)
            for name, found in measured.items()
            if found
        },
        comparisons=comparisons,
        parameters=_first(trials, "parameters"),
        flops=_first(trials, "flops"),
        seconds=mean_interval(list(seconds.values()), folds=folds) if seconds else None,
        time_ratio=ratio,
        inference_seconds=median(latencies) if latencies else None,
        chosen=choice.tuned if choice is not None else {},
        selected_loss=selected,
        missing=own.missing,
        owed=owed,
        earlier=own.earlier,
        lag=lag_of(trials, _checkpoint(spec, cell.variant)),
        costs={
            measure.name: fmean(values)
            for measure in EVERY.costs
            if (values := values_of(own, measure.key()).values())
        },
    )


def _checkpoint(spec: StudySpec, variant: str) -> Literal["best", "last"]:
    """Whose weights of a variant are tested."""
    found: Literal["best", "last"] = spec.training.checkpoint
    return cast(Literal["best", "last"], spec.variant(variant).values.get("checkpoint", found))


def front_of(rows: Sequence[VariantRow], measures: MeasureTable) -> list[bool]:
    """Which variants no other beats in all that is weighed together."""
    weighed = measures.weighed
    costs = [[_cost(row.value(measure), measure) for measure in weighed] for row in rows]
    return undominated(np.array(costs, np.float64), [measure.same for measure in weighed])


def _cost(value: float | None, measure: Measure) -> float:
    """What is to be kept low; NaN where nothing is known."""
    if value is None:
        return math.nan
    return -value if measure.better == "higher" else value


def _first(trials: list[FrozenTrial], attribute: str) -> Any:
    """What all replicates of a variant have in common."""
    return next((t.user_attrs[attribute] for t in trials if attribute in t.user_attrs), None)


def _test_images(stored: StoredStudy, dataset: str) -> int | None:
    study = stored.replicates
    for trial in study.get_trials(deepcopy=False) if study is not None else ():
        if trial.params.get(DATASET_PARAMETER) == dataset and "test_images" in trial.user_attrs:
            return int(trial.user_attrs["test_images"])
    return None


def responses_of(
    spec: StudySpec, dataset: str, replicates: Mapping[Cell, CellReplicates]
) -> dict[int, dict[tuple[Scalar, ...], float]]:
    """What each cell of a factorial design has scored, by seed and by the levels of its factors.

    A seed that lacks a cell is left out: it would be an average of other things.
    """
    assert spec.replicate is not None
    if spec.design != "factorial":
        return {}
    attribute = spec.measures.metrics[spec.replicate.metric].attribute
    responses: dict[int, dict[tuple[Scalar, ...], float]] = {seed: {} for seed in spec.seeds}
    for variant in spec.variants:
        cell = Cell(dataset=dataset, variant=variant.name)
        levels = tuple(
            variant.search_space if factor == SPACE else variant.values[factor]
            for factor in spec.factors
        )
        for seed, value in values_of(replicates[cell], attribute).items():
            responses[seed][levels] = value
    return {seed: cells for seed, cells in responses.items() if len(cells) == len(spec.variants)}
