"""Maas's 50,000 reviews of films, good and bad ones, as rows of word ids; half are for testing."""

from __future__ import annotations

from ablate.datasets import _words
from ablate.datasets._base import Examples, Places
from ablate.datasets._keras_files import KerasFile, read_ragged
from ablate.spec.data import DataShape

TASK = "binary_classification"
CLASS_NAMES = ("negative", "positive")
FILE = KerasFile(
    "imdb.npz", digest="69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"
)


class Options(_words.WordOptions):
    """Those of every set of texts."""


def source(options: Options, places: Places) -> str:
    """The user's file, or Keras's download, and how it is read."""
    return f"{FILE.source(places.home)}, {options.num_words} words, {options.length} a text"


def shape(options: Options, places: Places) -> DataShape:
    """The published sizes."""
    FILE.find(places.home)
    return DataShape(train=25_000, test=25_000, example=(options.length,), classes=2)


def load(options: Options, places: Places) -> Examples:
    """Reads the user's file; without a folder of theirs, the one that Keras downloads."""
    path = FILE.path(places.home)
    found = read_ragged(path, ("x_train", "y_train", "x_test", "y_test"))
    x_train, x_test = (_words.rows(found[key], options, path, key) for key in ("x_train", "x_test"))
    y_train = _words.labels(found["y_train"], len(x_train), 2, path, "y_train")
    y_test = _words.labels(found["y_test"], len(x_test), 2, path, "y_test")
    return Examples(x_train, y_train, x_test, y_test, CLASS_NAMES)
