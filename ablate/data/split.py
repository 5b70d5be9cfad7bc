"""The examples that a training run gets: drawn by its seed, read and scaled when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from ablate.data.checks import check_split
from ablate.data.drawing import Drawing
from ablate.data.fitting import Fit, Units

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ablate.data.prepared import PreparedData
    from ablate.spec.data import DataSettings, Fold


@dataclass(frozen=True, eq=False)
class Rows:
    """Some examples of a data set that lies on disk.

    An index takes what NumPy takes along the first axis, a slice or an array of positions, and
    gives these examples alone, ``(n, ...)``: uint8 images float32 from 0 to 1, whole numbers int32,
    all else float32; of several inputs a mapping of such arrays. The others stay on disk.
    """

    examples: NDArray[Any] | Mapping[str, NDArray[Any]]
    """All examples, ``(n, ...)``, memory-mapped; or those of each input."""
    rows: NDArray[np.int64]
    """Which of them, in their order."""
    fit: Fit | None = None
    """What the training rows of the split say of the columns of a table."""

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, chosen: slice | NDArray[np.int64]) -> Any:
        rows = self.rows[chosen]
        if isinstance(self.examples, Mapping):
            return {name: scaled(array[rows]) for name, array in self.examples.items()}
        return scaled(self.examples[rows] if self.fit is None else self.fit.of(self.examples[rows]))

    @property
    def shape(self) -> Any:
        """The shape of what the index ``[:]`` gives; of several inputs each, by name."""
        if isinstance(self.examples, Mapping):
            return {name: (len(self), *array.shape[1:]) for name, array in self.examples.items()}
        return (len(self), *self.examples.shape[1:])


@dataclass(frozen=True)
class Split:
    """The training and validation examples of one seed, with their targets."""

    x_train: Rows
    y_train: NDArray[Any]
    x_val: Rows
    y_val: NDArray[Any]
    class_names: tuple[str, ...]
    """Of classes, labels or numbers, see `Examples`."""
    units: Units | None = None
    """Those that the numbers of a regression are scaled by; None for any other task."""
    w_train: NDArray[np.float64] | None = None
    """How much each training example counts; None where all count alike."""
    w_val: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class TrainingData:
    """What a network is trained on, for a `build` that asks for it, as ``train``.

    ``train.x[:]`` are all examples as the network gets them, ``train.x[:100]`` the first hundred; of
    several inputs a dictionary.
    """

    x: Rows
    y: NDArray[Any]
    """Their targets, in the data's own units."""

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True)
class TestSet:
    """The test examples and their targets."""

    __test__ = False  # no test case, whatever pytest thinks of its name

    x: Rows
    y: NDArray[Any]
    weights: NDArray[np.float64] | None = None
    """How much each counts; None where all count alike."""


def training_split(
    prepared: PreparedData, settings: DataSettings, seed: int, fold: Fold | None = None
) -> Split:
    """The training and validation examples that a seed draws; the test examples stay unread.

    Args:
        prepared: the data set.
        settings: how many examples of each class, the share for validation and how it is drawn.
        seed: the same seed draws the same examples.
        fold: whose examples are held out to test on, and left out here.

    Raises:
        InputError: the examples cannot be split; see `ablate.data.checks`.
    """
    import numpy as np

    targets = np.asarray(prepared.array("y_train"))
    drawing = drawing_of(prepared, settings)
    check_split(drawing, prepared.class_names, settings, own=prepared.has_validation)
    chosen = np.arange(len(targets)) if fold is None else drawing.fold(fold)[0]
    if settings.per_class is not None:
        chosen = drawn(targets, settings.per_class, seed)
    examples = prepared.inputs("train")
    train, validation = chosen, None
    if not prepared.has_validation:
        train, validation = drawing.validation(chosen, settings.validation, seed)
    fit = None if prepared.fitted is None else Fit.to(examples[train], prepared.fitted)
    x_val, y_val, w_val = _validation(prepared, targets, validation, fit)
    weights = prepared.weights("train")
    return Split(
        x_train=Rows(examples, train, fit),
        y_train=targets[train],
        x_val=x_val,
        y_val=y_val,
        class_names=prepared.class_names,
        units=Units.of(targets[train]) if settings.task == "regression" else None,
        w_train=None if weights is None else weights[train],
        w_val=w_val,
    )


def _validation(
    prepared: PreparedData,
    targets: NDArray[Any],
    rows: NDArray[np.int64] | None,
    fit: Fit | None,
) -> tuple[Rows, NDArray[Any], NDArray[np.float64] | None]:
    """The validation examples: these rows, or the data set's own part, with what they count."""
    import numpy as np

    weights = prepared.weights("val" if rows is None else "train")
    if rows is not None:
        own = None if weights is None else weights[rows]
        return Rows(prepared.inputs("train"), rows, fit), targets[rows], own
    y = np.asarray(prepared.array("y_val"))
    return Rows(prepared.inputs("val"), np.arange(len(y)), fit), y, weights


def drawing_of(prepared: PreparedData, settings: DataSettings) -> Drawing:
    """How the training examples of a data set are drawn."""
    import numpy as np

    groups = prepared.array("groups") if prepared.holds("groups") else None
    return Drawing(np.asarray(prepared.array("y_train")), groups, settings.strategy)


def unweighted(split: Split, test: TestSet | None) -> tuple[Split, TestSet | None]:
    """The same, with all examples that are validated and tested on counting alike."""
    return replace(split, w_val=None), test and replace(test, weights=None)


def test_set(
    prepared: PreparedData,
    settings: DataSettings,
    fit: Fit | None = None,
    fold: Fold | None = None,
) -> TestSet:
    """The test examples and their targets, the same ones for every replicate.

    Args:
        prepared: the data set.
        settings: how many examples of each class.
        fit: what the training rows of the replicate say of the columns of a table.
        fold: what is held out to test on, where no part of the data set is set apart for that.
    """
    import numpy as np

    part: Literal["train", "test"] = "test" if fold is None else "train"
    targets = np.asarray(prepared.array(f"y_{part}"))
    chosen = np.arange(len(targets))
    if fold is not None:
        chosen = drawing_of(prepared, settings).fold(fold)[1]
    elif settings.test_per_class is not None:
        chosen = drawn(targets, settings.test_per_class, seed=0)
    weights = prepared.weights(part)
    own = None if weights is None else weights[chosen]
    return TestSet(Rows(prepared.inputs(part), chosen, fit), targets[chosen], own)


def drawn(labels: NDArray[np.int64], per_class: int, seed: int) -> NDArray[np.int64]:
    """`per_class` indices of each class, in ascending order."""
    import numpy as np

    rng = np.random.default_rng(seed)
    classes = (np.flatnonzero(labels == label) for label in np.unique(labels))
    return np.sort(np.concatenate([rng.choice(rows, per_class, replace=False) for rows in classes]))


def are_pixels(examples: NDArray[Any]) -> bool:
    """Whether they are images of bytes: rows of bytes are numbers, such as token ids."""
    import numpy as np

    return examples.dtype == np.uint8 and examples.ndim > 2


def scaled(examples: NDArray[Any]) -> NDArray[Any]:
    """Examples as a network gets them: uint8 images float32 from 0 to 1, whole numbers int32."""
    import numpy as np

    if are_pixels(examples):
        fractions: NDArray[np.float32] = np.divide(examples, np.float32(255), dtype=np.float32)
        return fractions
    return examples.astype(np.int32 if examples.dtype.kind in "iu" else np.float32)
