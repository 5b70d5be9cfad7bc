"""Images in folders, one for each class: ``directory/CLASS/*.png``, or ``directory/train/CLASS/*.png``."""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PositiveInt

from ablate.datasets._base import DatasetOptions, Examples, Places
from ablate.datasets._tables import Share, check_test_rows, drawn_rows
from ablate.errors import InputError, Problem
from ablate.spec.data import DataShape
from ablate.tasks import DEFAULT

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOCAL = True
IMAGES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
MODES = {"rgb": ("RGB", 3), "grayscale": ("L", 1), "rgba": ("RGBA", 4)}
DEEP = ("I", "F")
"""How Pillow calls pixels that are no bytes: it would take all beyond 255 for white."""
PARTS = {"train": ("train",), "val": ("validation", "val"), "test": ("test",)}
"""What the folder of a part is called."""
NAMED = 8
"""Broken images that are named."""


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


class Options(DatasetOptions):
    """Where the images are, and what they are brought to. Names are Keras's."""

    directory: str
    """The folder, relative to the study file: one folder for each class, or ``train``, ``validation``
    and ``test`` that hold such."""
    image_size: Annotated[tuple[PositiveInt, PositiveInt], BeforeValidator(_tuple)]
    """``[height, width]`` that every image is brought to."""
    color_mode: Literal["rgb", "grayscale", "rgba"] = "rgb"
    interpolation: Literal["bilinear", "nearest", "bicubic", "lanczos"] = "bilinear"
    test_share: Share | None = Field(default=None, exclude_if=lambda share: share is None)
    """Of the images, for testing, where there is no folder for that; drawn once, the same for every
    study. 0.2 unless given."""


@dataclass(frozen=True)
class _Listing:
    """The files of each part, class by class."""

    class_names: tuple[str, ...]
    parts: Mapping[str, tuple[tuple[Path, int], ...]]
    """For ``train`` and what else there is, each file with the number of its class."""


def source(options: Options, places: Places) -> str:
    """The folder, how it is read, and a digest of the names, sizes and times of its files."""
    root = places.folder / options.directory
    digest = hashlib.sha256()
    for files in _listing(options, places).parts.values():
        for file, _ in files:
            status = file.stat()
            name = file.relative_to(root).as_posix()
            digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return f"{options.model_dump_json()} {digest.hexdigest()[:16]}"


def shape(options: Options, places: Places) -> DataShape:
    """The sizes, from the names of the files."""
    found = _listing(options, places)
    sizes = {part: len(files) for part, files in found.parts.items()}
    train, test = sizes["train"], sizes.get("test", 0)
    if _draws_test(options, places, found):
        test = math.ceil(train * _share(options))
        train -= test
    _, channels = MODES[options.color_mode]
    return DataShape(
        train=train,
        test=test,
        example=(*options.image_size, channels),
        classes=len(found.class_names),
        validation=sizes.get("val", 0),
    )


def load(options: Options, places: Places) -> Examples:
    """Reads every image once, into a file that is mapped: they need not fit into memory."""
    import numpy as np

    found = _listing(options, places)
    parts: dict[str, Sequence[tuple[Path, int]]] = dict(found.parts)
    if _draws_test(options, places, found):
        whole = found.parts["train"]
        targets, names = np.array([one for _, one in whole]), found.class_names
        check_test_rows(targets, names, _share(options), DEFAULT, options.directory, "image")
        train, test = drawn_rows(targets, _share(options), DEFAULT)
        parts = {"train": [whole[row] for row in train], "test": [whole[row] for row in test]}
    broken: dict[Path, str] = {}
    x = {part: _read([file for file, _ in files], options, broken) for part, files in parts.items()}
    if broken:
        raise _told(broken, options)
    y = {part: np.array([one for _, one in files], np.int64) for part, files in parts.items()}
    return Examples(
        x_train=x["train"],
        y_train=y["train"],
        x_test=x.get("test", x["train"][:0]),
        y_test=y.get("test", y["train"][:0]),
        class_names=found.class_names,
        x_val=x.get("val"),
        y_val=y.get("val"),
    )


def _share(options: Options) -> float:
    return 0.2 if options.test_share is None else options.test_share


def _draws_test(options: Options, places: Places, found: _Listing) -> bool:
    return "test" not in found.parts and not places.folded and not _has_parts(options, places)


def _has_parts(options: Options, places: Places) -> bool:
    return (places.folder / options.directory / "train").is_dir()


def _listing(options: Options, places: Places) -> _Listing:
    """What is in the folder.

    Raises:
        InputError: there is none, or not images of at least two classes.
    """
    root = places.folder / options.directory
    if not root.is_dir():
        raise InputError(Problem(str(root), "there is no such folder"))
    folders = {"train": root}
    if _has_parts(options, places):
        named = {part: [root / name for name in names] for part, names in PARTS.items()}
        folders = {
            part: next((folder for folder in listed if folder.is_dir()), listed[0])
            for part, listed in named.items()
        }
        folders = {part: folder for part, folder in folders.items() if folder.is_dir()}
        if options.test_share is not None:
            rule = "stands beside the folder train, whose test images lie in test"
            raise InputError(Problem(str(root), rule, "data.test_share", hint="leave it out"))
    names = _classes(folders["train"])
    if len(names) < 2:
        held = f"it holds {names[0]} alone" if names else "it holds none"
        rule = f"must hold a folder of images for each class, and at least two; {held}"
        raise InputError(Problem(str(folders["train"]), rule))
    problems: list[Problem] = []
    parts = {}
    for part, folder in folders.items():
        for name in _classes(folder):
            if name not in names:
                rule = f"is no class of the training images: {', '.join(names[:NAMED])}"
                problems.append(Problem(str(folder / name), rule))
        parts[part] = tuple(
            (file, number) for number, name in enumerate(names) for file in _files(folder / name)
        )
    problems += [
        Problem(str(folders["train"] / name), "holds no images", hint=f"it may hold {_kinds()}")
        for name in names
        if not _files(folders["train"] / name)
    ]
    if problems:
        raise InputError(*problems)
    return _Listing(tuple(names), parts)


def _classes(folder: Path) -> list[str]:
    return sorted(
        one.name for one in folder.iterdir() if one.is_dir() and not one.name.startswith(".")
    )


def _files(folder: Path) -> list[Path]:
    """The images below a folder, however deep, in the order of their names."""
    if not folder.is_dir():
        return []
    return sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in IMAGES and not file.name.startswith(".") and file.is_file()
    )


def _kinds() -> str:
    return ", ".join(f"*{suffix}" for suffix in IMAGES)


def _told(broken: Mapping[Path, str], options: Options) -> InputError:
    """Names the first images that cannot be read, and how many more there are."""
    first = sorted(broken)[:NAMED]
    problems = [Problem(str(file), f"cannot be read: {broken[file]}") for file in first]
    if more := len(broken) - len(first):
        noun = "image" if more == 1 else "images"
        problems.append(Problem(options.directory, f"{more} more {noun} cannot be read"))
    return InputError(*problems)


def _read(files: Sequence[Path], options: Options, broken: dict[Path, str]) -> NDArray[Any]:
    """All images as one array ``(n, height, width, channels)``, uint8, in a file without a name.

    Args:
        files: one for each image.
        options: what they are brought to.
        broken: takes in what cannot be read, and why.
    """
    import numpy as np

    mode, channels = MODES[options.color_mode]
    height, width = options.image_size
    if not files:
        return np.zeros((0, height, width, channels), np.uint8)
    with tempfile.TemporaryFile(prefix="ablate-images-") as file:
        images = np.memmap(file, np.uint8, "w+", shape=(len(files), height, width, channels))

    def read(index: int) -> None:
        try:
            images[index] = _pixels(files[index], mode, (width, height), options.interpolation)
        except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises of broken files
            broken[files[index]] = str(error)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(read, range(len(files))))
    return images


def _pixels(file: Path, mode: str, size: tuple[int, int], interpolation: str) -> NDArray[Any]:
    """One image, ``(height, width, channels)``, uint8.

    Raises:
        ValueError: its pixels are no bytes.
    """
    import numpy as np
    from PIL import Image

    with Image.open(file) as image:
        if image.mode.startswith(DEEP):
            kind = "floats" if image.mode == "F" else "numbers of more than 8 bits"
            rule = f"its pixels are {kind} (mode {image.mode}), which bytes would clip"
            raise ValueError(
                f'{rule}; save them as bytes from 0 to 255, or give floats by dataset = "npz"'
            )
        how = Image.Resampling[interpolation.upper()]
        pixels = np.asarray(image.convert(mode).resize(size, how), np.uint8)
    return pixels if pixels.ndim == 3 else pixels[..., None]
