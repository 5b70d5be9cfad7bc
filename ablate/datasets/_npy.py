"""A folder of ``.npy`` files: labels are read, images are mapped and stay where they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.datasets._files import objects_problem
from ablate.errors import InputError, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray


def names(folder: Path) -> tuple[str, ...]:
    """The arrays that a folder holds."""
    return tuple(sorted(path.stem for path in folder.glob("*.npy")))


def source(folder: Path, names: Sequence[str]) -> str:
    """The folder and its files with their sizes and times.

    The folder's place is part of it: what is prepared refers to these files and no others.

    Raises:
        InputError: files are missing.
    """
    files = ((path.name, path.stat()) for path in _files(folder, names))
    listed = "; ".join(
        f"{name} ({status.st_size} bytes, {status.st_mtime_ns})" for name, status in files
    )
    return f"{folder.absolute()}: {listed}"


def read(folder: Path, images: Sequence[str], labels: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Arrays by their names, which are those of the files without ``.npy``.

    Args:
        folder: where the files are.
        images: arrays that are mapped, read-only.
        labels: arrays that are read. Nothing is unpickled.

    Raises:
        InputError: files are missing or damaged, or hold something else.
    """
    import numpy as np

    _files(folder, [*images, *labels])
    found: dict[str, NDArray[Any]] = {}
    problems: list[Problem] = []
    for name in (*images, *labels):
        path = folder / f"{name}.npy"
        try:
            with path.open("rb") as file:
                prefix = file.read(len(np.lib.format.MAGIC_PREFIX))
            if prefix != np.lib.format.MAGIC_PREFIX:
                hint = "numpy.save writes one"
                problems.append(Problem(str(path), "is not a .npy file", hint=hint))
                continue
            found[name] = np.load(
                path, mmap_mode="r" if name in images else None, allow_pickle=False
            )
        except (OSError, EOFError, ValueError) as error:
            if "Object arrays" in str(error):
                problems.append(objects_problem(path, name))
                continue
            reason = str(error) or type(error).__name__
            problems.append(Problem(str(path), f"the file cannot be read: {reason}"))
            continue
        if name in images and not found[name].flags.c_contiguous:
            hint = "write them again: numpy.save(file, numpy.ascontiguousarray(images))"
            rule = "images must lie one after the other"
            problems.append(Problem(str(path), rule, found="Fortran order", hint=hint))
    if problems:
        raise InputError(*problems)
    return found


def _files(folder: Path, names: Sequence[str]) -> list[Path]:
    """The files of these names; all that are missing are said at once."""
    files = [folder / f"{name}.npy" for name in names]
    missing = [path.name for path in files if not path.is_file()]
    if missing:
        held = sorted(path.name for path in folder.glob("*.npy"))
        listed = ", ".join(held[:8]) + (", ..." if len(held) > 8 else "")
        rule = f"the folder holds no {', '.join(missing)}"
        raise InputError(Problem(str(folder), rule, hint=f"it holds: {listed}" if held else ""))
    return files
