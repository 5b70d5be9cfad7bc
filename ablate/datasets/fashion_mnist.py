"""Zalando's articles of clothing: 60,000 and 10,000 images of 28x28 pixels."""

from __future__ import annotations

from ablate.datasets import _files
from ablate.datasets._base import DatasetOptions, Examples, Places
from ablate.spec.data import DataShape

CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
LOADER = "keras.datasets.fashion_mnist"


class Options(DatasetOptions):
    """This set has no options of its own."""


def source(options: Options, places: Places) -> str:
    """The user's files, or Keras's loader."""
    return _files.source(_files.find(places.home, "fashion_mnist.npz"), LOADER)


def shape(options: Options, places: Places) -> DataShape:
    """The published sizes."""
    _files.find(places.home, "fashion_mnist.npz")
    return _files.SHAPE


def load(options: Options, places: Places) -> Examples:
    """Reads the user's files; without a folder of theirs, Keras downloads its own."""
    if files := _files.find(places.home, "fashion_mnist.npz"):
        return _files.load(files, CLASS_NAMES)
    return _files.checked(_files.download("fashion_mnist"), CLASS_NAMES, LOADER)
