"""What a split gave to each part, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ablate import tasks
from ablate.spec.parts import Parts

if TYPE_CHECKING:
    from ablate.data.prepared import PreparedData
    from ablate.data.split import Rows, Split, TestSet
    from ablate.spec.data import DataSettings


def counted(
    prepared: PreparedData,
    settings: DataSettings,
    seed: int,
    fold: int | None,
    split: Split,
    test: TestSet | None,
) -> Parts:
    """How many examples, of which classes and groups, are in each part of a split.

    Args:
        prepared: the data set.
        settings: how it is split.
        seed: that of the split.
        fold: which one is held out, from 1; None where there is none.
        split: what is trained on and validated.
        test: what is tested; None for a search.
    """
    import numpy as np

    targets = {"train": split.y_train, "validation": split.y_val}
    rows: dict[str, Rows] = {"train": split.x_train, "validation": split.x_val}
    if test is not None:
        targets, rows = targets | {"test": test.y}, rows | {"test": test.x}
    classes: dict[str, dict[str, int]] = {}
    if tasks.find(settings.task).has_classes:
        names = split.class_names
        classes = {
            part: dict(zip(names, np.bincount(y, minlength=len(names)).tolist(), strict=True))
            for part, y in targets.items()
        }
    groups: dict[str, tuple[str, ...]] = {}
    if prepared.holds("groups"):
        of_rows = prepared.array("groups")
        own = [part for part in rows if not _is_apart(part, prepared, fold)]
        groups = {
            part: tuple(map(str, np.unique(of_rows[rows[part].rows]).tolist())) for part in own
        }
    return Parts(
        dataset=settings.dataset,
        seed=seed,
        fold=fold,
        counts={part: len(y) for part, y in targets.items()},
        classes=classes,
        groups=groups,
    )


def _is_apart(part: str, prepared: PreparedData, fold: int | None) -> bool:
    """Whether the examples of a part are no training examples, whose groups are known."""
    return (part == "test" and fold is None) or (part == "validation" and prepared.has_validation)
