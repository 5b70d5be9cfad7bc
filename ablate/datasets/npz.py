"""A user's own arrays in one ``.npz`` file, or in a folder of ``.npy`` files, which is used in place."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, PositiveInt

from ablate.datasets import _npy
from ablate.datasets._base import DatasetOptions, Examples, Places
from ablate.datasets._files import names_in, read_npz, stored_kind
from ablate.datasets._marks import PARTS, check_apart, checked_weights
from ablate.datasets._npz_names import Names
from ablate.datasets._targets import Targets, read_arrays
from ablate.errors import InputError, Problem
from ablate.spec.data import DataShape

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


LATER = Field(exclude_if=lambda value: value is None)
LOCAL = True
ORDERED = True


class Options(DatasetOptions):
    """Where the arrays are and what they are called.

    Without test arrays nothing is tested. Several inputs are arrays called ``x_train.NAME``, each for
    the network's input of its name.
    """

    file: str
    """The ``.npz`` file, or the folder of ``.npy`` files, relative to the study file."""
    x_train: str = "x_train"
    y_train: str = "y_train"
    x_test: str = "x_test"
    y_test: str = "y_test"
    x_val: Annotated[str, Field(exclude_if=lambda name: name == "x_val")] = "x_val"
    """The data set's own validation part; without one a share of the training examples is split off."""
    y_val: Annotated[str, Field(exclude_if=lambda name: name == "y_val")] = "y_val"
    groups: Annotated[str | None, LATER] = None
    """The group of each training example, whole numbers or text; examples of one stay together. What
    it is of other parts is called ``NAME_test`` and ``NAME_val``, where it is there."""
    sample_weight: Annotated[str | None, LATER] = None
    """How much each training example counts; of other parts likewise."""
    image_shape: (
        Annotated[
            tuple[PositiveInt, ...], BeforeValidator(_tuple), Field(min_length=2, max_length=3)
        ]
        | None
    ) = None
    """``[height, width]`` or ``[height, width, channels]`` of images that are stored flattened."""
    input_shape: Annotated[tuple[PositiveInt, ...] | None, BeforeValidator(_tuple), LATER] = None
    """The shape of an example as the network gets it, whatever it is: steps and features of a series."""
    class_names: Annotated[tuple[str, ...], BeforeValidator(_tuple)] | None = None
    """Names of the classes, in the order of their labels. Defaults to the labels themselves."""


def source(options: Options, places: Places) -> str:
    """The file or files with sizes and times, and how they are read."""
    path = places.folder / options.file
    text = options.model_dump_json()
    if path.is_dir():
        return f"{text} in {_npy.source(path, _names(options, path).every)}"
    if not path.is_file():
        raise InputError(Problem(str(path), "there is no such file"))
    if "val" in _names(options, path).targets_of:  # copies that earlier versions made lack it
        text += ", with a validation part"
    status = path.stat()
    return f"{text} ({status.st_size} bytes, {status.st_mtime_ns})"


def _names(options: Options, path: Path) -> Names:
    called = {
        "train": (options.x_train, options.y_train),
        "test": (options.x_test, options.y_test),
        "val": (options.x_val, options.y_val),
    }
    held = _npy.names(path) if path.is_dir() else names_in(path)
    return Names.held(called, options.groups, options.sample_weight, held)


def shape(options: Options, places: Places) -> DataShape:
    """The sizes, from the targets and the headers of the other arrays."""
    path = places.folder / options.file
    names = _names(options, path)
    if path.is_dir():
        stored = _npy.read(path, names.inputs, names.others)
        kinds = {name: (stored[name].shape, stored[name].dtype) for name in names.inputs}
    else:
        stored = read_npz(path, names.others)
        kinds = {name: stored_kind(path, name) for name in names.inputs}
    problems: list[Problem] = []
    shapes = {
        name: example_array_shape(*kind, options, path, name, problems)
        for name, kind in kinds.items()
    }
    targets = _all_targets(stored, names, shapes, options, places, path, problems)
    if targets is None or problems:
        raise InputError(*problems)
    own = {name: shapes[key][1:] for name, key in names.inputs_of["train"].items()}
    sizes = {part: len(y) for part, y in zip(names.targets_of, targets.parts, strict=True)}
    return DataShape(
        train=sizes["train"],
        test=sizes.get("test", 0),
        example=own.get("", own),
        classes=len(options.class_names or targets.names),
        validation=sizes.get("val", 0),
    )


def load(options: Options, places: Places) -> Examples:
    """Brings inputs and targets into the common form; what lies in ``.npy`` files stays in them."""
    path = places.folder / options.file
    names = _names(options, path)
    arrays = (
        _npy.read(path, names.inputs, names.others)
        if path.is_dir()
        else read_npz(path, names.every)
    )
    problems: list[Problem] = []
    found = {name: _examples(arrays[name], options, path, name, problems) for name in names.inputs}
    shapes = {name: array.shape for name, array in found.items()}
    targets = _all_targets(arrays, names, shapes, options, places, path, problems)
    groups, weights = _marks(arrays, names, shapes, path, problems)
    if targets is None or problems:
        raise InputError(*problems)
    y = dict(zip(names.targets_of, targets.parts, strict=True))
    x = {
        part: {name: found[key] for name, key in of_part.items()}
        for part, of_part in names.inputs_of.items()
    }
    x.setdefault("test", {name: array[:0] for name, array in x["train"].items()})
    single = {part: of_part.get("", of_part) for part, of_part in x.items()}
    return Examples(
        x_train=single["train"],
        y_train=y["train"],
        x_test=single["test"],
        y_test=y.get("test", y["train"][:0]),
        class_names=options.class_names or targets.names,
        x_val=single.get("val"),
        y_val=y.get("val"),
        groups=groups,
        weights=weights,
    )


def _marks(
    arrays: Mapping[str, NDArray[Any]],
    names: Names,
    shapes: Mapping[str, tuple[int, ...]],
    path: Path,
    problems: list[Problem],
) -> tuple[NDArray[Any] | None, dict[str, NDArray[Any]]]:
    """The groups of the training examples, and the weights of each part."""
    sizes = {
        part: shapes[next(iter(of_part.values()))][0] for part, of_part in names.inputs_of.items()
    }
    groups, weights = {}, {}
    for part, key in names.groups_of.items():
        groups[part] = arrays[key].reshape(-1)
        if groups[part].dtype.kind not in "iuU" or len(groups[part]) != sizes[part]:
            rule = f"must hold a whole number or a text for each of the {sizes[part]} examples"
            found = f"{arrays[key].dtype} {arrays[key].shape}"
            problems.append(Problem(str(path), rule, key, found))
    check_apart(groups, str(path), names.groups_of.get("train", ""), problems)
    for part, key in names.weights_of.items():
        weights[part] = checked_weights(arrays[key], str(path), key, problems)
        if len(arrays[key]) != sizes[part]:
            rule = f"must hold a number for each of the {sizes[part]} examples"
            problems.append(Problem(str(path), rule, key, f"shape {arrays[key].shape}"))
    return groups.get("train"), weights


def _examples(
    array: NDArray[Any], options: Options, path: Path, key: str, problems: list[Problem]
) -> NDArray[Any]:
    """The examples of an input, ``(n, ...)``; images uint8 or float32, mapped arrays as they are."""
    import numpy as np

    if array.dtype.kind == "f" and not _all_finite(array):
        kind = f"{array.dtype} {array.shape}"
        noun = "images" if array.ndim in (3, 4) else "numbers"
        problems.append(Problem(str(path), f"{noun} must not hold NaN or infinity", key, kind))
    before = len(problems)
    shape = example_array_shape(array.shape, array.dtype, options, path, key, problems)
    if len(problems) > before:
        return np.zeros((0, 0, 0, 0), np.uint8)
    array = array.reshape(shape)
    if array.dtype.kind == "b":
        return array.astype(np.float32)
    as_it_is = array.dtype.kind in "iu" or isinstance(array, np.memmap)
    return array if as_it_is else array.astype(np.float32)


def _all_finite(array: NDArray[Any]) -> bool:
    """Whether no value is NaN or infinite in float32, looked at piece by piece."""
    import numpy as np

    pieces = np.nditer(
        array, ["external_loop", "buffered", "zerosize_ok"], ["readonly"], buffersize=2**20
    )
    with np.errstate(over="ignore"):
        return all(np.isfinite(np.asarray(piece, np.float32)).all() for piece in pieces)


def example_array_shape(
    stored: tuple[int, ...],
    dtype: np.dtype[Any],
    options: Options,
    path: Path,
    key: str,
    problems: list[Problem],
) -> tuple[int, ...]:
    """The shape ``(n, ...)`` that an array of examples is given, which may be stored in another."""
    kind = f"{dtype} {stored}"
    if dtype.kind not in "iufb":
        rule = "examples must be numbers"
        problems.append(Problem(str(path), rule, key, kind, "give each word or name a number"))
        return (0, 0, 0, 0)
    if not stored:
        problems.append(Problem(str(path), "examples must lie along the first axis", key, kind))
        return (0, 0, 0, 0)
    if options.input_shape is not None:
        if math.prod(stored[1:]) != math.prod(options.input_shape):
            rule = f"an example must fill input_shape = {list(options.input_shape)}"
            problems.append(Problem(str(path), rule, key, f"shape {stored}"))
        return (stored[0], *options.input_shape)
    if options.image_shape is None and (len(stored) not in (3, 4) or dtype.kind == "b"):
        return stored if len(stored) > 1 else (*stored, 1)
    if dtype != "uint8" and dtype.kind != "f":
        hint = (
            f"save pixels from 0 to 255 with {key}.astype(numpy.uint8); for other whole numbers set "
            f"input_shape = {list(stored[1:])}"
        )
        problems.append(Problem(str(path), "images must be uint8 or float", key, kind, hint))
    return _image_shape(stored, options, path, key, problems)


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
        problems.append(Problem(str(path), rule, key, f"shape {stored}"))
        return (0, 0, 0, 0)
    if wanted and stored[1 : 1 + len(wanted)] != wanted:
        rule = f"images must have image_shape = {list(wanted)}"
        problems.append(Problem(str(path), rule, key, f"shape {stored}"))
    return stored if len(stored) == 4 else (*stored, 1)


def _all_targets(
    arrays: Mapping[str, NDArray[Any]],
    names: Names,
    shapes: Mapping[str, tuple[int, ...]],
    options: Options,
    places: Places,
    path: Path,
    problems: list[Problem],
) -> Targets | None:
    """The targets of all parts, and whether they and the examples fit together."""
    fit = not problems
    before = len(problems)
    counts = [
        shapes[next(iter(of_part.values()))][0] if fit else None
        for of_part in names.inputs_of.values()
    ]
    parts = [arrays[key] for key in names.targets_of.values()]
    keys = list(names.targets_of.values())
    inputs = names.inputs_of["train"]
    are_images = fit and "" in inputs and len(shapes[inputs[""]]) == 4
    noun = "images" if are_images else "examples"
    targets = read_arrays(parts, keys, places.task, None, path, problems, counts, noun)
    if targets is None or len(problems) > before:
        return None
    if fit:
        _check_inputs(names, shapes, path, problems)
    classes = len(targets.names)
    if options.class_names and len(options.class_names) != classes:
        rule = f"must name each of the {classes} classes"
        found = f"{len(options.class_names)} names"
        problems.append(Problem(str(path), rule, "class_names", found))
    return targets


def _check_inputs(
    names: Names, shapes: Mapping[str, tuple[int, ...]], path: Path, problems: list[Problem]
) -> None:
    """Looks whether the arrays of several inputs, and all parts of each, fit together."""
    for of_part in names.inputs_of.values():
        sizes = {shapes[key][0] for key in of_part.values()}
        if len(sizes) > 1:
            each = ", ".join(f"{key} {shapes[key][0]}" for key in of_part.values())
            problems.append(Problem(str(path), f"inputs must have as many examples, found {each}"))
    train = names.inputs_of["train"]
    for part, of_part in names.inputs_of.items():
        if set(of_part) != set(train):
            rule = f"must have the inputs of the training part, {', '.join(sorted(train))}"
            problems.append(Problem(str(path), rule, f"x_{part}", ", ".join(sorted(of_part))))
            continue
        for name, key in of_part.items():
            expected, found = shapes[train[name]][1:], shapes[key][1:]
            if expected != found:
                noun = "images" if len(expected) == 3 else "examples"
                called = PARTS[part]
                rule = f"{called} {noun} must have the shape of training {noun}, {expected}"
                problems.append(Problem(str(path), rule, key, f"{found}"))
