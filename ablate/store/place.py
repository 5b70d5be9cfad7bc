"""Where studies are kept: Optuna's storage, and its mending after a crash."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from optuna import logging
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock, JournalFileSymlinkLock
from optuna.study import StudySummary

from ablate.errors import InputError, Problem, RunError
from ablate.files import folder_name
from ablate.store import PREPARED

ALMOST_URL = re.compile(r"((?:postgres|postgresql|mysql|mariadb|sqlite|oracle|mssql)(?:\+\w+)?):")
"""What begins like the URL of a database, and may hold a password, but lacks a slash."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG)
"""What the system answers where nothing more can be written."""


@dataclass(frozen=True)
class StoragePlace:
    """Where a storage is: a journal file, or the URL of a database.

    Raises:
        InputError: it is a URL with a slash too few; the message holds no password.
    """

    url: str

    @property
    def is_database(self) -> bool:
        """Whether it is a database and not a journal file."""
        return "://" in self.url

    @property
    def is_shared(self) -> bool:
        """Whether several machines can use it; a file is for one."""
        return self.is_database and not self.url.startswith("sqlite")

    @property
    def shown(self) -> str:
        """The URL as it may be shown, its password hidden."""
        if not self.is_database:
            return self.url
        from ablate.store.database import shown_url  # loads SQLAlchemy

        return shown_url(self.url)

    @property
    def folder(self) -> Path:
        """The folder for artifacts, logs and prepared data."""
        return Path("runs") if self.is_database else Path(self.url).parent

    @property
    def artifacts(self) -> Path:
        """The folder of artifacts, see `artifacts`; each database has one of its own."""
        if not self.is_database:
            return self.folder / "artifacts"
        from ablate.store.database import database_name

        return self.folder / f"artifacts-{folder_name(database_name(self.url))}"

    @property
    def cache(self) -> Path:
        """The folder of prepared data sets."""
        return self.folder / PREPARED

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

    def __post_init__(self) -> None:
        found = None if self.is_database else ALMOST_URL.match(self.url)
        if found is not None:
            rule = "is neither a file nor a database URL"
            hint = f"a URL begins with {found[1]}://"
            raise InputError(Problem(f"storage {found[0]}...", rule, hint=hint))

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
        from ablate.store.database import open_database

        return open_database(place.url)
    place.check()
    path = Path(place.url)
    path.parent.mkdir(parents=True, exist_ok=True)
    mend_torn_line(path)
    return _open_journal(path, journal_lock(path))


def _open_journal(path: Path, lock: JournalFileSymlinkLock | JournalFileOpenLock) -> JournalStorage:
    try:
        return JournalStorage(JournalFileBackend(str(path), lock_obj=lock))
    except Exception as error:
        rule, hint = "is damaged: Optuna cannot read it", "see what can be done: ablate doctor"
        raise InputError(Problem(f"storage {path}", rule, hint=hint)) from error


@contextmanager
def told_plainly(place: StoragePlace) -> Iterator[None]:
    """Turns what a full disk, or a database that stays away, raises into an error for the user.

    Raises:
        RunError: nothing more can be written; what is finished is kept.
    """
    kept = "what is finished is kept"
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        where = error.filename or place.shown
        again = "make room, and run the same command again to go on"
        raise RunError(f"{where} cannot be written: {error.strerror}; {kept}: {again}") from error
    except StorageInternalError as error:
        from ablate.store.database import without_password

        text = without_password(str(error.__cause__ or error).splitlines()[0], place.url)
        again = "run the same command again to go on"
        raise RunError(
            f"the storage {place.shown} does not answer: {text}; {kept}: {again}"
        ) from error


def open_existing(place: StoragePlace) -> BaseStorage:
    """Opens a storage to read what is in it, also where nothing can be written.

    Raises:
        InputError: there is none yet, or it cannot be opened.
    """
    file = place.url.removeprefix("sqlite:///")
    if (not place.is_database or file != place.url) and not Path(file).exists():
        rule = "there is no such file: nothing has been run here yet"
        hint = "run a study first, for example: ablate run smoke"
        raise InputError(Problem(f"storage {place.url}", rule, hint=hint))
    path = Path(place.url)
    if place.is_database or all(os.access(one, os.W_OK) for one in (path, path.absolute().parent)):
        try:
            return open_storage(place)
        except OSError as error:
            if error.errno not in FULL:
                raise
    # On a disk that is read-only or full nothing is mended, and reading needs no lock.
    logging.set_verbosity(logging.WARNING)
    return _open_journal(path, JournalFileSymlinkLock(str(path.absolute())))


def study_summaries(storage: BaseStorage) -> list[StudySummary]:
    """All of Optuna's studies in a storage, without their best trials.

    Optuna's own function copies every trial on the way, which takes seconds where there are many.
    """
    summaries = []
    for study in storage.get_all_studies():
        trials = storage.get_all_trials(study._study_id, deepcopy=False)
        started = [trial.datetime_start for trial in trials if trial.datetime_start is not None]
        summary = StudySummary(
            study_name=study.study_name,
            direction=None,
            directions=study.directions,
            best_trial=None,
            user_attrs=study.user_attrs,
            n_trials=len(trials),
            datetime_start=min(started, default=None),
            study_id=study._study_id,
        )
        summaries.append(summary)
    return summaries


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


def journal_lock(path: Path) -> JournalFileSymlinkLock | JournalFileOpenLock:
    """The lock that every process takes while it writes a journal."""
    if os.name == "nt":  # where symbolic links need a privilege
        return JournalFileOpenLock(str(path.absolute()))
    # The lock is a link to the journal. Given a relative path, it would lead nowhere from its own
    # folder, and Optuna would wait for ever for the lock of a process that was killed.
    lock = path.absolute().with_name(f"{path.name}.lock")
    if lock.is_symlink() and not lock.exists():
        lock.unlink(missing_ok=True)
    return JournalFileSymlinkLock(str(path.absolute()))


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
