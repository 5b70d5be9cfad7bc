"""The files that Keras's own loaders download: from the user's folder, else downloaded by Keras."""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.datasets._files import DOWNLOADED, kind_in, lacking
from ablate.datasets._pickled import PickledError, pickled_array, read_pickled
from ablate.errors import InputError, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


@dataclass(frozen=True)
class KerasFile:
    """A file or folder of one of Keras's data sets."""

    name: str
    """The file itself."""
    digest: str
    """SHA-256 of what is downloaded, as Keras 3.15 has it."""
    origin: str = ORIGIN
    folder: str | None = None
    """What an archive unpacks to."""
    cached: str | None = None
    """What Keras calls an archive in its own cache."""

    def find(self, home: Path | None) -> Path | None:
        """Where it is in the user's folder; None where no folder was named.

        Raises:
            InputError: it is not there.
        """
        if home is None:
            return None
        if not home.is_dir():
            raise InputError(Problem(str(home), "the folder for data files does not exist"))
        names = [self.name]
        if self.folder is not None:
            names += [self.folder, f"{self.cached}/{self.folder}", f"{self.cached}_archive"]
        found = next((home / name for name in names if (home / name).exists()), None)
        if found is None:
            either = f"neither {self.name} nor a folder {self.folder}" if self.folder else ""
            rule = f"the folder for data files holds {either or f'no {self.name}'}"
            raise InputError(Problem(str(home), rule))
        return found

    def source(self, home: Path | None) -> str:
        """The file with its size and time, or that Keras downloads it."""
        path = self.find(home)
        if path is None:
            return f"{DOWNLOADED} Keras from {self.origin}{self.name}"
        files = [path] if path.is_file() else sorted(one for one in path.iterdir() if one.is_file())
        states = (f"{one.name} {one.stat().st_size} {one.stat().st_mtime_ns}" for one in files)
        return f"{path} ({', '.join(states)})"

    def path(self, home: Path | None) -> Path:
        """The file in the user's folder; else in Keras's cache, where it is downloaded to.

        Raises:
            InputError: it is not there, or could not be downloaded.
        """
        found = self.find(home)
        return found if found is not None else self._downloaded()

    def _downloaded(self) -> Path:
        import keras

        try:
            path = keras.utils.get_file(
                fname=self.cached or self.name,
                origin=self.origin + self.name,
                extract=self.folder is not None,
                file_hash=self.digest,
            )
        except Exception as error:  # Keras raises plain ones
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            rule = f"the download of {self.name} failed: {reason}"
            hint = "name a folder that holds it: ABLATE_DATA_HOME=folder, or data.home"
            raise InputError(Problem(self.origin + self.name, rule, hint=hint)) from error
        return Path(path) / self.folder if self.folder else Path(path)


def read_ragged(path: Path, names: Sequence[str]) -> dict[str, Any]:
    """Arrays of a ``.npz`` file, which may be pickled: those of objects as lists.

    Raises:
        InputError: the file is damaged, lacks an array, or holds more than numbers and lists.
    """
    import numpy as np

    found = {}
    try:
        with zipfile.ZipFile(path) as archive:
            held = [member.removesuffix(".npy") for member in archive.namelist()]
            if missing := [name for name in names if name not in held]:
                raise lacking(path, missing, held)
            for name in names:
                file = io.BytesIO(archive.read(f"{name}.npy"))
                found[name] = _ragged(file) if _is_of_objects(file) else np.load(file)
    except (OSError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(Problem(str(path), f"the file cannot be read: {error}")) from error
    return found


def _is_of_objects(file: io.BytesIO) -> bool:
    """Whether an array holds objects, and leaves the file at its content if so."""
    _, dtype = kind_in(file)
    if not dtype.hasobject:
        file.seek(0)
    return dtype.hasobject


def _ragged(file: io.BytesIO) -> NDArray[Any] | list[Any]:
    return pickled_array(read_pickled(file.read()))


def read_members(path: Path, folder: str, names: Sequence[str]) -> dict[str, Any]:
    """Pickled dictionaries, by their files' names, of a ``.tar.gz`` archive or the folder it holds.

    Raises:
        InputError: one is missing, damaged, or holds more than texts, numbers and arrays.
    """
    contents = {}
    try:
        if path.is_dir():
            contents = {name: (path / name).read_bytes() for name in names}
        else:
            with tarfile.open(path) as archive:
                for name in names:
                    member = archive.extractfile(f"{folder}/{name}")
                    if member is None:
                        raise KeyError(f"{folder}/{name} is no file")
                    contents[name] = member.read()
        return {name: _by_text(read_pickled(content)) for name, content in contents.items()}
    except (OSError, EOFError, KeyError, tarfile.TarError, zlib.error) as error:
        reason = error.args[0] if isinstance(error, KeyError) else error
        raise InputError(Problem(str(path), f"cannot be read: {reason}")) from error
    except PickledError as error:
        raise InputError(Problem(str(path), f"cannot be read: {error}")) from error


def _by_text(found: Any) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise PickledError("it holds no dictionary")
    return {key.decode() if isinstance(key, bytes) else str(key): v for key, v in found.items()}
