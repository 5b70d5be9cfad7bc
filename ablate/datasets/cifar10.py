"""Krizhevsky's colour images of ten kinds of animals and vehicles: 50,000 and 10,000 of 32x32 pixels."""

from __future__ import annotations

from ablate.datasets import _cifar
from ablate.datasets._base import DatasetOptions, Examples, Places
from ablate.datasets._keras_files import KerasFile
from ablate.spec.data import DataShape

FOLDER = "cifar-10-batches-py"
FILE = KerasFile(
    "cifar-10-python.tar.gz",
    digest="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    origin=_cifar.ORIGIN,
    folder=FOLDER,
    cached="cifar-10-batches-py-target",
)
PARTS = ([f"data_batch_{number}" for number in range(1, 6)], ["test_batch"])


class Options(DatasetOptions):
    """This set has no options of its own."""


def source(options: Options, places: Places) -> str:
    """The user's archive or folder, or Keras's download."""
    return FILE.source(places.home)


def shape(options: Options, places: Places) -> DataShape:
    """The published sizes."""
    FILE.find(places.home)
    return DataShape(train=50_000, test=10_000, example=(_cifar.SIDE, _cifar.SIDE, 3), classes=10)


def load(options: Options, places: Places) -> Examples:
    """Reads the user's files; without a folder of theirs, those that Keras downloads."""
    return _cifar.load(
        FILE.path(places.home), FOLDER, PARTS, "labels", ("batches.meta", "label_names")
    )
