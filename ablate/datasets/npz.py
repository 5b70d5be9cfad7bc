"""A user's own images in one ``.npz`` file, or in a folder of ``.npy`` files, which is used in place."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, PositiveInt

from ablate.datasets import _npy
from ablate.datasets._base import DatasetOptions, Images, Places
from ablate.datasets._files import lacking, read_npz
from ablate.datasets._labels import Labels, read_labels
from ablate.errors import InputError, Problem
from ablate.spec.data import DataShape

if TYPE_CHECKING:
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
    if labels is None or problems:
        raise InputError(*problems)
    height, width, channels = x_train[1:]
    return DataShape(x_train[0], x_test[0], (height, width, channels), len(labels.values))


def load(options: Options, places: Places) -> Images:
    """Brings images and labels into the common form; images in ``.npy`` files stay in them."""
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
    if labels is None or problems:
        raise InputError(*problems)
    return Images(
        x_train=x_train,
        y_train=labels.train,
        x_test=x_test,
        y_test=labels.test,
        class_names=options.class_names or labels.names,
    )


def _images(
    array: NDArray[Any], options: Options, path: Path, key: str, problems: list[Problem]
) -> NDArray[Any]:
    """The images as ``(n, height, width, channels)``, uint8 or float32; mapped floats as they are."""
    import numpy as np

    kind = f"{array.dtype} {array.shape}"
    if array.dtype != np.uint8 and array.dtype.kind != "f":
        hint = f"save pixels from 0 to 255 with {key}.astype(numpy.uint8)"
        problems.append(Problem(str(path), "images must be uint8 or float", key, kind, hint))
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
        hint = ""
        if len(stored) == 2:
            hint = f"set image_shape for flattened images, [1, {stored[1]}] for rows of a table"
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
) -> Labels | None:
    """The labels of both splits, and whether they and the images fit together."""
    images_fit = not problems
    before = len(problems)
    counts = (train_shape[0], test_shape[0]) if images_fit else (None, None)
    keys = (options.y_train, options.y_test)
    given = [(key, arrays[key], count) for key, count in zip(keys, counts, strict=True)]
    labels = read_labels(given, path, problems)
    if labels is None or len(problems) > before:
        return None
    if images_fit and train_shape[1:] != test_shape[1:]:
        rule = f"test images must have the shape of training images, {train_shape[1:]}"
        problems.append(Problem(str(path), rule, options.x_test, f"{test_shape[1:]}"))
    classes = len(labels.values)
    if options.class_names and len(options.class_names) != classes:
        rule = f"must name each of the {classes} classes"
        found = f"{len(options.class_names)} names"
        problems.append(Problem(str(path), rule, "class_names", found))
    return labels


def _stored_shape(path: Path, name: str) -> tuple[int, ...]:
    """An array's shape, from its header inside the archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            held = [member.removesuffix(".npy") for member in archive.namelist()]
            if name not in held:
                raise lacking(path, [name], held)
            with archive.open(f"{name}.npy") as file:
                return _shape_in(file)
    except (ValueError, zipfile.BadZipFile) as error:
        raise InputError(Problem(str(path), f"the file cannot be read: {error}")) from error


def _shape_in(file: IO[bytes]) -> tuple[int, ...]:
    """The shape of an array that begins there."""
    import numpy as np

    major, _ = np.lib.format.read_magic(file)
    read = (
        np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
    )
    return tuple(read(file)[0])
