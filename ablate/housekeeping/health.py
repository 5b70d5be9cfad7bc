"""Whether a storage is in order: what is damaged, left over, lost or missing in it."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from optuna import load_study

from ablate.errors import InputError, Problem
from ablate.files import regular_files
from ablate.housekeeping.kept import KeptArtifact, kept_artifacts, problem_of
from ablate.housekeeping.overview import (
    IsGone,
    RunningNow,
    running_trials,
)
from ablate.housekeeping.reading import check_there, look_at, storage_of
from ablate.limits import LOCK_LEFT, UNOWNED, WRITING
from ablate.planning.plan import parts
from ablate.spec.measure import OBJECTIVE
from ablate.store.artifacts import Artifact, Artifacts, artifact_files, named_in
from ablate.store.attributes import CELL, PHASE, QUESTION, STUDY
from ablate.store.kept_models import replaced_models
from ablate.store.owner import Owner
from ablate.store.place import StoragePlace, open_existing
from ablate.store.question import OtherVersionError, parts_by_study
from ablate.store.studies import StoredStudy, study_of
from ablate.store.trials import outcome_of

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import BaseStorage

COUNTED = ("complete", "pruned")
"""Outcomes of trials whose artifacts must be there."""


@dataclass(frozen=True)
class SpoiledArtifact:
    """An artifact of a finished trial that cannot be read."""

    part: str
    """The Optuna study that holds the trial."""
    number: int
    artifact: KeptArtifact
    problem: str


@dataclass(frozen=True)
class Health:
    """What was found in a storage."""

    torn: bool = False
    """Whether the journal's last line was cut off."""
    damaged: tuple[int, ...] = ()
    """The journal's lines, from 1, that are no records."""
    fits: bool = True
    """Whether these lines can be mended without mixing up trials."""
    unreadable: str | None = None
    """Why Optuna cannot read the journal, even with these lines mended."""
    stale: tuple[Path, ...] = ()
    """Lock files of the journal that nobody holds any more."""
    temporary: tuple[Path, ...] = ()
    """Temporary files in the artifact folder that nobody writes any more."""
    orphans: tuple[Path, ...] = ()
    """Files in the artifact folder that no trial names."""
    lost: tuple[RunningNow, ...] = ()
    """Trials that are marked as running, and nobody trains them."""
    spoiled: tuple[SpoiledArtifact, ...] = ()
    unmade: tuple[str, ...] = ()
    """Optuna studies without a trial whose making was cut off."""
    incomplete: tuple[str, ...] = ()
    """Studies that lack a part, or do not say what they ask."""
    foreign: tuple[tuple[str, str], ...] = ()
    """Studies that cannot be read, each with the version of ablate that stored it."""
    writing: bool = False
    """Whether a process holds the journal's lock, or held it a moment ago: no fault."""
    running: int = 0
    """Trials that are being trained."""
    elsewhere: Mapping[str, int] = field(default_factory=dict)
    """How many of these other machines train, which cannot be looked at from here: no fault."""
    studies: int = 0
    trials: int = 0

    @property
    def is_mendable(self) -> bool:
        """Whether something was found that can be mended."""
        lines = (self.torn or self.damaged) and self.fits and self.unreadable is None
        return bool(
            lines or self.stale or self.temporary or self.orphans or self.lost or self.unmade
        )

    @property
    def is_well(self) -> bool:
        """Whether nothing was found."""
        beyond = self.damaged or self.unreadable or self.spoiled or self.incomplete or self.foreign
        return not (self.is_mendable or self.torn or beyond)


def examine(place: StoragePlace, now: datetime, is_gone: IsGone = Owner.is_gone) -> Health:
    """Looks a storage over and changes nothing.

    Args:
        place: the storage.
        now: the time.
        is_gone: whether a process has ended.

    Raises:
        InputError: there is none, or it is no storage.
    """
    if place.is_database:
        check_there(place)
        storage = open_existing(place)
        return _examine_studies(Health(), storage, Artifacts(place, storage), now, is_gone)
    # Files first: a trial names its artifact before the file is written.
    files = artifact_files(place)
    journal = look_at(place)
    path = Path(place.url)
    locks = lock_files(path)
    stale = tuple(lock for lock in locks if is_stale(lock, now))
    writing = len(stale) < len(locks) or path.stat().st_size != journal.size
    health = Health(
        torn=journal.torn and not writing,
        damaged=journal.damaged,
        fits=journal.fits,
        stale=stale,
        writing=writing,
    )
    if not journal.fits:
        return health
    try:
        storage = storage_of(journal.records)
    except Exception as error:
        return replace(health, unreadable=f"{type(error).__name__} {error}".strip())
    artifacts = Artifacts(place, storage)
    health = _examine_studies(health, storage, artifacts, now, is_gone)
    return _examine_files(health, files, artifacts, place, now)


def lock_files(journal: Path) -> list[Path]:
    """The lock of a journal, and what is left of locks that were being given back."""
    names = f"{journal.name}.lock"
    found = (path for path in journal.parent.iterdir() if path.name.startswith(names))
    return sorted(path for path in found if path.name == names or path.suffix == ".rename")


def is_stale(lock: Path, now: datetime) -> bool:
    """Whether a lock file is too old to be held."""
    age = _age(lock, now)
    return age is not None and age > LOCK_LEFT


def _age(path: Path, now: datetime) -> float | None:
    """How many seconds the time of a file, or of the link itself, is away; None where it is gone."""
    try:
        return abs(now.timestamp() - path.lstat().st_mtime)
    except FileNotFoundError:
        return None


def _examine_studies(
    health: Health, storage: BaseStorage, artifacts: Artifacts, now: datetime, is_gone: IsGone
) -> Health:
    """What is wrong with studies and trials."""
    studies = parts_by_study(storage)
    own = [part for group in studies.values() for part in group]
    running = running_trials(own, is_gone)
    here = socket.gethostname()
    elsewhere = Counter(
        one.owner.host for one in running if one.owner and not one.lost and one.owner.host != here
    )
    known, incomplete, foreign = list[StoredStudy](), list[str](), list[tuple[str, str]]()
    for name, group in studies.items():
        try:
            stored = study_of(group)
        except OtherVersionError as error:
            foreign.append((name, error.writer))
            continue
        known += [stored] if stored is not None else []
        if _lacks_parts(group, stored):
            incomplete.append(name)
    models = (replaced_models(stored, artifacts) for stored in known)
    replaced: frozenset[Artifact] = frozenset().union(*models)
    unmade = [*_half_made(storage), *(p for group in studies.values() for p in _undescribed(group))]
    return replace(
        health,
        lost=tuple(one for one in running if one.lost and not _is_new(one, now)),
        spoiled=tuple(one for part in own for one in _spoiled(part, artifacts, replaced)),
        unmade=tuple(part.study_name for part in unmade),
        incomplete=tuple(incomplete),
        foreign=tuple(foreign),
        running=sum(not one.lost for one in running),
        elsewhere=dict(elsewhere),
        studies=len(studies),
        trials=sum(len(part.get_trials(deepcopy=False)) for part in own),
    )


def _is_new(one: RunningNow, now: datetime) -> bool:
    """Whether a trial was begun just now, and may be about to say whose it is."""
    if one.owner is not None or one.started is None:
        return False
    return abs(now.timestamp() - one.started.timestamp()) < UNOWNED


def _spoiled(
    part: Study, artifacts: Artifacts, replaced: frozenset[Artifact]
) -> Iterable[SpoiledArtifact]:
    for trial in part.get_trials(deepcopy=False):
        if outcome_of(trial) in COUNTED:
            for kept in kept_artifacts(trial, artifacts):
                problem = problem_of(trial, kept, artifacts, replaced)
                if problem is not None:
                    yield SpoiledArtifact(part.study_name, trial.number, kept, problem)


def _half_made(storage: BaseStorage) -> list[Study]:
    """Optuna studies, without a trial, that were cut off before they said what they belong to."""
    found = []
    for one in storage.get_all_studies():
        if not STUDY.is_on(one) and set(one.user_attrs) <= {PHASE.name, CELL.name}:
            part = load_study(study_name=one.study_name, storage=storage)
            is_ours = PHASE.is_on(one) or part.metric_names == [OBJECTIVE]
            if is_ours and not part.get_trials(deepcopy=False):
                found.append(part)
    return found


def _undescribed(own: list[Study]) -> list[Study]:
    """The parts of a study that does not say what it asks, where none holds a trial."""
    asks = any(QUESTION.is_on(part) for part in own)
    return [] if asks or any(part.get_trials(deepcopy=False) for part in own) else own


def _lacks_parts(own: list[Study], stored: StoredStudy | None) -> bool:
    if not any(QUESTION.is_on(part) for part in own):
        return not _undescribed(own)
    return stored is not None and len(stored.parts) < len(parts(stored.spec))


def _examine_files(
    health: Health,
    files: list[Path],
    artifacts: Artifacts,
    place: StoragePlace,
    now: datetime,
) -> Health:
    """What lies with the artifacts, or was to replace the journal, and belongs to nobody."""
    begun = [path for path in files if path.name.startswith(".")]
    journal = Path(place.url)
    begun += [p for p in regular_files(journal.parent) if p.name.startswith(f".{journal.name}.")]
    temporary = [path for path in begun if not health.running or (_age(path, now) or 0) > WRITING]
    named = artifacts.named()
    orphans = [path for path in files if path not in begun and path.name not in named]
    if orphans:
        beside = _named_beside(journal)
        orphans = [path for path in orphans if path.name not in beside]
    return replace(health, temporary=tuple(temporary), orphans=tuple(orphans))


def _named_beside(journal: Path) -> set[str]:
    """The artifacts that other files beside a journal name: other storages share its folder."""
    named: set[str] = set()
    for path in regular_files(journal.parent):
        if path.name == journal.name:
            continue
        try:
            named |= named_in(path.read_bytes())
        except FileNotFoundError:
            continue
        except OSError as error:
            rule = f"cannot be read, and may name artifacts of its own: {error.strerror}"
            raise InputError(Problem(str(path), rule)) from error
    return named
