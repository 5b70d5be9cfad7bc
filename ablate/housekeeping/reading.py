"""Opens a storage to look at it: whatever is done with it, nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optuna import logging
from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend

from ablate.errors import InputError, Problem
from ablate.housekeeping.journal import Journal, Record, read_journal
from ablate.store.place import StoragePlace, open_existing

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

RUN_FIRST = "run a study first, for example: ablate run smoke"


def is_empty(place: StoragePlace) -> bool:
    """Whether there is nothing yet where a storage will be."""
    file = _file(place)
    return file is not None and not file.exists()


def open_to_read(place: StoragePlace) -> BaseStorage:
    """Opens a storage as it is now; a journal's cut-off last line is passed over, and left there.

    Raises:
        InputError: there is none yet, it is no storage, or it is damaged.
    """
    if place.is_database:
        check_there(place)
        return open_existing(place)
    journal = look_at(place)
    hint = "see what can be done: ablate doctor"
    if journal.damaged:
        rule = f"line {journal.damaged[0]} is no record, and nothing behind it can be read"
        raise InputError(Problem(f"storage {place.url}", rule, hint=hint))
    try:
        return storage_of(journal.records)
    except Exception as error:
        rule = f"Optuna cannot read it: {type(error).__name__} {error}"
        raise InputError(Problem(f"storage {place.url}", rule, hint=hint)) from error


def look_at(place: StoragePlace) -> Journal:
    """The lines of a journal.

    Raises:
        InputError: there is none yet, or it is no journal.
    """
    check_there(place)
    where = f"storage {place.url}"
    try:
        journal = read_journal(Path(place.url))
    except IsADirectoryError as error:
        hint = "name a file, for example runs/ablate.journal"
        raise InputError(Problem(where, "is a folder", hint=hint)) from error
    except OSError as error:
        raise InputError(Problem(where, f"cannot be read: {error.strerror}")) from error
    if journal.damaged and not journal.records:
        raise InputError(Problem(where, "is not an Optuna journal", hint="name another file"))
    return journal


def check_there(place: StoragePlace) -> None:
    """Makes sure that there is a storage.

    Raises:
        InputError: there is none yet.
    """
    if is_empty(place):
        rule = "there is no such file: nothing has been run here yet"
        raise InputError(Problem(f"storage {shown(place)}", rule, hint=RUN_FIRST))


def storage_of(records: Sequence[Record]) -> BaseStorage:
    """A storage of these records, in memory, that refuses to be written.

    Raises:
        Exception: Optuna cannot make sense of the records.
    """
    logging.set_verbosity(logging.WARNING)
    return JournalStorage(_Records(records))


def shown(place: StoragePlace) -> str:
    """A storage's name without a password."""
    if not place.is_database:
        return place.url
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(place.url)
    except ArgumentError:
        return "database"
    return url.set(query={}).render_as_string(hide_password=True)


def _file(place: StoragePlace) -> Path | None:
    """The file of a journal or of an SQLite database; None for a database that has a server."""
    if not place.is_database:
        return Path(place.url)
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(place.url)
    except ArgumentError:
        return None
    return Path(url.database) if url.drivername.startswith("sqlite") and url.database else None


class _Records(BaseJournalBackend):
    """Records that Optuna reads like those of a file."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records

    def read_logs(self, log_number_from: int) -> Iterable[Record]:
        return self._records[log_number_from:]

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        raise AssertionError("a storage that was opened to be looked at is not written")
