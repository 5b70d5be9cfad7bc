"""Files that a user's functions make data of: their code, and what they read."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from ablate.files import file_digest
from ablate.user_code.imported import INSTALLED, UserCode

LISTED = ("os.listdir", "os.scandir")
"""What Python calls the reading of a folder, in an audit."""


@dataclass(frozen=True)
class Used:
    """Files as they were when data were made of them, by their places."""

    code: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of each file of the user's code that was executed."""
    data: Mapping[str, str] = field(default_factory=dict)
    """Size and time of each file and folder that was read."""

    @classmethod
    def from_json(cls, found: Mapping[str, Mapping[str, str]]) -> Self:
        """What `dataclasses.asdict` has made a dictionary of."""
        return cls(code=found["code"], data=found["data"])

    @property
    def is_unchanged(self) -> bool:
        """Whether all of them are still the same."""
        return all(_state(Path(file)) == state for file, state in self.data.items()) and all(
            Path(file).is_file() and file_digest(Path(file)) == digest
            for file, digest in self.code.items()
        )

    def code_digest(self, folder: Path) -> str:
        """A digest of the code, by its places from a folder: it may be moved as a whole."""
        listed = sorted((_from(folder, file), digest) for file, digest in self.code.items())
        return hashlib.sha256(repr(listed).encode()).hexdigest()[:16]


@contextmanager
def used_files(file: Path, study: Path) -> Iterator[UsedFiles]:
    """Notes what a user's functions make data of within it, in this process; once for a process.

    Args:
        file: the file of the functions.
        study: the folder of the study file.
    """
    with UserCode(file, (file.parent, study, study.resolve())) as code:
        noted = UsedFiles(code, (file.parent, study.absolute(), Path.cwd()))
        sys.addaudithook(noted.hear)
        try:
            yield noted
        finally:
            noted.is_over = True


class UsedFiles:
    """Notes the files of a user's that Python opens, and the folders that it lists."""

    def __init__(self, code: UserCode, folders: Sequence[Path]) -> None:
        self.is_over = False
        """Python never forgets an audit hook."""
        self._code = code
        self._folders = [one for one in folders if one != one.parent]  # all lies below the root
        self._read: dict[Path, str] = {}
        self._written: set[Path] = set()

    def hear(self, event: str, given: tuple[Any, ...]) -> None:
        """Is told by Python of all that it does."""
        if self.is_over or (event != "open" and event not in LISTED):
            return
        if not given or not isinstance(given[0], str | bytes | os.PathLike):
            return
        path = Path(os.path.abspath(os.fsdecode(given[0])))  # noqa: PTH100  links stay
        if event == "open" and _writes(*given[1:3]):
            self._written.add(path)
        elif path not in self._read and self._is_data(path, is_folder=event in LISTED):
            self._read[path] = _state(path)

    def so_far(self) -> Used:
        """What was used until now, and is still there."""
        self._code.meet_others()
        # What a function keeps for itself changes whenever it is run.
        own = self._written | {file.parent for file in self._written}
        code = self._code.digests
        own |= {place for file in code for place in (file, file.parent)}
        return Used(
            code={str(file): digest for file, digest in code.items()},
            data={str(path): state for path, state in self._read.items() if path not in own},
        )

    def _is_data(self, path: Path, *, is_folder: bool) -> bool:
        """Whether a place is below one of the folders, not hidden, and not installed there."""
        # Python itself lists the folders that it imports from.
        if path.suffix == ".pyc" or (
            is_folder and str(path) in {*sys.path, *map(str, self._folders)}
        ):
            return False
        if any(path.is_relative_to(place) for place in (sys.prefix, sys.base_prefix)):
            return False
        below = [path.relative_to(one).parts for one in self._folders if path.is_relative_to(one)]
        return any(_is_plain(parts) for parts in below)


def _is_plain(parts: Iterable[str]) -> bool:
    return not any(part.startswith(".") or part in INSTALLED for part in parts)


def _writes(mode: str | None, flags: int) -> bool:
    """Whether a file is opened to be written."""
    if mode is not None:
        return any(one in mode for one in "wax+")
    return bool(flags & (os.O_WRONLY | os.O_RDWR))


def _state(path: Path) -> str:
    """The size and time of a file or folder; empty where there is none."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return ""
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        return ""
    return f"{status.st_size} bytes, {status.st_mtime_ns}"


def _from(folder: Path, file: str) -> str:
    try:
        return Path(os.path.relpath(file, folder)).as_posix()
    except ValueError:  # on another drive
        return Path(file).as_posix()
