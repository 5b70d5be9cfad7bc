"""Tables: rows of numbers, some of them for testing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from ablate import tasks
from ablate.datasets._base import DatasetOptions, Examples, Fitted

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


def scikit_learn_table(
    found: Any, options: TableOptions, task: str, names: tuple[str, ...]
) -> Examples:
    """One of scikit-learn's tables, as ``load_...()`` of `sklearn.datasets` returns it."""
    import numpy as np

    has_classes = tasks.find(task).has_classes
    targets = found.target.astype(np.int64) if has_classes else found.target[:, None].astype(float)
    train, test = drawn_rows(targets, options.test_share, task)
    rows = found.data.astype(np.float64)
    columns = rows.shape[1]
    return Examples(
        x_train=rows[train],
        y_train=targets[train],
        x_test=rows[test],
        y_test=targets[test],
        class_names=names,
        fitted=Fitted((options.scale == "standard",) * columns, (False,) * columns),
    )
