"""11,228 newswires on 46 topics as rows of word ids; a fifth is for testing, the one that Keras draws."""

from __future__ import annotations

from ablate.datasets import _words
from ablate.datasets._base import Examples, Places
from ablate.datasets._keras_files import KerasFile, read_ragged
from ablate.spec.data import DataShape

TASK = "classification"
TEXTS, TEST_SHARE = 11_228, 0.2
# fmt: off
CLASS_NAMES = (
    "cocoa", "grain", "veg-oil", "earn", "acq", "wheat", "copper", "housing",
    "money-supply", "coffee", "sugar", "trade", "reserves", "ship", "cotton", "carcass",
    "crude", "nat-gas", "cpi", "money-fx", "interest", "gnp", "meal-feed", "alum",
    "oilseed", "gold", "tin", "strategic-metal", "livestock", "retail", "ipi", "iron-steel",
    "rubber", "heat", "jobs", "lei", "bop", "zinc", "orange", "pet-chem", "dlr", "gas",
    "silver", "wpi", "hog", "lead",
)
# fmt: on
"""Those of ``keras.datasets.reuters.get_label_names``."""
FILE = KerasFile(
    "reuters.npz", digest="d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"
)


class Options(_words.WordOptions):
    """Those of every set of texts."""


def source(options: Options, places: Places) -> str:
    """The user's file, or Keras's download, and how it is read."""
    return f"{FILE.source(places.home)}, {options.num_words} words, {options.length} a text"


def shape(options: Options, places: Places) -> DataShape:
    """The published sizes."""
    FILE.find(places.home)
    train = int(TEXTS * (1 - TEST_SHARE))
    return DataShape(train=train, test=TEXTS - train, example=(options.length,), classes=46)


def load(options: Options, places: Places) -> Examples:
    """Reads the user's file; without a folder of theirs, the one that Keras downloads."""
    path = FILE.path(places.home)
    found = read_ragged(path, ("x", "y"))
    x = _words.rows(found["x"], options, path, "x")
    y = _words.labels(found["y"], len(x), len(CLASS_NAMES), path, "y")
    order, train = _words.shuffled(len(x)), int(len(x) * (1 - TEST_SHARE))
    x, y = x[order], y[order]
    return Examples(x[:train], y[:train], x[train:], y[train:], CLASS_NAMES)
