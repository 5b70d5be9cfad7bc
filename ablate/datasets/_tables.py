"""Tables: rows of numbers, some of them for testing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from ablate import tasks
from ablate.datasets._base import DatasetOptions, Examples, Fitted, Places
from ablate.errors import InputError, Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Scale = Literal["standard", "none"]
Share = Annotated[float, Field(gt=0, lt=1)]
SEED = 0
"""Of the draw of the test rows: the same for every study."""


class TableOptions(DatasetOptions):
    """What a table is asked for that comes without test rows."""

    test_share: Share = 0.2
    """Of the rows, for testing; drawn once, the same for every study."""
    scale: Scale = "standard"
    """Whether the numbers of a column get mean 0 and deviation 1, by the training rows of a split."""

    def test_rows(self, rows: int, places: Places) -> int:
        """How many of so many rows are set apart for testing: none where folds are held out."""
        return 0 if places.folded else math.ceil(rows * self.test_share)

    def told(self, places: Places) -> str:
        """How rows are set apart and scaled, in words."""
        test = f"{self.test_share:.0%} for testing, drawn with seed {SEED}"
        return f"{'' if places.folded else f'{test}, '}scale {self.scale}"


def drawn_rows(
    targets: NDArray[Any], share: float, task: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows to train and those to test on, in ascending order; of each class its share."""
    import numpy as np
    from sklearn.model_selection import train_test_split

    has_classes = tasks.find(task).has_classes
    train, test = train_test_split(
        np.arange(len(targets)),
        test_size=share,
        stratify=targets if has_classes else None,
        random_state=SEED,
    )
    return np.sort(train), np.sort(test)


def check_test_rows(
    targets: NDArray[Any],
    names: Sequence[str],
    share: float,
    task: str,
    where: str,
    noun: str = "row",
) -> None:
    """Makes sure that test examples, of every class, can be drawn, and others are left.

    Args:
        targets: of all examples.
        names: the classes.
        share: what is drawn.
        task: what the targets mean.
        where: the file.
        noun: what an example is called.

    Raises:
        InputError: they cannot.
    """
    import numpy as np

    rows = len(targets)
    test = math.ceil(rows * share)
    key = "data.test_share"
    if rows - test < 2:
        rule = f"a share of {share:g} of {rows} {noun}s leaves {rows - test} to train and validate"
        hint = f"set it to less, or take more {noun}s"
        raise InputError(Problem(where, rule, key, hint=hint))
    if not tasks.find(task).has_classes:
        return
    counts = np.bincount(targets, minlength=len(names))
    alone = [name for name, n in zip(names, counts, strict=True) if n < 3]
    if alone:
        rule = (
            f"of each class one {noun} is trained on, one validated and one tested, but there are fewer "
            f"of: {', '.join(alone[:8])}"
        )
        raise InputError(Problem(where, rule, hint=f"give it more {noun}s, or leave it out"))
    if min(test, rows - test) < len(counts):
        rule = f"a share of {share:g} of {rows} {noun}s gives less than one {noun} of each class to a part"
        raise InputError(Problem(where, rule, key, hint=f"take more {noun}s of each"))


def with_test_rows(whole: Examples, share: float, places: Places) -> Examples:
    """A table some of whose training rows are set apart for testing.

    Of each class its share; of rows in time the last ones; groups stay together.
    """
    import numpy as np
    from sklearn.model_selection import GroupShuffleSplit

    rows = len(whole.y_train)
    if places.chronological:
        train, test = np.split(np.arange(rows), [rows - math.ceil(rows * share)])
    elif whole.groups is not None:
        cut = GroupShuffleSplit(1, test_size=share, random_state=SEED)
        train, test = next(iter(cut.split(np.zeros(rows), groups=whole.groups)))
    else:
        train, test = drawn_rows(whole.y_train, share, places.task)
    weights = dict(whole.weights)
    if "train" in weights:
        weights |= {"train": weights["train"][train], "test": weights["train"][test]}
    x: Any = whole.x_train
    return replace(
        whole,
        x_train=x[train],
        y_train=whole.y_train[train],
        x_test=x[test],
        y_test=whole.y_train[test],
        groups=None if whole.groups is None else whole.groups[train],
        weights=weights,
    )


def scikit_learn_table(
    found: Any, options: TableOptions, places: Places, names: tuple[str, ...]
) -> Examples:
    """One of scikit-learn's tables, as ``load_...()`` of `sklearn.datasets` returns it."""
    import numpy as np

    has_classes = tasks.find(places.task).has_classes
    targets = found.target.astype(np.int64) if has_classes else found.target[:, None].astype(float)
    rows = found.data.astype(np.float64)
    columns = rows.shape[1]
    whole = Examples(
        x_train=rows,
        y_train=targets,
        x_test=rows[:0],
        y_test=targets[:0],
        class_names=names,
        fitted=Fitted((options.scale == "standard",) * columns, (False,) * columns),
    )
    return whole if places.folded else with_test_rows(whole, options.test_share, places)
