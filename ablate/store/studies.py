"""The studies in a storage: found, made, described, removed."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optuna import create_study, delete_study, exceptions

from ablate.errors import InputError, Problem, did_you_mean
from ablate.planning.plan import Part, parts, trials_when_complete
from ablate.spec.study import Cell, StudySpec
from ablate.store.artifacts import Artifacts
from ablate.store.attempts import Attempts
from ablate.store.attributes import CARDS, CELL, DATA, PHASE, QUESTION, SPEC, STUDY, THREADS
from ablate.store.ledger import Ledger
from ablate.store.place import study_summaries
from ablate.store.question import asked, check_question, own_parts
from ablate.store.slots import Slots

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import BaseStorage


@dataclass(frozen=True)
class StoredStudy:
    """A study in a storage."""

    spec: StudySpec
    """As it was run last."""
    parts: Mapping[Part, Study]
    """Its Optuna studies; those that were never begun are missing."""
    describing: Study
    """The one that says what is asked, and holds all else that is kept once for the study: the part that
    was the first when the study was begun."""

    @property
    def tuning(self) -> dict[Cell, Study]:
        """The search of each cell."""
        return {part.cell: study for part, study in self.parts.items() if part.cell is not None}

    @property
    def replicates(self) -> Study | None:
        """The replicates of all cells."""
        return next((s for part, s in self.parts.items() if part.phase == "replicate"), None)

    @cached_property
    def searches(self) -> Mapping[Cell, Slots]:
        """What became of each cell's search; as it was when it was last refreshed."""
        return {cell: Slots(study) for cell, study in self.tuning.items()}

    @cached_property
    def attempts(self) -> Attempts:
        """What became of the replicates; as it was when it was last refreshed."""
        return Attempts(self.spec, self.replicates)

    @property
    def ledgers(self) -> tuple[Ledger, ...]:
        """What became of the trials of all parts; as it was when each was last refreshed."""
        return (*self.searches.values(), self.attempts)

    @cached_property
    def totals(self) -> Mapping[Cell, int]:
        """How many trials the search of each cell holds when it is complete."""
        return {
            cell: trials_when_complete(self.spec, cell.variant) for cell in self.spec.searched_cells
        }


def study_names(storage: BaseStorage) -> list[str]:
    """The names of all studies, the one with the latest trial first."""
    latest: dict[str, float] = {}
    for summary in study_summaries(storage):
        name = STUDY.of(summary)
        if name is not None:
            started = summary.datetime_start.timestamp() if summary.datetime_start else 0.0
            latest[name] = max(started, latest.get(name, 0.0))
    return sorted(latest, key=lambda name: latest[name], reverse=True)


def find_study(storage: BaseStorage, name: str) -> StoredStudy | None:
    """The study of a name; None where there is none, or where it does not say yet what it asks.

    Raises:
        OtherVersionError: another version stored it, and this one cannot read it.
    """
    return study_of(own_parts(storage, name))


def study_of(own: Iterable[Study]) -> StoredStudy | None:
    """The study that Optuna studies are the parts of; None where they do not say what it asks.

    Raises:
        OtherVersionError: another version stored it, and this one cannot read it.
    """
    named = {part.study_name: part for part in own}
    spec = asked(named.values())
    if spec is None:
        return None
    return _stored(spec, named)


def stored_as(storage: BaseStorage, spec: StudySpec) -> StoredStudy:
    """A study that is stored already, as a spec asks it."""
    return _stored(spec, {part.study_name: part for part in own_parts(storage, spec.name)})


def _stored(spec: StudySpec, named: Mapping[str, Study]) -> StoredStudy:
    """A study of its parts, by name."""
    found = {part: named[part.name] for part in parts(spec) if part.name in named}
    return StoredStudy(spec, found, next(filter(SPEC.is_on, named.values())))


def named_study(storage: BaseStorage, name: str) -> StoredStudy:
    """The study of a name.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    found = find_study(storage, name)
    if found is None:
        known = study_names(storage)
        if name in known:
            rule = "its making was cut off: the storage does not say what it asks"
            raise InputError(Problem(name, rule, hint="run it again, or remove it: ablate delete"))
        raise InputError(not_run(name, known))
    return found


def not_run(name: str, known: Iterable[str]) -> Problem:
    """What is said of a name that no stored study has; it may be that of a study file."""
    called = Path(name).stem if name.endswith(".toml") else name
    return Problem(name, "no such study has been run", hint=did_you_mean(called, known))


def open_study(storage: BaseStorage, study: StudySpec, digests: Mapping[str, str]) -> StoredStudy:
    """The stored study of a spec, made when it is absent.

    Args:
        storage: the storage.
        study: the study.
        digests: the digest of each data set's images.

    Raises:
        InputError: a stored study of that name asks something else.
    """
    check_question(storage, study, digests)
    opened: dict[Part, Study] = {}
    for part in parts(study):
        # Another run of the study may be making it at this moment.
        found = create_study(
            study_name=part.name,
            storage=storage,
            direction="minimize" if study.searched.sign > 0 else "maximize",
            load_if_exists=True,
        )
        if not STUDY.is_on(found):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", exceptions.ExperimentalWarning)
                found.set_metric_names([study.objective])
            PHASE.write(found, part.phase)
            CELL.write(found, part.cell)
            STUDY.write(found, study.name)
        opened[part] = found
    described = filter(SPEC.is_on, own_parts(storage, study.name))
    describing = next(described, next(iter(opened.values())))
    _describe(describing, study, digests)
    check_question(storage, study, digests)
    return StoredStudy(study, opened, describing)


def _describe(describing: Study, study: StudySpec, digests: Mapping[str, str]) -> None:
    """Writes what is asked; the question last, when all is there."""
    SPEC.update(describing, study.model_dump(mode="json"))
    DATA.update(describing, dict(digests))
    QUESTION.update(describing, study.question())


def data_digests(stored: StoredStudy) -> dict[str, str]:
    """The digest of each data set's images."""
    return DATA.of(stored.describing) or {}


def data_cards(stored: StoredStudy) -> dict[str, dict[str, Any]]:
    """The data card of each data set of a study that has one."""
    return CARDS.of(stored.describing) or {}


def write_cards(stored: StoredStudy, cards: Mapping[str, Mapping[str, Any]]) -> None:
    """Keeps the data cards of a study beside its question."""
    own = {name: dict(card) for name, card in cards.items()}
    CARDS.update(stored.describing, own)


def recorded_threads(stored: StoredStudy) -> int | None:
    """How many threads a worker computed with when the study was begun; None where it is unknown."""
    return THREADS.of(stored.describing)


def record_threads(stored: StoredStudy, threads: int) -> None:
    """Notes how many threads a worker computes with."""
    THREADS.write(stored.describing, threads)


def remove_study(storage: BaseStorage, name: str, artifacts: Artifacts) -> None:
    """Deletes a study, its trials and their artifacts, where there is one."""
    # What says what was asked goes last: until then the others are known for what they are.
    for part in sorted(own_parts(storage, name), key=QUESTION.is_on):
        found = [one for trial in part.get_trials(deepcopy=False) for one in artifacts.of(trial)]
        delete_study(study_name=part.study_name, storage=storage)
        for artifact in found:
            artifacts.remove(artifact)
