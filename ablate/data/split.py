"""The images that a training run gets: drawn by its seed, read and scaled when they are asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ablate.data.doubts import many_classes
from ablate.errors import InputError, Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ablate.data.prepared import PreparedData
    from ablate.spec.data import DataSettings


@dataclass(frozen=True, eq=False)
class Rows:
    """Some images of an array that lies on disk.

    An index takes what NumPy takes along the first axis, a slice or an array of positions, and
    gives these images alone, ``(n, height, width, channels)`` float32, uint8 ones scaled to 0-1.
    The others stay on disk.
    """

    images: NDArray[Any]
    """All images, ``(n, height, width, channels)``, memory-mapped."""
    rows: NDArray[np.int64]
    """Which of them, in their order."""

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, chosen: slice | NDArray[np.int64]) -> NDArray[np.float32]:
        return scaled(self.images[self.rows[chosen]])

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of what the index ``[:]`` gives."""
        return (len(self.rows), *self.images.shape[1:])


@dataclass(frozen=True)
class Split:
    """The training and validation images of one seed, with their labels."""

    x_train: Rows
    y_train: NDArray[np.int64]
    x_val: Rows
    y_val: NDArray[np.int64]
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class TestSet:
    """The test images and their labels."""

    __test__ = False  # no test case, whatever pytest thinks of its name

    x: Rows
    y: NDArray[np.int64]


def training_split(prepared: PreparedData, settings: DataSettings, seed: int) -> Split:
    """The training and validation images that a seed draws; the test images stay unread.

    Args:
        prepared: the data set.
        settings: how many images of each class, and the share for validation.
        seed: the same seed draws the same images.

    Raises:
        InputError: the images cannot be split; see `check_split`.
    """
    import numpy as np
    from sklearn.model_selection import train_test_split

    labels = np.asarray(prepared.array("y_train"))
    chosen = np.arange(len(labels))
    if settings.per_class is not None:
        chosen = drawn(labels, settings.per_class, seed)
    check_split(labels, prepared.class_names, settings)
    train, validation = train_test_split(
        chosen, test_size=settings.validation, stratify=labels[chosen], random_state=seed
    )
    images = prepared.array("x_train")
    return Split(
        x_train=Rows(images, train),
        y_train=labels[train],
        x_val=Rows(images, validation),
        y_val=labels[validation],
        class_names=prepared.class_names,
    )


def check_split(labels: NDArray[np.int64], names: Sequence[str], settings: DataSettings) -> None:
    """Makes sure that training and validation images of every class can be drawn.

    Args:
        labels: the class of each training image that there is to draw from.
        names: the classes.
        settings: how many of them are drawn, and the share for validation.

    Raises:
        InputError: they cannot.
    """
    import numpy as np

    counts = np.bincount(labels, minlength=len(names)).tolist()
    own = [(name, settings.per_class or n) for name, n in zip(names, counts, strict=True) if n]
    classes, images = len(own), sum(count for _, count in own)
    share = settings.validation

    def refused(rule: str, hint: str) -> InputError:
        return InputError(Problem(settings.dataset, rule, "data.validation", hint=hint))

    if alone := [name for name, count in own if count < 2]:
        listed = ", ".join(alone[:8]) + (", ..." if len(alone) > 8 else "")
        rule = (
            "of each class one image is trained on and one validated, but there is only 1 training "
            f"image of: {listed}"
        )
        hint = many_classes(counts, names) or "give it more images, or leave it out"
        raise refused(rule, hint)
    held = math.ceil(images * share)
    told = f"a share of {share:g} of {images} training images"
    if held < classes:
        least = math.ceil(100 * classes / images) / 100
        fits = images - math.ceil(images * least) >= classes
        hint = f"set it to {least:g} or more" if fits else "take more images of each class"
        found = "1 image" if held == 1 else f"{held} images"
        raise refused(f"{told} is {found}, fewer than the {classes} classes", hint)
    if images - held < classes:
        most = math.floor(100 * (images - classes) / images) / 100
        fits = math.ceil(images * most) >= classes
        hint = f"set it to {most:g} or less" if fits else "take more images of each class"
        rule = f"{told} leaves {images - held} to train on, fewer than the {classes} classes"
        raise refused(rule, hint)


def test_set(prepared: PreparedData, settings: DataSettings) -> TestSet:
    """The test images and labels, the same for every replicate."""
    import numpy as np

    labels = np.asarray(prepared.array("y_test"))
    chosen = np.arange(len(labels))
    if settings.test_per_class is not None:
        chosen = drawn(labels, settings.test_per_class, seed=0)
    return TestSet(Rows(prepared.array("x_test"), chosen), labels[chosen])


def drawn(labels: NDArray[np.int64], per_class: int, seed: int) -> NDArray[np.int64]:
    """`per_class` indices of each class, in ascending order."""
    import numpy as np

    rng = np.random.default_rng(seed)
    classes = (np.flatnonzero(labels == label) for label in np.unique(labels))
    return np.sort(np.concatenate([rng.choice(rows, per_class, replace=False) for rows in classes]))


def scaled(images: NDArray[Any]) -> NDArray[np.float32]:
    """Images as a network gets them: float32, uint8 ones from 0 to 1."""
    import numpy as np

    if images.dtype == np.uint8:
        fractions: NDArray[np.float32] = np.divide(images, np.float32(255), dtype=np.float32)
        return fractions
    return np.asarray(images, np.float32)
