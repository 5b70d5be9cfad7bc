"""Collects what the figures of a report show."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

from ablate.report.figures.records import (
    Band,
    CellCurves,
    ConfusionData,
    Curve,
    ForestRow,
    History,
    HistoryPoint,
    Point,
    Response,
    SearchCurve,
    VariantPoint,
)
from ablate.report.numbers.ablation import Ablation
from ablate.report.numbers.confusion import Confusion
from ablate.report.numbers.curves import MeanCurves
from ablate.report.numbers.search import CellSearch
from ablate.report.numbers.tradeoff import FRONT
from ablate.spec.space import Scalar, label
from ablate.spec.study import SPACE, Cell, StudySpec
from ablate.state.replicates import CellReplicates
from ablate.statistics import mean_interval
from ablate.store.artifacts import Artifacts
from ablate.store.results import read_curves
from ablate.store.studies import StoredStudy

if TYPE_CHECKING:
    import pandas as pd

CURVES = 60
"""How many learning curves a figure shows at most, the best trials first."""
FEW_VARIANTS = 4
"""Variants on a data set up to which each confusion matrix is shown."""


def trial_figures(
    stored: StoredStudy, artifacts: Artifacts, tradeoff: pd.DataFrame
) -> dict[str, Any]:
    """The figures of single tuned trials, only where one cell is tuned."""
    if len(stored.tuning) != 1:
        return {}
    return {
        "points": _points(tradeoff),
        "curves": _curves(stored, artifacts, tradeoff),
    }


def search_figures(stored: StoredStudy, searches: Sequence[CellSearch]) -> dict[str, Any]:
    """How the searches went."""
    return {
        "searches": tuple(_search_curves(stored, searches)),
        "histories": tuple(_histories(stored, searches)),
    }


def ablation_figures(
    stored: StoredStudy, replicates: Mapping[Cell, CellReplicates], ablation: Ablation | None
) -> dict[str, Any]:
    """Differences to the baseline, and interactions."""
    if ablation is None:
        return {}
    return {
        "metric": f"test {ablation.metric.name}",
        "unit": ablation.metric.unit,
        "baseline": ablation.baseline,
        "forest": tuple(_forest(ablation)),
        "responses": tuple(_responses(stored.spec, replicates, ablation)),
    }


def replicate_figures(
    spec: StudySpec,
    ablation: Ablation | None,
    curves: Sequence[MeanCurves],
    confusions: Sequence[Confusion],
) -> dict[str, Any]:
    """What the seeds of each variant have in common: trade-off, curves, confusion."""
    return {
        "variants": tuple(_variant_points(ablation)) if ablation else (),
        "cell_curves": tuple(_cell_curves(found) for found in curves),
        "confusions": tuple(
            ConfusionData(
                file=f"confusion_{index}.svg",
                title=cell_name(spec, found.cell),
                class_names=found.class_names,
                matrix=found.matrix,
            )
            for index, found in enumerate(shown_confusions(spec, ablation, confusions), 1)
        ),
    }


def shown_confusions(
    spec: StudySpec, ablation: Ablation | None, confusions: Sequence[Confusion]
) -> list[Confusion]:
    """On each data set all variants, or of many the baseline and that with the best mean metric."""
    if ablation is None or len(spec.variants) <= FEW_VARIANTS:
        return list(confusions)
    kept: set[Cell] = set()
    key, sign = ablation.metric.key, 1 if ablation.metric.higher_is_better else -1
    for block in ablation.blocks:
        known = [row for row in block.rows if key in row.scores]
        best = max(known, key=lambda row: sign * row.scores[key].mean, default=None)
        names = {spec.baseline, *([best.variant] if best else [])}
        kept |= {Cell(dataset=block.dataset, variant=name) for name in names}
    return [found for found in confusions if found.cell in kept]


def cell_name(spec: StudySpec, cell: Cell) -> str:
    """What a cell is called: its variant, after its data set where there are several."""
    return f"{cell.dataset}: {cell.variant}" if len(spec.datasets) > 1 else cell.variant


def _variant_points(ablation: Ablation) -> Iterator[VariantPoint]:
    for block in ablation.blocks:
        for row in block.rows:
            found = row.scores.get("accuracy")
            if found is None or row.parameters is None or row.seconds is None:
                continue
            yield VariantPoint(
                dataset=block.dataset,
                variant=row.variant,
                accuracy=found.mean,
                low=None if found.low is None else max(found.low, 0.0),
                high=None if found.high is None else min(found.high, 1.0),
                parameters=row.parameters,
                seconds=row.seconds.mean,
                on_front=row.on_front,
            )


def _cell_curves(found: MeanCurves) -> CellCurves:
    bands = {
        name: Band(
            mean=tuple(value.mean for value in values),
            low=tuple(value.low for value in values),
            high=tuple(value.high for value in values),
        )
        for name, values in found.measures.items()
    }
    return CellCurves(
        dataset=found.cell.dataset,
        variant=found.cell.variant,
        best_epoch=found.best_epoch,
        **bands,
    )


def _histories(stored: StoredStudy, searches: Sequence[CellSearch]) -> Iterator[History]:
    for search in searches:
        points = tuple(
            HistoryPoint(number=number, loss=loss, pruned=pruned)
            for number, loss, pruned in search.history
            if math.isfinite(loss)
        )
        if points:
            yield History(name=cell_name(stored.spec, search.cell), points=points)


def _points(tradeoff: pd.DataFrame) -> tuple[Point, ...]:
    columns = ["val_accuracy", "parameters", "training_seconds"]
    known = tradeoff.dropna(subset=columns)
    rows = zip(*(known[name] for name in ["number", *columns, FRONT]), strict=True)
    return tuple(
        Point(
            number=int(number),
            accuracy=float(accuracy),
            parameters=int(parameters),
            seconds=float(seconds),
            on_front=bool(on_front),
        )
        for number, accuracy, parameters, seconds, on_front in rows
    )


def _curves(stored: StoredStudy, artifacts: Artifacts, tradeoff: pd.DataFrame) -> tuple[Curve, ...]:
    study = next(iter(stored.tuning.values()))
    order = [int(number) for number in tradeoff.sort_values("val_loss")["number"]]
    by_number = {trial.number: trial for trial in study.get_trials(deepcopy=False)}
    others = [n for n, trial in by_number.items() if trial.state.name == "PRUNED"]
    chosen = [by_number[number] for number in [*order, *others][:CURVES]]
    curves = read_curves(chosen, artifacts)
    return tuple(
        Curve(
            number=trial.number,
            pruned=trial.number not in order,
            rank=order.index(trial.number) if trial.number in order else None,
            val_loss=tuple(epoch.val_loss for epoch in curves[trial.number]),
            val_accuracy=tuple(epoch.val_accuracy for epoch in curves[trial.number]),
        )
        for trial in chosen
        if trial.number in curves
    )


def _forest(ablation: Ablation) -> Iterator[ForestRow]:
    metric = ablation.metric
    for block in ablation.blocks:
        for row in block.rows:
            if metric.key not in row.comparisons:
                continue
            comparison = row.comparisons[metric.key]
            found = comparison.difference
            low, high = (None if v is None else v * metric.scale for v in (found.low, found.high))
            yield ForestRow(
                dataset=block.dataset,
                variant=row.variant,
                mean=found.mean * metric.scale,
                low=low,
                high=high,
                verdict=comparison.verdict,
            )


def _responses(
    spec: StudySpec, replicates: Mapping[Cell, CellReplicates], ablation: Ablation
) -> Iterator[Response]:
    """For each pair of factors the mean at each pair of their levels, over all else."""
    if spec.design != "factorial":
        return
    attribute = ablation.metric.attribute
    for data in spec.datasets:
        cells = [Cell(dataset=data.dataset, variant=variant.name) for variant in spec.variants]
        # A seed that lacks a cell would be an average of other things.
        whole = [s for s in spec.seeds if all(s in replicates[cell].complete for cell in cells)]
        for x, line in combinations(spec.factors, 2):
            for x_level in _in_order(spec.factors[x]):
                for line_level in _in_order(spec.factors[line]):
                    found: dict[int, list[float]] = {}
                    for variant in spec.variants:
                        values: dict[str, Scalar] = {**variant.values, SPACE: variant.search_space}
                        if values[x] != x_level or values[line] != line_level:
                            continue
                        cell = Cell(dataset=data.dataset, variant=variant.name)
                        for seed in whole:
                            trial = replicates[cell].complete[seed]
                            found.setdefault(seed, []).append(trial.user_attrs[attribute])
                    if not found:
                        continue
                    means = [sum(values) / len(values) for values in found.values()]
                    interval = mean_interval(means)
                    yield Response(
                        dataset=data.dataset,
                        x_factor=x,
                        x_level=label(x_level),
                        line_factor=line,
                        line_level=label(line_level),
                        mean=interval.mean,
                        low=interval.low,
                        high=interval.high,
                    )


def _in_order(levels: Sequence[Scalar]) -> Sequence[Scalar]:
    """Numbers by size, other levels as they stand."""
    numbers = [level for level in levels if isinstance(level, int | float)]
    return sorted(numbers) if len(numbers) == len(levels) else levels


def _search_curves(stored: StoredStudy, searches: Sequence[CellSearch]) -> Iterator[SearchCurve]:
    """Only where several cells were tuned: the curves are there to be compared."""
    if len(stored.spec.cells) < 2:
        return
    for search in searches:
        expected = tuple(v if math.isfinite(v) else None for v in search.expected)
        if any(value is not None for value in expected):
            yield SearchCurve(name=cell_name(stored.spec, search.cell), expected=expected)
