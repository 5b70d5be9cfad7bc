"""The examples that a training run gets: drawn by its seed, read and scaled when they are asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ablate import tasks
from ablate.data.doubts import many_classes
from ablate.data.fitting import Fit, Units
from ablate.errors import InputError, Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ablate.data.prepared import PreparedData
    from ablate.spec.data import DataSettings


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


@dataclass(frozen=True)
class TestSet:
    """The test examples and their targets."""

    __test__ = False  # no test case, whatever pytest thinks of its name

    x: Rows
    y: NDArray[Any]


def training_split(prepared: PreparedData, settings: DataSettings, seed: int) -> Split:
    """The training and validation examples that a seed draws; the test examples stay unread.

    Args:
        prepared: the data set.
        settings: how many examples of each class, and the share for validation.
        seed: the same seed draws the same examples.

    Raises:
        InputError: the examples cannot be split; see `check_split`.
    """
    import numpy as np
    from sklearn.model_selection import train_test_split

    targets = np.asarray(prepared.array("y_train"))
    has_classes = tasks.find(settings.task).has_classes
    chosen = np.arange(len(targets))
    if settings.per_class is not None:
        chosen = drawn(targets, settings.per_class, seed)
    check_split(targets, prepared.class_names, settings)
    train, validation = train_test_split(
        chosen,
        test_size=settings.validation,
        stratify=targets[chosen] if has_classes else None,
        random_state=seed,
    )
    examples = prepared.inputs("train")
    fit = None if prepared.fitted is None else Fit.to(examples[train], prepared.fitted)
    return Split(
        x_train=Rows(examples, train, fit),
        y_train=targets[train],
        x_val=Rows(examples, validation, fit),
        y_val=targets[validation],
        class_names=prepared.class_names,
        units=Units.of(targets[train]) if settings.task == "regression" else None,
    )


def check_split(labels: NDArray[np.int64], names: Sequence[str], settings: DataSettings) -> None:
    """Makes sure that training and validation examples of every class can be drawn.

    Args:
        labels: the class of each training example that there is to draw from.
        names: the classes.
        settings: how many of them are drawn, and the share for validation.

    Raises:
        InputError: they cannot.
    """
    import numpy as np

    if not tasks.find(settings.task).has_classes:
        _check_share(len(labels), settings)
        return
    counts = np.bincount(labels, minlength=len(names)).tolist()
    own = [(name, settings.per_class or n) for name, n in zip(names, counts, strict=True) if n]
    classes, examples = len(own), sum(count for _, count in own)
    share = settings.validation

    def refused(rule: str, hint: str) -> InputError:
        return InputError(Problem(settings.dataset, rule, "data.validation", hint=hint))

    if alone := [name for name, count in own if count < 2]:
        listed = ", ".join(alone[:8]) + (", ..." if len(alone) > 8 else "")
        rule = (
            "of each class one example is trained on and one validated, but there is only 1 training "
            f"example of: {listed}"
        )
        hint = many_classes(counts, names) or "give it more examples, or leave it out"
        raise refused(rule, hint)
    held = math.ceil(examples * share)
    told = f"a share of {share:g} of {examples} training examples"
    if held < classes:
        least = math.ceil(100 * classes / examples) / 100
        fits = examples - math.ceil(examples * least) >= classes
        hint = f"set it to {least:g} or more" if fits else "take more examples of each class"
        found = "1 example" if held == 1 else f"{held} examples"
        raise refused(f"{told} is {found}, fewer than the {classes} classes", hint)
    if examples - held < classes:
        most = math.floor(100 * (examples - classes) / examples) / 100
        fits = math.ceil(examples * most) >= classes
        hint = f"set it to {most:g} or less" if fits else "take more examples of each class"
        rule = f"{told} leaves {examples - held} to train on, fewer than the {classes} classes"
        raise refused(rule, hint)


def _check_share(examples: int, settings: DataSettings) -> None:
    """Makes sure that there is something to train and something to validate.

    Raises:
        InputError: there is not.
    """
    held = math.ceil(examples * settings.validation)
    if examples - held < 1:
        rule = f"a share of {settings.validation:g} of {examples} training examples leaves none"
        hint = "set it to less, or take more examples"
        raise InputError(Problem(settings.dataset, rule, "data.validation", hint=hint))


def test_set(prepared: PreparedData, settings: DataSettings, fit: Fit | None = None) -> TestSet:
    """The test examples and their targets, the same ones for every replicate.

    Args:
        prepared: the data set.
        settings: how many examples of each class.
        fit: what the training rows of the replicate say of the columns of a table.
    """
    import numpy as np

    targets = np.asarray(prepared.array("y_test"))
    chosen = np.arange(len(targets))
    if settings.test_per_class is not None:
        chosen = drawn(targets, settings.test_per_class, seed=0)
    return TestSet(Rows(prepared.inputs("test"), chosen, fit), targets[chosen])


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
