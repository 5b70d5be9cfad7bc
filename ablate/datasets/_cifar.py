"""The two sets of 60,000 colour images of 32x32 pixels by Krizhevsky (2009)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.datasets._base import Examples
from ablate.datasets._keras_files import read_members
from ablate.datasets._pickled import PickledError, pickled_array
from ablate.errors import InputError, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

ORIGIN = "https://www.cs.toronto.edu/~kriz/"
SIDE = 32


def load(
    path: Path, folder: str, parts: Sequence[Sequence[str]], labels: str, meta: tuple[str, str]
) -> Examples:
    """Reads the images.

    Args:
        path: the archive, or the folder that it holds.
        folder: that folder's name.
        parts: the files of the training and of the test images.
        labels: what the labels are called in them.
        meta: the file that names the classes, and what the names are called in it.

    Raises:
        InputError: it holds something else.
    """
    import numpy as np

    file, key = meta
    found = read_members(path, folder, [file, *(name for part in parts for name in part)])
    names = [
        name.decode() if isinstance(name, bytes) else name for name in found[file].get(key, ())
    ]
    (x_train, y_train), (x_test, y_test) = (
        [
            np.concatenate(arrays)
            for arrays in zip(
                *(_batch(found[name], labels, len(names), f"{path}: {name}") for name in part),
                strict=True,
            )
        ]
        for part in parts
    )
    return Examples(x_train, y_train, x_test, y_test, tuple(names))


def _batch(
    held: dict[str, Any], labels: str, classes: int, where: str
) -> tuple[NDArray[Any], NDArray[Any]]:
    """The images of a file, ``(n, 32, 32, 3)``, and their labels."""
    import numpy as np

    rule = f"must hold data, uint8 (n, {3 * SIDE * SIDE}), and {labels} from 0 to {classes - 1}"
    try:
        images, y = pickled_array(held["data"]), np.asarray(held[labels], np.int64)
    except (KeyError, PickledError, TypeError, ValueError) as error:
        raise InputError(Problem(where, rule)) from error
    if (
        not isinstance(images, np.ndarray)
        or images.dtype != np.uint8
        or images.shape != (len(y), 3 * SIDE * SIDE)
        or not np.isin(y, np.arange(classes)).all()
    ):
        raise InputError(Problem(where, rule))
    return np.moveaxis(images.reshape(-1, 3, SIDE, SIDE), 1, -1), y
