"""Scikit-learn's 442 patients, ten measurements each and how far their diabetes went in a year."""

from __future__ import annotations

from ablate.datasets._base import Examples, Places
from ablate.datasets._tables import TableOptions, scikit_learn_table
from ablate.spec.data import DataShape

TASK = "regression"
ROWS, COLUMNS = 442, 10
NAMES = ("progression",)


class Options(TableOptions):
    """Those of every table."""


def source(options: Options, places: Places) -> str:
    """Scikit-learn's own copy and our split of it."""
    return f"sklearn.datasets.load_diabetes, {options.told(places)}"


def shape(options: Options, places: Places) -> DataShape:
    """The published size, split."""
    test = options.test_rows(ROWS, places)
    return DataShape(train=ROWS - test, test=test, example=(COLUMNS,), classes=len(NAMES))


def load(options: Options, places: Places) -> Examples:
    """The table, a drawn share of it for testing."""
    from sklearn.datasets import load_diabetes

    return scikit_learn_table(load_diabetes(scaled=False), options, places, NAMES)
