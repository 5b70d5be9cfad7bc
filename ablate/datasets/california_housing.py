"""20,640 blocks of houses in California, 1990: eight numbers each, and the median price of a house."""

from __future__ import annotations

from typing import Literal

from ablate.datasets import _words
from ablate.datasets._base import DatasetOptions, Examples, Fitted, Places
from ablate.datasets._files import read_npz
from ablate.datasets._keras_files import KerasFile
from ablate.datasets._tables import Scale
from ablate.errors import InputError, Problem
from ablate.spec.data import DataShape

TASK = "regression"
NAMES = ("median_house_value",)
COLUMNS, TEST_SHARE = 8, 0.2
ROWS = {"large": 20_640, "small": 600}
FILE = KerasFile(
    "california_housing.npz",
    digest="1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f",
)


class Options(DatasetOptions):
    """How many blocks, and how their numbers are scaled."""

    version: Literal["large", "small"] = "large"
    """All blocks, or the first 600, as Keras has them."""
    scale: Scale = "standard"
    """Whether the numbers of a column get mean 0 and deviation 1, by the training rows of a split."""


def source(options: Options, places: Places) -> str:
    """The user's file, or Keras's download, and how it is read."""
    return f"{FILE.source(places.home)}, {options.version}, scale {options.scale}"


def shape(options: Options, places: Places) -> DataShape:
    """The published sizes."""
    FILE.find(places.home)
    train = int(ROWS[options.version] * (1 - TEST_SHARE))
    test = ROWS[options.version] - train
    return DataShape(train=train, test=test, example=(COLUMNS,), classes=len(NAMES))


def load(options: Options, places: Places) -> Examples:
    """Reads the user's file; without a folder of theirs, the one that Keras downloads."""
    import numpy as np

    path = FILE.path(places.home)
    found = read_npz(path, ("x", "y"))
    x, y = (found[name][: ROWS[options.version]].astype(np.float64) for name in ("x", "y"))
    if x.shape != (len(y), COLUMNS) or y.ndim != 1 or not np.isfinite([x.sum(), y.sum()]).all():
        rule = f"must hold x, numbers (n, {COLUMNS}), and y, numbers (n,)"
        raise InputError(Problem(str(path), rule, found=f"{x.shape} and {y.shape}"))
    order, train = _words.shuffled(len(x)), int(len(x) * (1 - TEST_SHARE))
    x, y = x[order], y[order, None]
    is_scaled = (options.scale == "standard",) * COLUMNS
    fitted = Fitted(is_scaled, (False,) * COLUMNS)
    return Examples(x[:train], y[:train], x[train:], y[train:], NAMES, fitted)
