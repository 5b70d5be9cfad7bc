"""A user's own images in one ``.npz`` file, or in a folder of ``.npy`` files, which is used in place."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, PositiveInt

from ablate.datasets import _npy
from ablate.datasets._base import DatasetOptions, Images, Places
from ablate.datasets._files import read_npz
from ablate.errors import InputError, Problem
from ablate.spec.data import DataShape

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


class Options(DatasetOptions):
    """Where the images are and what they are called."""

    file: str
    """The ``.npz`` file, or the folder of ``.npy`` files, relative to the study file."""
    x_train: str = "x_train"
    y_train: str = "y_train"
    x_test: str = "x_test"
    y_test: str = "y_test"
    image_shape: (
        Annotated[
            tuple[PositiveInt, ...], BeforeValidator(_tuple), Field(min_length=2, max_length=3)
        ]
        | None
    ) = None
    """``[height, width]`` or ``[height, width, channels]`` of images that are stored flattened."""
    class_names: Annotated[tuple[str, ...], BeforeValidator(_tuple)] | None = None
    """Names of the classes, in the order of their labels. Defaults to the labels themselves."""


def source(options: Options, places: Places) -> str:
    """The file or files with sizes and times, and how they are read."""
    path = places.folder / options.file
    if path.is_dir():
        names = (options.x_train, options.x_test, options.y_train, options.y_test)
        return f"{options.model_dump_json()} in {_npy.source(path, names)}"
    if not path.is_file():
        raise InputError(Problem(str(path), "there is no such file"))
    status = path.stat()
    return f"{options.model_dump_json()} ({status.st_size} bytes, {status.st_mtime_ns})"


def shape(options: Options, places: Places) -> DataShape:
    """The sizes, from the labels and the headers of the image arrays."""
    path = places.folder / options.file
    images, label_names = (options.x_train, options.x_test), (options.y_train, options.y_test)
    if path.is_dir():
        stored = _npy.read(path, images, label_names)
        train, test = (stored[name].shape for name in images)
    else:
        stored = read_npz(path, label_names)
        train, test = (_stored_shape(path, name) for name in images)
    problems: list[Problem] = []
    x_train = _image_shape(train, options, path, options.x_train, problems)
    x_test = _image_shape(test, options, path, options.x_test, problems)
    labels = _all_labels(stored, x_train, x_test, options, path, problems)
    if problems:
        raise InputError(*problems)
    height, width, channels = x_train[1:]
    return DataShape(x_train[0], x_test[0], (height, width, channels), len(labels.values))


def load(options: Options, places: Places) -> Images:
    """Brings images and labels into the common form; images in ``.npy`` files stay in them."""
    import numpy as np

    path = places.folder / options.file
    images, label_names = (options.x_train, options.x_test), (options.y_train, options.y_test)
    arrays = (
        _npy.read(path, images, label_names)
        if path.is_dir()
        else read_npz(path, images + label_names)
    )
    problems: list[Problem] = []
    x_train = _images(arrays[options.x_train], options, path, options.x_train, problems)
    x_test = _images(arrays[options.x_test], options, path, options.x_test, problems)
    labels = _all_labels(arrays, x_train.shape, x_test.shape, options, path, problems)
    if problems:
        raise InputError(*problems)
    return Images(
        x_train=x_train,
        y_train=np.searchsorted(labels.values, labels.train).astype(np.int64),
        x_test=x_test,
        y_test=np.searchsorted(labels.values, labels.test).astype(np.int64),
        class_names=options.class_names or tuple(str(value) for value in labels.values),
    )


@dataclass(frozen=True)
class _Labels:
    """Labels as they are stored, and the label of each class."""

    train: NDArray[np.int64]
    test: NDArray[np.int64]
    values: NDArray[np.int64]


def _images(
    array: NDArray[Any], options: Options, path: Path, key: str, problems: list[Problem]
) -> NDArray[Any]:
    """The images as ``(n, height, width, channels)``, uint8 or float32; mapped floats as they are."""
    import numpy as np

    kind = f"{array.dtype} {array.shape}"
    if array.dtype != np.uint8 and array.dtype.kind != "f":
        problems.append(Problem(str(path), "images must be uint8 or float", key, kind))
    elif array.dtype.kind == "f" and not _all_finite(array):
        problems.append(Problem(str(path), "images must not hold NaN or infinity", key, kind))
    before = len(problems)
    shape = _image_shape(array.shape, options, path, key, problems)
    if len(problems) > before:
        return np.zeros((0, 0, 0, 0), np.uint8)
    array = array.reshape(shape)
    as_it_is = array.dtype == np.uint8 or isinstance(array, np.memmap)
    return array if as_it_is else array.astype(np.float32)


def _all_finite(array: NDArray[Any]) -> bool:
    """Whether no value is NaN or infinite in float32, looked at piece by piece."""
    import numpy as np

    pieces = np.nditer(
        array, ["external_loop", "buffered", "zerosize_ok"], ["readonly"], buffersize=2**20
    )
    with np.errstate(over="ignore"):
        return all(np.isfinite(np.asarray(piece, np.float32)).all() for piece in pieces)


def _image_shape(
    stored: tuple[int, ...], options: Options, path: Path, key: str, problems: list[Problem]
) -> tuple[int, ...]:
    """The shape ``(n, height, width, channels)`` of images that are stored in another."""
    wanted = options.image_shape
    if len(stored) == 2 and wanted:
        if stored[1] != math.prod(wanted):
            rule = f"flattened images must fill image_shape = {list(wanted)}"
            problems.append(Problem(str(path), rule, key, f"shape {stored}"))
        return (stored[0], *wanted) if len(wanted) == 3 else (stored[0], *wanted, 1)
    if len(stored) not in (3, 4):
        rule = "images must be (n, height, width) or (n, height, width, channels)"
        hint = "set image_shape for flattened images" if len(stored) == 2 else ""
        problems.append(Problem(str(path), rule, key, f"shape {stored}", hint))
        return (0, 0, 0, 0)
    if wanted and stored[1 : 1 + len(wanted)] != wanted:
        rule = f"images must have image_shape = {list(wanted)}"
        problems.append(Problem(str(path), rule, key, f"shape {stored}"))
    return stored if len(stored) == 4 else (*stored, 1)


def _all_labels(
    arrays: Mapping[str, NDArray[Any]],
    train_shape: tuple[int, ...],
    test_shape: tuple[int, ...],
    options: Options,
    path: Path,
    problems: list[Problem],
) -> _Labels:
    """The labels of both splits, and whether they and the images fit together."""
    import numpy as np

    images_fit = not problems
    before = len(problems)
    train_key, test_key = options.y_train, options.y_test
    counts = (train_shape[0], test_shape[0]) if images_fit else (None, None)
    train, train_columns = _labels(arrays[train_key], counts[0], path, train_key, problems)
    test, test_columns = _labels(arrays[test_key], counts[1], path, test_key, problems)
    columns = train_columns or test_columns
    values = np.arange(columns) if columns else np.unique(np.concatenate([train, test]))
    if len(problems) > before:
        return _Labels(train, test, values)
    if images_fit and train_shape[1:] != test_shape[1:]:
        rule = f"test images must have the shape of training images, {train_shape[1:]}"
        problems.append(Problem(str(path), rule, options.x_test, f"{test_shape[1:]}"))
    if train_columns and test_columns and train_columns != test_columns:
        rule = f"one-hot labels must have a column for each of the {train_columns} classes"
        problems.append(Problem(str(path), rule, test_key, f"{test_columns} columns"))
    for key, labels in ((train_key, train), (test_key, test)):
        outside = labels[~np.isin(labels, values)]
        if len(outside):
            rule = f"labels must lie between 0 and {len(values) - 1}, as in the one-hot labels"
            problems.append(Problem(str(path), rule, key, int(outside[0])))
    if len(np.unique(train)) < 2:
        rule = "the training images must belong to at least two classes"
        problems.append(Problem(str(path), rule, train_key, f"{len(np.unique(train))} class"))
    if options.class_names and len(options.class_names) != len(values):
        rule = f"must name each of the {len(values)} classes"
        found = f"{len(options.class_names)} names"
        problems.append(Problem(str(path), rule, "class_names", found))
    return _Labels(train, test, values)


def _labels(
    array: NDArray[Any], images: int | None, path: Path, key: str, problems: list[Problem]
) -> tuple[NDArray[np.int64], int | None]:
    """The labels as whole numbers, one for each image, and the columns of one-hot labels."""
    import numpy as np

    nothing = np.zeros(0, np.int64)
    if array.ndim not in (1, 2):
        rule = "labels must be (n,), or one-hot (n, classes)"
        problems.append(Problem(str(path), rule, key, f"shape {array.shape}"))
        return nothing, None
    if images is not None and len(array) != images:
        rule = f"must hold one label for each of the {images} images"
        problems.append(Problem(str(path), rule, key, f"{len(array)} labels"))
    if array.ndim == 2 and array.shape[1] > 1:
        is_one_hot = array.dtype.kind in "iufb" and bool(
            np.isin(array, (0, 1)).all() and (array.sum(axis=1) == 1).all()
        )
        if not is_one_hot:
            problems.append(Problem(str(path), "one-hot labels must hold one 1 a row", key))
            return nothing, None
        return np.asarray(array.argmax(axis=1), np.int64), int(array.shape[1])
    if array.dtype.kind not in "iu":
        rule = "labels must be whole numbers or one-hot rows"
        problems.append(Problem(str(path), rule, key, str(array.dtype)))
        return nothing, None
    return array.reshape(-1).astype(np.int64), None


def _stored_shape(path: Path, name: str) -> tuple[int, ...]:
    """An array's shape, from its header inside the archive."""
    import numpy as np

    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as file:
            major, _ = np.lib.format.read_magic(file)
            read = (
                np.lib.format.read_array_header_1_0
                if major == 1
                else np.lib.format.read_array_header_2_0
            )
            return tuple(read(file)[0])
    except KeyError as error:
        raise InputError(Problem(str(path), f"the file holds no array {name}")) from error
    except (ValueError, zipfile.BadZipFile) as error:
        raise InputError(Problem(str(path), f"the file cannot be read: {error}")) from error
