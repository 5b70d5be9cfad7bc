"""Krizhevsky's colour images of a hundred kinds of things: 50,000 and 10,000 of 32x32 pixels."""

from __future__ import annotations

from typing import Literal

from ablate.datasets import _cifar
from ablate.datasets._base import DatasetOptions, Examples, Places
from ablate.datasets._keras_files import KerasFile
from ablate.spec.data import DataShape

FOLDER = "cifar-100-python"
FILE = KerasFile(
    "cifar-100-python.tar.gz",
    digest="85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    origin=_cifar.ORIGIN,
    folder=FOLDER,
    cached="cifar-100-python-target",
)


class Options(DatasetOptions):
    """Which of the two labels of an image is learnt."""

    labels: Literal["fine", "coarse"] = "fine"
    """The 100 kinds, or the 20 groups of five that they form."""


def source(options: Options, places: Places) -> str:
    """The user's archive or folder, or Keras's download."""
    return f"{FILE.source(places.home)}, {options.labels} labels"


def shape(options: Options, places: Places) -> DataShape:
    """The published sizes."""
    FILE.find(places.home)
    classes = 100 if options.labels == "fine" else 20
    return DataShape(
        train=50_000, test=10_000, example=(_cifar.SIDE, _cifar.SIDE, 3), classes=classes
    )


def load(options: Options, places: Places) -> Examples:
    """Reads the user's files; without a folder of theirs, those that Keras downloads."""
    names = ("meta", f"{options.labels}_label_names")
    parts = (["train"], ["test"])
    return _cifar.load(FILE.path(places.home), FOLDER, parts, f"{options.labels}_labels", names)
