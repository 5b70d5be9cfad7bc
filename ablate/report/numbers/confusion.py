"""Confusion matrices on the test set, and what they say of each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ablate.report.numbers.ablation import Ablation
from ablate.spec.study import Cell, StudySpec
from ablate.state.replicates import CellReplicates
from ablate.store.artifacts import Artifacts
from ablate.store.results import read_confusion

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


FEW_VARIANTS = 4
"""Variants on a data set up to which each confusion matrix is shown."""


@dataclass(frozen=True)
class ClassScores:
    """How well one class is told from the others, over all seeds."""

    name: str
    images: int
    """Test images of the class, counted once for each seed."""
    precision: float
    """The share of those called so that are; 0 where none is called so."""
    recall: float
    """The share of those that are that are called so; 0 where there is none."""
    f1: float


@dataclass(frozen=True)
class Confusion:
    """The confusion matrix of one cell, added up over its seeds."""

    cell: Cell
    seeds: int
    class_names: tuple[str, ...]
    matrix: tuple[tuple[int, ...], ...]
    """Rows are true classes, columns predicted ones."""

    @property
    def classes(self) -> tuple[ClassScores, ...]:
        """Precision, recall and F1 of each class."""
        columns = list(zip(*self.matrix, strict=True))
        found = []
        for index, name in enumerate(self.class_names):
            right, images = self.matrix[index][index], sum(self.matrix[index])
            called = sum(columns[index])
            precision = right / called if called else 0.0
            recall = right / images if images else 0.0
            f1 = 2 * right / (images + called) if images + called else 0.0
            found.append(ClassScores(name, images, precision, recall, f1))
        return tuple(found)

    def most_confused(self, count: int) -> list[tuple[str, str, int, float]]:
        """The pairs of classes taken for each other most often.

        Returns:
            The true class, the predicted one, how often over all seeds, and the share of the true
            class's images; the most frequent first.
        """
        pairs = [
            (name, other, self.matrix[i][j], self.matrix[i][j] / sum(self.matrix[i]))
            for i, name in enumerate(self.class_names)
            for j, other in enumerate(self.class_names)
            if i != j and self.matrix[i][j]
        ]
        return sorted(pairs, key=lambda pair: -pair[2])[:count]


def make_confusions(
    replicates: Mapping[Cell, CellReplicates], artifacts: Artifacts
) -> tuple[Confusion, ...]:
    """The matrix of every cell that has one; replicates whose artifact is missing are left out."""
    found = []
    for cell, own in replicates.items():
        names: tuple[str, ...] = ()
        total: NDArray[np.int64] | None = None
        seeds = 0
        for trial in own.complete.values():
            read = read_confusion(trial, artifacts)
            if read is None or (names and read[0] != names):
                continue
            names, matrix = read
            total = matrix if total is None else total + matrix
            seeds += 1
        if total is not None:
            rows = tuple(tuple(int(count) for count in row) for row in total)
            found.append(Confusion(cell, seeds, names, rows))
    return tuple(found)


def shown_confusions(
    spec: StudySpec, ablation: Ablation | None, confusions: Sequence[Confusion]
) -> tuple[Confusion, ...]:
    """On each data set all variants, or of many the baseline and that with the best mean metric."""
    if ablation is None or len(spec.variants) <= FEW_VARIANTS:
        return tuple(confusions)
    kept: set[Cell] = set()
    key, sign = ablation.metric.key, 1 if ablation.metric.higher_is_better else -1
    for block in ablation.blocks:
        known = [row for row in block.rows if key in row.scores]
        best = max(known, key=lambda row: sign * row.scores[key].mean, default=None)
        names = {spec.baseline, *([best.variant] if best else [])}
        kept |= {Cell(dataset=block.dataset, variant=name) for name in names}
    return tuple(found for found in confusions if found.cell in kept)
