"""Collects what the figures of a report show."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from statistics import fmean
from typing import TYPE_CHECKING

from ablate.report.figures.records import (
    Band,
    CellCurves,
    ConfusionData,
    Curve,
    ErrorsData,
    FiguresData,
    ForestRow,
    History,
    HistoryPoint,
    Point,
    Response,
    SearchCurve,
    SeparationData,
    VariantPoint,
    confusion_file,
)
from ablate.report.numbers.ablation import Ablation, responses_of
from ablate.report.numbers.confusion import Confusion
from ablate.report.numbers.curves import MeanCurves
from ablate.report.numbers.design import folds_of
from ablate.report.numbers.predictions import Errors, Separation
from ablate.report.numbers.search import CellSearch
from ablate.report.numbers.tradeoff import FRONT
from ablate.spec.measure import Measure
from ablate.spec.space import Scalar, label
from ablate.spec.study import Cell, StudySpec
from ablate.state.replicates import CellReplicates
from ablate.statistics import Interval, mean_interval
from ablate.store.artifacts import Artifacts
from ablate.store.results import read_curves
from ablate.store.studies import StoredStudy

if TYPE_CHECKING:
    import pandas as pd

CURVES = 60
"""How many learning curves a figure shows at most, the best trials first."""


def figures_data(
    stored: StoredStudy,
    artifacts: Artifacts,
    tradeoff: pd.DataFrame,
    searches: Sequence[CellSearch],
    replicates: Mapping[Cell, CellReplicates],
    ablation: Ablation | None,
    curves: Sequence[MeanCurves],
    confusions: Sequence[Confusion],
    separations: Sequence[Separation] = (),
    errors: Sequence[Errors] = (),
) -> FiguresData:
    """All that the figures of a study show.

    Args:
        stored: the study.
        artifacts: the learning curves of its trials.
        tradeoff: the complete tuned trials, sorted.
        searches: how the searches went.
        replicates: what became of each cell's replicates.
        ablation: the comparison of the variants; None where there are no replicates.
        curves: the learning curves of each cell over its seeds.
        confusions: the confusion matrices that are shown.
        separations: how well two classes are told apart.
        errors: true and predicted numbers.
    """
    spec = stored.spec
    has_one_search = len(stored.tuning) == 1  # single trials are shown only then
    score = next(one for one in spec.measures.weighed if one.is_score)
    return FiguresData(
        name=spec.name,
        score=score.name,
        objective=spec.searched.title,
        more_is_better=spec.searched.sign < 0,
        points=_points(tradeoff, score) if has_one_search else (),
        curves=_curves(stored, artifacts, tradeoff) if has_one_search else (),
        searches=tuple(_search_curves(stored, searches)),
        histories=tuple(_histories(stored, searches)),
        metric=f"test {ablation.metric.name}" if ablation else "",
        unit=ablation.metric.unit if ablation else "",
        baseline=ablation.baseline if ablation else "",
        forest=tuple(_forest(ablation)) if ablation else (),
        responses=tuple(_responses(spec, replicates)) if ablation else (),
        variants=tuple(_variant_points(ablation, score)) if ablation else (),
        cell_curves=tuple(_cell_curves(found) for found in curves),
        separations=tuple(map(_separation, separations)),
        errors=tuple(
            ErrorsData(
                dataset=one.cell.dataset,
                variant=one.cell.variant,
                target=one.target,
                true=one.true,
                predicted=one.predicted,
            )
            for one in errors
        ),
        confusions=tuple(
            ConfusionData(
                file=confusion_file(index),
                title=spec.cell_name(found.cell),
                class_names=found.class_names,
                matrix=found.matrix,
            )
            for index, found in enumerate(confusions)
        ),
    )


def _variant_points(ablation: Ablation, score: Measure) -> Iterator[VariantPoint]:
    for block in ablation.blocks:
        for row in block.rows:
            found, is_share = row.scores.get(score.name), score.kind == "share"
            if found is None or row.parameters is None or row.seconds is None:
                continue
            yield VariantPoint(
                dataset=block.dataset,
                variant=row.variant,
                score=found.mean,
                low=max(found.low, 0.0) if is_share and found.low is not None else found.low,
                high=min(found.high, 1.0) if is_share and found.high is not None else found.high,
                parameters=row.parameters,
                seconds=row.seconds.mean,
                on_front=row.on_front,
            )


def _band(values: Sequence[Interval]) -> Band:
    return Band(
        mean=tuple(value.mean for value in values),
        low=tuple(value.low for value in values),
        high=tuple(value.high for value in values),
    )


def _separation(found: Separation) -> SeparationData:
    return SeparationData(
        dataset=found.cell.dataset,
        variant=found.cell.variant,
        roc=_band(found.roc),
        precision=_band(found.precision),
        probability=tuple(place for place, _ in found.calibration),
        share=_band([share for _, share in found.calibration]),
    )


def _cell_curves(found: MeanCurves) -> CellCurves:
    bands = {name: _band(values) for name, values in found.measures.items()}
    return CellCurves(
        dataset=found.cell.dataset,
        variant=found.cell.variant,
        best_epoch=found.best_epoch,
        **bands,
    )


def _histories(stored: StoredStudy, searches: Sequence[CellSearch]) -> Iterator[History]:
    for search in searches:
        points = tuple(
            HistoryPoint(number=number, loss=value, pruned=pruned)
            for number, value, pruned in search.history
            if math.isfinite(value)
        )
        if points:
            yield History(name=stored.spec.cell_name(search.cell), points=points)


def _points(tradeoff: pd.DataFrame, score: Measure) -> tuple[Point, ...]:
    columns = [score.key("validation"), "parameters", "training_seconds"]
    known = tradeoff.dropna(subset=columns)
    rows = zip(*(known[name] for name in ["number", *columns, FRONT]), strict=True)
    return tuple(
        Point(
            number=int(number),
            score=float(found),
            parameters=int(parameters),
            seconds=float(seconds),
            on_front=bool(on_front),
        )
        for number, found, parameters, seconds, on_front in rows
    )


def _curves(stored: StoredStudy, artifacts: Artifacts, tradeoff: pd.DataFrame) -> tuple[Curve, ...]:
    study = next(iter(stored.tuning.values()))
    spec = stored.spec
    best = tradeoff.sort_values(
        [spec.objective, "number"], ascending=[spec.searched.sign > 0, True]
    )
    order = [int(number) for number in best["number"]]
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
            val_accuracy=tuple(
                epoch.val_accuracy
                for epoch in curves[trial.number]
                if epoch.val_accuracy is not None
            ),
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
                pairs=tuple(value * metric.scale for value in comparison.pairs),
            )


def _responses(spec: StudySpec, replicates: Mapping[Cell, CellReplicates]) -> Iterator[Response]:
    """For each pair of factors the mean at each pair of their levels, over all else."""
    if spec.design != "factorial":
        return
    for data in spec.datasets:
        responses = responses_of(spec, data.dataset, replicates)
        for (x_place, x), (line_place, line) in combinations(enumerate(spec.factors), 2):
            for x_level in _in_order(spec.factors[x]):
                for line_level in _in_order(spec.factors[line]):
                    means = [
                        fmean(values)
                        for cells in responses.values()
                        if (values := _at(cells, {x_place: x_level, line_place: line_level}))
                    ]
                    if not means:
                        continue
                    interval = mean_interval(means, folds=folds_of(spec))
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


def _at(cells: Mapping[tuple[Scalar, ...], float], levels: Mapping[int, Scalar]) -> list[float]:
    """What the cells have scored whose factors, by their places, have these levels."""
    return [
        value
        for own, value in cells.items()
        if all(own[place] == level for place, level in levels.items())
    ]


def _in_order(levels: Sequence[Scalar]) -> Sequence[Scalar]:
    """Numbers by size, other levels as they stand."""
    numbers = [level for level in levels if isinstance(level, int | float)]
    return sorted(numbers) if len(numbers) == len(levels) else levels


def _search_curves(stored: StoredStudy, searches: Sequence[CellSearch]) -> Iterator[SearchCurve]:
    """Only where several cells were tuned: the curves are there to be compared."""
    if len(stored.spec.searched_cells) < 2:
        return
    for search in searches:
        expected = tuple(v if math.isfinite(v) else None for v in search.expected)
        if any(value is not None for value in expected):
            yield SearchCurve(name=stored.spec.cell_name(search.cell), expected=expected)
