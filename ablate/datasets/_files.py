"""MNIST and its relatives: from files in the user's folder, else through Keras's own loader."""

from __future__ import annotations

import gzip
import math
import struct
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from ablate.datasets._base import Examples
from ablate.errors import InputError, Problem
from ablate.spec.data import DataShape

if TYPE_CHECKING:
    import numpy as np
    from numpy.lib.npyio import NpzFile
    from numpy.typing import NDArray

SHAPE = DataShape(train=60_000, test=10_000, example=(28, 28, 1), classes=10)
DOWNLOADED = "downloaded by"
"""How the source begins of what is not on this machine."""
ARRAYS = ("x_train", "y_train", "x_test", "y_test")
IDX = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}


def find(home: Path | None, npz: str) -> tuple[Path, ...]:
    """The files in `home`: one `npz`, or the four IDX files; empty when there is no folder.

    Raises:
        InputError: a folder was named, but it does not hold them.
    """
    if home is None:
        return ()
    if not home.is_dir():
        raise InputError(Problem(str(home), "the folder for data files does not exist"))
    if (home / npz).is_file():
        return (home / npz,)
    found = []
    for name in IDX.values():
        # Both spellings are about: train-images-idx3-ubyte and train-images.idx3-ubyte.
        spellings = (name, name.replace("-idx", ".idx"))
        candidates = [home / f"{s}{suffix}" for s in spellings for suffix in ("", ".gz")]
        match = next((path for path in candidates if path.is_file()), None)
        if match is None:
            rule = f"the folder for data files holds neither {npz} nor {name} (or {name}.gz)"
            raise InputError(Problem(str(home), rule))
        found.append(match)
    return tuple(found)


def source(files: tuple[Path, ...], loader: str) -> str:
    """The files with sizes and times, or the loader's name."""
    if not files:
        return f"{DOWNLOADED} {loader}"
    return "; ".join(
        f"{path} ({path.stat().st_size} bytes, {path.stat().st_mtime_ns})" for path in files
    )


def load(files: tuple[Path, ...], class_names: tuple[str, ...]) -> Examples:
    """Reads and checks the files that `find` found."""
    where = files[0] if len(files) == 1 else files[0].parent
    if len(files) == 1:
        arrays = read_npz(files[0], ARRAYS)
    else:
        arrays = {name: read_idx(path) for name, path in zip(ARRAYS, files, strict=True)}
    return checked(arrays, class_names, str(where))


def checked(arrays: dict[str, NDArray[Any]], class_names: tuple[str, ...], where: str) -> Examples:
    """The four arrays as `Examples`, once their shapes and labels are right."""
    import numpy as np

    problems = []
    for split in ("train", "test"):
        x, y = arrays[f"x_{split}"], arrays[f"y_{split}"]
        if x.ndim != 3 or x.shape[1:] != (28, 28) or x.dtype != np.uint8:
            rule = "must be uint8 images of shape (n, 28, 28)"
            problems.append(Problem(where, rule, f"x_{split}", f"{x.dtype} {x.shape}"))
        elif y.shape != x.shape[:1]:
            rule = f"must hold one label for each of the {len(x)} images"
            problems.append(Problem(where, rule, f"y_{split}", f"shape {y.shape}"))
        elif y.dtype.kind not in "iu":
            rule = "labels must be whole numbers"
            problems.append(Problem(where, rule, f"y_{split}", str(y.dtype)))
        elif len(y) and not 0 <= int(y.min()) <= int(y.max()) < len(class_names):
            rule = f"labels must lie between 0 and {len(class_names) - 1}"
            problems.append(Problem(where, rule, f"y_{split}", f"{y.min()} to {y.max()}"))
    if problems:
        raise InputError(*problems)
    return Examples(
        x_train=arrays["x_train"][..., None],
        y_train=arrays["y_train"].astype(np.int64),
        x_test=arrays["x_test"][..., None],
        y_test=arrays["y_test"].astype(np.int64),
        class_names=class_names,
    )


def read_npz(path: Path, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Reads arrays of a ``.npz`` file, never unpickling anything.

    Raises:
        InputError: the file is missing, damaged, or lacks an array.
    """
    import numpy as np

    if not path.is_file():
        raise InputError(Problem(str(path), "there is no such file"))
    try:
        # Opened here, because NumPy leaves a damaged file open.
        with path.open("rb") as file:
            _refuse_text(path, file)
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise InputError(Problem(str(path), "is not a .npz archive"))
            with archive:
                missing = [name for name in names if name not in archive.files]
                if missing:
                    raise lacking(path, missing, archive.files)
                return {name: _array(archive, name, path) for name in names}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        reason = str(error) or type(error).__name__
        raise InputError(Problem(str(path), f"the file cannot be read: {reason}")) from error


def names_in(path: Path) -> tuple[str, ...]:
    """The arrays that a ``.npz`` file holds; none where it is none, which `read_npz` will tell."""
    try:
        with zipfile.ZipFile(path) as archive:
            return tuple(member.removesuffix(".npy") for member in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return ()


def stored_kind(path: Path, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """An array's shape and type, from its header inside the archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            held = [member.removesuffix(".npy") for member in archive.namelist()]
            if name not in held:
                raise lacking(path, [name], held)
            with archive.open(f"{name}.npy") as file:
                return kind_in(file)
    except (ValueError, zipfile.BadZipFile) as error:
        raise InputError(Problem(str(path), f"the file cannot be read: {error}")) from error


def kind_in(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """The shape and type of an array that begins there."""
    import numpy as np

    major, _ = np.lib.format.read_magic(file)
    read = (
        np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
    )
    shape, _, dtype = read(file)
    return tuple(shape), dtype


def lacking(path: Path, missing: Iterable[str], held: Iterable[str]) -> InputError:
    """Tells of arrays that a file does not hold."""
    rule = f"the file holds no array {', '.join(missing)}"
    return InputError(Problem(str(path), rule, hint=f"it holds: {', '.join(held)}"))


def _array(archive: NpzFile, name: str, path: Path) -> NDArray[Any]:
    """An array of an archive, which is not one of Python's objects."""
    try:
        array: NDArray[Any] = archive[name]
    except ValueError as error:
        if "Object arrays" not in str(error):
            raise
        raise InputError(objects_problem(path, name)) from error
    return array


def objects_problem(path: Path, name: str) -> Problem:
    """What is said of an array that holds objects: reading them can run any code."""
    rule = "holds Python objects, which are not read: they can run code"
    hint = f'save text with {name}.astype(str), numbers with {name}.astype("int64") or "float32"'
    return Problem(str(path), rule, name, hint=hint)


def _refuse_text(path: Path, file: BinaryIO) -> None:
    """Says of a table that was saved as text what it is; NumPy would speak of pickled data.

    Raises:
        InputError: it is one.
    """
    start = file.read(4096)
    file.seek(0)
    line = start.partition(b"\n")[0]
    columns = start.isascii() and b"\0" not in start and any(one in line for one in b",;\t")
    kind = path.suffix.lower()
    if kind not in (".csv", ".tsv") and not (columns and kind in (".txt", ".npz")):
        return
    rule = "is a CSV file, a table saved as text, and not a .npz archive of arrays"
    hint = 'set dataset = "csv" under [study], and under [data] target, the column to predict'
    raise InputError(Problem(str(path), rule, hint=hint))


def read_idx(path: Path) -> NDArray[Any]:
    """Reads one IDX file of unsigned bytes, gzipped or not.

    Raises:
        InputError: the file is damaged or holds something else.
    """
    import numpy as np

    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read()
        zeros, kind, axes = struct.unpack_from(">HBB", content)
        shape = struct.unpack_from(f">{axes}I", content, 4)
    except (OSError, EOFError, struct.error, zlib.error) as error:
        raise InputError(Problem(str(path), f"the file cannot be read: {error}")) from error
    body = content[4 + 4 * axes :]
    if zeros != 0 or kind != 8 or len(body) != math.prod(shape):
        raise InputError(Problem(str(path), "is not an IDX file of unsigned bytes, or it is cut"))
    return np.frombuffer(body, np.uint8).reshape(shape)


def download(name: str) -> dict[str, NDArray[Any]]:
    """What ``keras.datasets.NAME.load_data()`` returns.

    Raises:
        InputError: it could not be downloaded.
    """
    import keras

    try:
        (x_train, y_train), (x_test, y_test) = getattr(keras.datasets, name).load_data()
    except Exception as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        rule = f"the download of {name} failed: {reason}"
        hint = "name a folder that holds its files: ABLATE_DATA_HOME=folder, or data.home"
        raise InputError(Problem(f"keras.datasets.{name}", rule, hint=hint)) from error
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
