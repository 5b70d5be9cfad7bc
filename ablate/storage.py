"""Where studies are kept: Optuna's storage, the artifact store, and their mending after a crash."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from optuna import artifacts, logging
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock, JournalFileSymlinkLock

from ablate.errors import InputError, Problem
from ablate.files import replacing


@dataclass(frozen=True)
class StoragePlace:
    """Where a storage is: a journal file, or the URL of a database."""

    url: str

    @property
    def is_database(self) -> bool:
        """Whether it is a database and not a journal file."""
        return "://" in self.url

    @property
    def folder(self) -> Path:
        """The folder for artifacts, logs and prepared data."""
        return Path("runs") if self.is_database else Path(self.url).parent

    @property
    def artifacts(self) -> Path:
        """The folder of the artifact store."""
        return self.folder / "artifacts"

    @property
    def cache(self) -> Path:
        """The folder of prepared data sets."""
        return self.folder / "data"

    @property
    def logs(self) -> Path:
        """The folder of the workers' logs."""
        return self.folder / "logs"

    def check(self) -> None:
        """Makes sure, without changing anything, that the storage can be opened for writing.

        Raises:
            InputError: it is a folder, not ours, or cannot be written.
        """
        if self.is_database:
            return
        path = Path(self.url)
        where = f"storage {path}"
        if path.is_dir():
            raise InputError(
                Problem(where, "is a folder; name a file, for example runs/ablate.journal")
            )
        if path.exists():
            self._check_content(path, where)
            if not os.access(path, os.W_OK):
                raise InputError(Problem(where, "cannot be written: it is read-only"))
        nearest = next(folder for folder in path.absolute().parents if folder.exists())
        if not nearest.is_dir():
            raise InputError(Problem(where, f"{nearest} is not a folder"))
        if not os.access(nearest, os.W_OK):
            raise InputError(Problem(where, f"the folder {nearest} cannot be written"))

    @staticmethod
    def _check_content(path: Path, where: str) -> None:
        try:
            with path.open("rb") as file:
                first = file.readline(65536)
        except OSError as error:
            raise InputError(Problem(where, f"cannot be read: {error.strerror}")) from error
        if first.endswith(b"\n") and not _is_record(first):
            raise InputError(Problem(where, "is not an Optuna journal", hint="name another file"))


def open_storage(place: StoragePlace) -> BaseStorage:
    """Opens a storage, made when it is absent; a journal's torn last line is mended first.

    Raises:
        InputError: the storage cannot be opened.
    """
    logging.set_verbosity(logging.WARNING)
    if place.is_database:
        try:
            return RDBStorage(place.url)
        except Exception as error:
            rule = f"cannot be opened: {str(error).splitlines()[0]}"
            raise InputError(Problem("storage", rule)) from error
    place.check()
    path = Path(place.url)
    path.parent.mkdir(parents=True, exist_ok=True)
    mend_torn_line(path)
    try:
        return JournalStorage(JournalFileBackend(str(path), lock_obj=journal_lock(path)))
    except Exception as error:
        rule, hint = "is damaged: Optuna cannot read it", "see what can be done: ablate doctor"
        raise InputError(Problem(f"storage {path}", rule, hint=hint)) from error


def open_existing(place: StoragePlace) -> BaseStorage:
    """Opens a storage to read what is in it.

    Raises:
        InputError: there is none yet.
    """
    if not place.is_database and not Path(place.url).exists():
        rule = "there is no such file: nothing has been run here yet"
        hint = "run a study first, for example: ablate run smoke"
        raise InputError(Problem(f"storage {place.url}", rule, hint=hint))
    return open_storage(place)


def mend_torn_line(path: Path) -> bool:
    """Ends a journal's last line that a crash cut off, or removes what is left of it.

    Returns:
        Whether there was one.
    """
    if not path.exists() or _ends_well(path):
        return False
    lock = journal_lock(path)
    lock.acquire()
    try:
        if _ends_well(path):
            return False
        with path.open("r+b") as file:
            content = file.read()
            start = content.rfind(b"\n") + 1
            if _is_record(content[start:]):
                file.write(b"\n")
            else:
                file.truncate(start)
            file.flush()
            os.fsync(file.fileno())
        return True
    finally:
        lock.release()


def mend_journal(place: StoragePlace) -> bool:
    """Mends a journal after one of its writers was killed; a database mends itself."""
    return not place.is_database and mend_torn_line(Path(place.url))


class ArtifactStore(artifacts.FileSystemArtifactStore):
    """A folder of artifacts, each written whole or not at all."""

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Writes an artifact beside its place, then renames it."""
        with replacing(self._get_filepath(artifact_id)) as file:
            shutil.copyfileobj(content_body, file)


def journal_lock(path: Path) -> JournalFileSymlinkLock | JournalFileOpenLock:
    """The lock that every process takes while it writes a journal."""
    # The lock is a link to the journal. Given a relative path, it would lead nowhere from its own
    # folder, and Optuna would wait for ever for the lock of a process that was killed.
    absolute = str(path.absolute())
    # Symbolic links need a privilege on Windows.
    return JournalFileOpenLock(absolute) if os.name == "nt" else JournalFileSymlinkLock(absolute)


def _ends_well(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _is_record(line: bytes) -> bool:
    try:
        record = json.loads(line)
    except ValueError:
        return False
    return isinstance(record, dict) and "op_code" in record
