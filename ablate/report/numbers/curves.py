"""Learning curves over seeds: the mean of each epoch, and how much the seeds differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from ablate.report.numbers.design import folds_of
from ablate.spec.measures import EVERY
from ablate.spec.study import Cell, StudySpec
from ablate.spec.trial import Epoch
from ablate.state.replicates import CellReplicates
from ablate.statistics import Folds, Interval, mean_interval
from ablate.store.artifacts import Artifacts
from ablate.store.results import read_curves

MEASURES = tuple(key for one in EVERY.curves for key in (one.name, one.key("validation")))


@dataclass(frozen=True)
class MeanCurves:
    """The learning curves of one cell over its seeds."""

    cell: Cell
    seeds: int
    """How many seeds have curves."""
    measures: Mapping[str, tuple[Interval, ...]]
    """For each of `MEASURES` that the task has an interval for each epoch that every seed reached."""
    best_epoch: float
    """The median over the seeds of the best epoch by the study's objective, from 1."""


def make_mean_curves(
    spec: StudySpec, replicates: Mapping[Cell, CellReplicates], artifacts: Artifacts
) -> tuple[MeanCurves, ...]:
    """The curves of every cell that has any."""
    found = []
    for cell, own in replicates.items():
        curves = list(read_curves(own.complete.values(), artifacts).values())
        if curves:
            found.append(mean_curves(cell, curves, folds_of(spec), spec.searched.sign))
    return tuple(found)


def mean_curves(
    cell: Cell, curves: list[list[Epoch]], folds: Folds | None = None, sign: int = 1
) -> MeanCurves:
    """The mean of curves of the same cell, as far as all of them reach.

    Args:
        cell: the cell.
        curves: those of each of its seeds.
        folds: what is known of the folds that they are of.
        sign: what the study's objective is multiplied by so that less of it is better.
    """
    shared = min(len(curve) for curve in curves)
    return MeanCurves(
        cell=cell,
        seeds=len(curves),
        measures={
            name: tuple(
                mean_interval([getattr(curve[index], name) for curve in curves], folds=folds)
                for index in range(shared)
            )
            for name in MEASURES
            if all(getattr(epoch, name) is not None for curve in curves for epoch in curve)
        },
        best_epoch=median(
            min(curve, key=lambda epoch: sign * epoch.searched).epoch for curve in curves
        ),
    )
