"""Scikit-learn's 1,797 scans of handwritten digits, 8x8 pixels; needs no file."""

from __future__ import annotations

from ablate.datasets._base import DatasetOptions, Examples, Places
from ablate.spec.data import DataShape

TEST_SHARE = 0.2


class Options(DatasetOptions):
    """This set has no options of its own."""


def source(options: Options, places: Places) -> str:
    """Scikit-learn's own copy and our split of it."""
    if places.folded:
        return "sklearn.datasets.load_digits"
    return f"sklearn.datasets.load_digits, {TEST_SHARE:.0%} for testing, split with seed 0"


def shape(options: Options, places: Places) -> DataShape:
    """The published size, split 80 to 20 unless folds are held out."""
    test = 0 if places.folded else 360
    return DataShape(train=1797 - test, test=test, example=(8, 8, 1), classes=10)


def load(options: Options, places: Places) -> Examples:
    """The scans, their 17 grey levels scaled to 0-1, in a fixed stratified split."""
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    images = (digits.images / 16).astype(np.float32)[..., None]
    labels, names = digits.target.astype(np.int64), tuple(str(digit) for digit in range(10))
    if places.folded:
        return Examples(images, labels, images[:0], labels[:0], names)
    x_train, x_test, y_train, y_test = train_test_split(
        images, labels, test_size=TEST_SHARE, stratify=labels, random_state=0
    )
    return Examples(x_train, y_train, x_test, y_test, names)
