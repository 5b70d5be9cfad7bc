"""A user's own images in one ``.npz`` file."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, PositiveInt

from ablate.datasets._base import DatasetOptions, DataShape, Images, Places
from ablate.datasets._files import read_npz
from ablate.errors import InputError, Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


class Options(DatasetOptions):
    """Where the images are and what they are called."""

    file: str
    """The ``.npz`` file, relative to the study file."""
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
    """The file with its size and time, and how it is read."""
    path = places.folder / options.file
    if not path.is_file():
        raise InputError(Problem(str(path), "there is no such file"))
    status = path.stat()
    return f"{options.model_dump_json()} ({status.st_size} bytes, {status.st_mtime_ns})"


def shape(options: Options, places: Places) -> DataShape:
    """The sizes, from the labels and the headers of the image arrays."""
    path = places.folder / options.file
    labels = read_npz(path, (options.y_train, options.y_test))
    stored = _stored_shape(path, options.x_train)
    image = options.image_shape or stored[1:]
    height, width, channels = (
        (*image, 1) if len(image) == 2 else image if len(image) == 3 else (0, 0, 0)
    )
    y_train, y_test = labels[options.y_train], labels[options.y_test]
    return DataShape(
        train=len(y_train),
        test=len(y_test),
        image=(height, width, channels),
        classes=len(_class_values(y_train, y_train, y_test)),
    )


def load(options: Options, places: Places) -> Images:
    """Reads the file, and brings images and labels into the common form."""
    import numpy as np

    path = places.folder / options.file
    names = (options.x_train, options.y_train, options.x_test, options.y_test)
    arrays = read_npz(path, names)
    problems: list[Problem] = []
    x_train = _images(arrays[options.x_train], options, path, options.x_train, problems)
    x_test = _images(arrays[options.x_test], options, path, options.x_test, problems)
    y_train = _labels(arrays[options.y_train], len(x_train), path, options.y_train, problems)
    y_test = _labels(arrays[options.y_test], len(x_test), path, options.y_test, problems)
    values = _class_values(arrays[options.y_train], y_train, y_test)
    if not problems and x_train.shape[1:] != x_test.shape[1:]:
        rule = f"test images must have the shape of training images, {x_train.shape[1:]}"
        problems.append(Problem(str(path), rule, options.x_test, f"{x_test.shape[1:]}"))
    if not problems and len(np.unique(y_train)) < 2:
        rule = "the training images must belong to at least two classes"
        problems.append(Problem(str(path), rule, options.y_train, f"{len(values)} class"))
    if options.class_names and not problems and len(options.class_names) != len(values):
        rule = f"must name each of the {len(values)} classes"
        problems.append(
            Problem(str(path), rule, "class_names", f"{len(options.class_names)} names")
        )
    if problems:
        raise InputError(*problems)
    return Images(
        x_train=x_train,
        y_train=np.searchsorted(values, y_train).astype(np.int64),
        x_test=x_test,
        y_test=np.searchsorted(values, y_test).astype(np.int64),
        class_names=options.class_names or tuple(str(value) for value in values),
    )


def _images(
    array: NDArray[Any], options: Options, path: Path, key: str, problems: list[Problem]
) -> NDArray[Any]:
    """The images as ``(n, height, width, channels)``, uint8 or float32."""
    import numpy as np

    shape = f"{array.dtype} {array.shape}"
    if array.dtype != np.uint8 and array.dtype.kind != "f":
        problems.append(Problem(str(path), "images must be uint8 or float", key, shape))
    elif array.dtype.kind == "f" and not np.isfinite(array).all():
        problems.append(Problem(str(path), "images must not hold NaN or infinity", key, shape))
    if array.ndim == 2 and options.image_shape:
        if array.shape[1] != np.prod(options.image_shape):
            rule = f"flattened images must fill image_shape = {list(options.image_shape)}"
            problems.append(Problem(str(path), rule, key, shape))
            return array
        array = array.reshape(-1, *options.image_shape)
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim != 4:
        rule = "images must be (n, height, width) or (n, height, width, channels)"
        hint = "set image_shape for flattened images" if array.ndim == 2 else ""
        problems.append(Problem(str(path), rule, key, shape, hint))
    elif (
        options.image_shape and array.shape[1 : 1 + len(options.image_shape)] != options.image_shape
    ):
        rule = f"images must have image_shape = {list(options.image_shape)}"
        problems.append(Problem(str(path), rule, key, shape))
    return array if array.dtype == np.uint8 else array.astype(np.float32)


def _labels(
    array: NDArray[Any], images: int, path: Path, key: str, problems: list[Problem]
) -> NDArray[np.int64]:
    """The labels as whole numbers, one for each image."""
    import numpy as np

    if len(array) != images:
        rule = f"must hold one label for each of the {images} images"
        problems.append(Problem(str(path), rule, key, f"{len(array)} labels"))
    if array.ndim == 2 and array.shape[1] > 1:
        if not np.array_equal(array.sum(axis=1), np.ones(len(array))) or set(np.unique(array)) - {
            0,
            1,
        }:
            problems.append(Problem(str(path), "one-hot labels must hold one 1 a row", key))
        return np.asarray(array.argmax(axis=1), np.int64)
    array = array.reshape(-1)
    if array.dtype.kind not in "iu":
        rule = "labels must be whole numbers or one-hot rows"
        problems.append(Problem(str(path), rule, key, str(array.dtype)))
        return np.zeros(len(array), np.int64)
    return array.astype(np.int64)


def _class_values(stored: NDArray[Any], *labels: NDArray[Any]) -> NDArray[np.int64]:
    """The label of every class: a one-hot column each, or else the labels that occur."""
    import numpy as np

    if stored.ndim == 2 and stored.shape[1] > 1:
        return np.arange(stored.shape[1])
    return np.unique(np.concatenate([array.reshape(-1) for array in labels]))


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
