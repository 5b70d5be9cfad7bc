"""Collects what the figures of a report show."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from ablate.records import read_curves
from ablate.replicates import cell_replicates
from ablate.report.ablation import SPACE, Ablation
from ablate.report.figures_data import (
    Curve,
    FiguresData,
    ForestRow,
    Point,
    Response,
    SearchCurve,
)
from ablate.report.search import CellSearch
from ablate.report.tradeoff import FRONT
from ablate.space import Scalar, label
from ablate.spec import Cell
from ablate.statistics import mean_interval
from ablate.storage import ArtifactStore
from ablate.stored import StoredStudy

if TYPE_CHECKING:
    import pandas as pd
    from optuna.storages import BaseStorage

CURVES = 60
"""How many learning curves a figure shows at most, the best trials first."""


def make_figures(
    stored: StoredStudy,
    storage: BaseStorage,
    store: ArtifactStore,
    tradeoff: pd.DataFrame,
    searches: Sequence[CellSearch],
    ablation: Ablation | None,
) -> FiguresData:
    """What the figures of a study show; those of single trials only where one cell is tuned."""
    alone = len(stored.tuning) == 1
    metric = ablation.metric if ablation else None
    return FiguresData(
        name=stored.spec.name,
        points=_points(tradeoff) if alone else (),
        curves=_curves(stored, storage, store, tradeoff) if alone else (),
        metric=f"test {metric.name}" if metric else "",
        unit=metric.unit if metric else "",
        forest=tuple(_forest(ablation)) if ablation else (),
        responses=tuple(_responses(stored, ablation)) if ablation else (),
        searches=tuple(_search_curves(stored, searches)),
    )


def _points(tradeoff: pd.DataFrame) -> tuple[Point, ...]:
    return tuple(
        Point(
            number=int(row["number"]),
            accuracy=float(row["val_accuracy"]),
            parameters=int(row["parameters"]),
            seconds=float(row["training_seconds"]),
            on_front=bool(row[FRONT]),
        )
        for _, row in tradeoff.iterrows()
        if not row[["val_accuracy", "parameters", "training_seconds"]].isna().any()
    )


def _curves(
    stored: StoredStudy, storage: BaseStorage, store: ArtifactStore, tradeoff: pd.DataFrame
) -> tuple[Curve, ...]:
    study = next(iter(stored.tuning.values()))
    order = [int(number) for number in tradeoff.sort_values("val_loss")["number"]]
    by_number = {trial.number: trial for trial in study.get_trials(deepcopy=False)}
    others = [n for n, trial in by_number.items() if trial.state.name == "PRUNED"]
    chosen = [by_number[number] for number in [*order, *others][:CURVES]]
    curves = read_curves(chosen, storage, store)
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


def _responses(stored: StoredStudy, ablation: Ablation) -> Iterator[Response]:
    """For each pair of factors the mean at each pair of their levels, over all else."""
    spec = stored.spec
    if spec.design != "factorial":
        return
    replicates, attribute = cell_replicates(stored), ablation.metric.attribute
    for data in spec.datasets:
        cells = [Cell(dataset=data.dataset, variant=variant.name) for variant in spec.variants]
        # A seed that lacks a cell would be an average of other things.
        whole = [s for s in spec.seeds if all(s in replicates[cell].complete for cell in cells)]
        for x, line in combinations(spec.factors, 2):
            for x_level in spec.factors[x]:
                for line_level in spec.factors[line]:
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


def _search_curves(stored: StoredStudy, searches: Sequence[CellSearch]) -> Iterator[SearchCurve]:
    """Only where several cells were tuned: the curves are there to be compared."""
    if len(stored.spec.cells) < 2:
        return
    several = len(stored.spec.datasets) > 1
    for search in searches:
        name = f"{search.cell.dataset} {search.cell.variant}" if several else search.cell.variant
        expected = tuple(v if math.isfinite(v) else None for v in search.expected)
        if any(value is not None for value in expected):
            yield SearchCurve(name=name, expected=expected)
