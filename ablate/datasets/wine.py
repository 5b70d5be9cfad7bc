"""Scikit-learn's 178 wines of three cultivars, 13 measurements each; needs no file."""

from __future__ import annotations

from ablate.datasets._base import Examples, Places
from ablate.datasets._tables import TableOptions, scikit_learn_table
from ablate.spec.data import DataShape

TASK = "classification"
ROWS, COLUMNS = 178, 13
NAMES = ("class_0", "class_1", "class_2")


class Options(TableOptions):
    """Those of every table."""


def source(options: Options, places: Places) -> str:
    """Scikit-learn's own copy and our split of it."""
    return f"sklearn.datasets.load_wine, {options.told(places)}"


def shape(options: Options, places: Places) -> DataShape:
    """The published size, split."""
    test = options.test_rows(ROWS, places)
    return DataShape(train=ROWS - test, test=test, example=(COLUMNS,), classes=len(NAMES))


def load(options: Options, places: Places) -> Examples:
    """The table, a drawn share of it for testing."""
    from sklearn.datasets import load_wine

    return scikit_learn_table(load_wine(), options, places, NAMES)
