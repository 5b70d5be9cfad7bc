"""Which rows are trained on, which validated, and which folds hold out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ablate.spec.data import Fold, SplitName

    Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Drawing:
    """How rows of a data set are drawn.

    Args:
        targets: of each row.
        groups: of each row the group that is kept together; None where rows stand for themselves.
        strategy: of each class its share, any rows, or the last ones.
    """

    targets: NDArray[Any]
    groups: NDArray[Any] | None
    strategy: SplitName

    def validation(self, rows: Rows, share: float, seed: int) -> tuple[Rows, Rows]:
        """The rows to train on and those to validate, of some in ascending order.

        With groups a share of the rows is only come near to.
        """
        import numpy as np
        from sklearn.model_selection import (
            GroupShuffleSplit,
            StratifiedGroupKFold,
            train_test_split,
        )

        if self.strategy == "chronological":
            kept = len(rows) - math.ceil(len(rows) * share)
            return rows[:kept], rows[kept:]
        if self.groups is None:
            stratify = self.targets[rows] if self.strategy == "stratified" else None
            train, held = train_test_split(
                rows, test_size=share, stratify=stratify, random_state=seed
            )
            return train, held
        groups, blank = self.groups[rows], np.zeros(len(rows))
        if self.strategy == "stratified":
            parts = max(2, round(1 / share))
            cut = StratifiedGroupKFold(parts, shuffle=True, random_state=seed)
            first = next(iter(cut.split(blank, self.targets[rows], groups)))
        else:
            shuffled = GroupShuffleSplit(1, test_size=share, random_state=seed)
            first = next(iter(shuffled.split(blank, groups=groups)))
        return rows[first[0]], rows[first[1]]

    def fold(self, fold: Fold) -> tuple[Rows, Rows]:
        """The rows outside of a fold, and those that it holds out, in ascending order.

        Of chronological folds only what lies before one is outside of it: the window expands.
        """
        import numpy as np
        from sklearn.model_selection import (
            GroupKFold,
            KFold,
            StratifiedGroupKFold,
            StratifiedKFold,
            TimeSeriesSplit,
        )

        drawn = {"shuffle": True, "random_state": (fold.seed + fold.repeat) % 2**32}
        cut: Any
        if self.strategy == "chronological":
            cut = TimeSeriesSplit(fold.folds)
        elif self.groups is None:
            kind = StratifiedKFold if self.strategy == "stratified" else KFold
            cut = kind(fold.folds, **drawn)
        else:
            kind = StratifiedGroupKFold if self.strategy == "stratified" else GroupKFold
            cut = kind(fold.folds, **drawn)
        y = self.targets if self.targets.ndim == 1 else None
        parts = list(cut.split(np.zeros(len(self.targets)), y, self.groups))
        outside, held = parts[fold.number]
        return outside, held
