"""What networks predicted for the test set, over seeds: curves of two classes, errors of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ablate import tasks
from ablate.spec.study import Cell, StudySpec
from ablate.state.replicates import CellReplicates
from ablate.statistics import Interval, mean_interval
from ablate.store.artifacts import Artifacts
from ablate.store.predictions import read_predictions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GRID = 101
"""Places from 0 to 1 at which curves are compared."""
BINS = 10
"""Of probabilities, for the calibration."""
NEAR = 1e-9
"""Recalls that are so near count as reached."""
POINTS = 400
"""Test examples of a variant that are drawn, the first ones of each seed alike."""

Curve = tuple[Interval, ...]


@dataclass(frozen=True)
class Separation:
    """How well probabilities tell two classes apart, over the seeds of a cell."""

    cell: Cell
    seeds: int
    roc: Curve
    """The true positive rate at each false positive rate of the grid from 0 to 1."""
    precision: Curve
    """At each recall of the grid."""
    calibration: tuple[tuple[float, Interval], ...]
    """For each bin of probabilities that every seed has examples in: their mean, and the share of
    positives among these examples."""


@dataclass(frozen=True)
class Errors:
    """True and predicted values of one number, of the seeds of a cell together."""

    cell: Cell
    seeds: int
    target: str
    true: tuple[float, ...]
    predicted: tuple[float, ...]


def make_separations(
    spec: StudySpec, replicates: Mapping[Cell, CellReplicates], artifacts: Artifacts
) -> tuple[Separation, ...]:
    """Of every cell that has predictions, where there are two classes and one probability."""
    task = tasks.find(spec.task)
    if not task.has_classes or task.outputs != "shares":
        return ()
    found = []
    for cell, own in replicates.items():
        read = [read_predictions(trial, artifacts) for trial in own.complete.values()]
        known = [(one[1][:, 0], one[2][:, 0]) for one in read if one is not None]
        known = [(true, share) for true, share in known if 0 < true.mean() < 1]
        if known:
            found.append(_separation(cell, known))
    return tuple(found)


def make_errors(
    spec: StudySpec, replicates: Mapping[Cell, CellReplicates], artifacts: Artifacts
) -> tuple[Errors, ...]:
    """Of every cell that has predictions, and each number, where numbers are predicted."""
    if tasks.find(spec.task).outputs != "numbers":
        return ()
    found = []
    for cell, own in replicates.items():
        read = [read_predictions(trial, artifacts) for trial in own.complete.values()]
        known = [one for one in read if one is not None]
        if not known:
            continue
        each = max(POINTS // len(known), 1)
        drawn = [(one, _some(one[1], each)) for one in known]
        for index, target in enumerate(known[0][0]):
            true = [float(v) for one, rows in drawn for v in one[1][rows, index]]
            predicted = [float(v) for one, rows in drawn for v in one[2][rows, index]]
            found.append(Errors(cell, len(known), target, tuple(true), tuple(predicted)))
    return tuple(found)


def _some(rows: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Places of so many rows, drawn at random: the first ones may be of one end. The same each time."""
    import numpy as np

    return np.sort(np.random.default_rng(0).permutation(len(rows))[:count])


def _separation(
    cell: Cell, known: list[tuple[NDArray[np.float64], NDArray[np.float64]]]
) -> Separation:
    import numpy as np

    grid = np.linspace(0, 1, GRID)
    rocs, precisions, bins = [], [], []
    for true, share in known:
        roc, precision = rates(true, share, grid)
        rocs.append(roc)
        precisions.append(precision)
        place = np.minimum((share * BINS).astype(int), BINS - 1)
        bins.append(
            {
                index: (float(share[place == index].mean()), float(true[place == index].mean()))
                for index in range(BINS)
                if (place == index).any()
            }
        )
    shared = [index for index in range(BINS) if all(index in one for one in bins)]
    return Separation(
        cell=cell,
        seeds=len(known),
        roc=_curve(rocs),
        precision=_curve(precisions),
        calibration=tuple(
            (
                float(np.mean([one[index][0] for one in bins])),
                mean_interval([one[index][1] for one in bins]),
            )
            for index in shared
        ),
    )


def rates(
    true: NDArray[np.float64], share: NDArray[np.float64], grid: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The true positive rate at each false positive rate, and the precision at each recall.

    Args:
        true: 1 for positives, else 0; some of both.
        share: the probabilities.
        grid: the rates, from 0 to 1.
    """
    import numpy as np

    order = np.argsort(-share, kind="stable")
    last = np.append(np.diff(share[order]) != 0, True)  # equal ones are taken together
    hits = np.cumsum(true[order])[last]
    taken = (np.flatnonzero(last) + 1).astype(float)
    recall = np.append(0.0, hits / hits[-1])
    false = np.append(0.0, (taken - hits) / (taken[-1] - hits[-1]))
    precision = np.append(hits[0] / taken[0], hits / taken)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    place = np.searchsorted(recall, grid - NEAR, side="left").clip(max=len(recall) - 1)
    return np.interp(grid, false, recall), best[place]


def _curve(curves: Iterable[NDArray[np.float64]]) -> Curve:
    import numpy as np

    return tuple(mean_interval([float(v) for v in column]) for column in np.array([*curves]).T)
