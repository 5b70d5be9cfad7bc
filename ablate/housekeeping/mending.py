"""Mends what is not in order in a storage, and keeps what it takes away."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from optuna import delete_study, load_study

from ablate.errors import RunError
from ablate.files import replacing
from ablate.housekeeping.health import Health, is_stale
from ablate.housekeeping.journal import read_journal
from ablate.housekeeping.overview import IsGone
from ablate.housekeeping.reading import shown
from ablate.store.ledger import Ledger, close_lost
from ablate.store.owner import Owner
from ablate.store.place import StoragePlace, journal_lock, open_storage
from ablate.store.question import parts_by_study


@dataclass(frozen=True)
class Mended:
    """What was done to a storage."""

    backup: Path | None
    """The folder that holds the journal as it was, and all files that were taken away; None for a
    database where no file was."""
    saved: int
    """Damaged lines of the journal from which a record was saved."""
    dropped: int
    """Damaged lines that held nothing legible."""
    closed: int
    """Trials that were cut off: the next run trains them again where they are still owed."""


def mend(
    place: StoragePlace, health: Health, now: datetime, is_gone: IsGone = Owner.is_gone
) -> Mended:
    """Mends what can be mended of what was found.

    Args:
        place: the storage.
        health: what was found.
        now: the time, which names the backup.
        is_gone: whether a process has ended.

    Raises:
        InputError: the storage cannot be written.
        RunError: the backup, or a file, cannot be written.
    """
    try:
        backup, saved, dropped = None, 0, 0
        if not place.is_database:
            backup = _new_folder(Path(place.url), now)
            saved, dropped = _mend_journal(Path(place.url), backup, health, now)
        closed = _mend_studies(place, health, is_gone)
        if backup is not None:
            _move((*health.temporary, *health.orphans), backup / place.artifacts.name)
    except OSError as error:
        raise RunError(f"storage {shown(place)}: could not be mended: {error}") from error
    return Mended(backup, saved, dropped, closed)


def _mend_journal(journal: Path, backup: Path, health: Health, now: datetime) -> tuple[int, int]:
    """Copies the journal away, with its left-over locks, and mends its lines.

    Returns:
        From how many damaged lines a record was saved, and how many held nothing legible.
    """
    _move((lock for lock in health.stale if is_stale(lock, now)), backup)
    lock = journal_lock(journal)
    lock.acquire()
    try:
        shutil.copy2(journal, backup / journal.name)
        found = read_journal(journal)
        if not (found.torn or found.damaged) or not found.fits or health.unreadable:
            return 0, 0
        _replace(journal, found.mended)
    finally:
        lock.release()
    return found.saved, len(found.damaged) - found.saved


def _replace(journal: Path, content: bytes) -> None:
    """Gives a journal another content and lets it keep its place and its mode."""
    path = journal.resolve()
    mode = path.stat().st_mode
    with replacing(path) as file:
        file.write(content)
    path.chmod(mode)


def _mend_studies(place: StoragePlace, health: Health, is_gone: IsGone) -> int:
    """Closes lost trials, and removes what was never made; how many were closed."""
    if not (health.lost or health.unmade):
        return 0
    storage = open_storage(place)
    losing = {one.part for one in health.lost}
    closed = sum(
        close_lost(Ledger(part), is_gone)
        for own in parts_by_study(storage).values()
        for part in own
        if part.study_name in losing
    )
    known = {one.study_name for one in storage.get_all_studies()}
    for name in health.unmade:
        # Somebody may have gone on making it in the meantime.
        if name in known and not load_study(study_name=name, storage=storage).trials:
            delete_study(study_name=name, storage=storage)
    return closed


def _new_folder(journal: Path, now: datetime) -> Path:
    """Makes a folder for a backup that was not there before."""
    name, number = f"{journal.name}.backup-{now:%Y%m%d-%H%M%S}", 1
    while True:
        folder = journal.parent / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder


def _move(files: Iterable[Path], folder: Path) -> None:
    """Moves files, those that are gone by now aside; links are moved and not followed."""
    for path in files:
        folder.mkdir(exist_ok=True)
        try:
            shutil.move(path, folder / path.name)
        except FileNotFoundError:
            continue
