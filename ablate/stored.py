"""The studies in a storage: found, made, compared with a study file, removed."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from optuna import create_study, delete_study, exceptions, load_study

from ablate.artifacts import Artifacts
from ablate.attempts import Attempts
from ablate.attributes import CARDS, CELL, DATA, PHASE, QUESTION, SPEC, STUDY, THREADS
from ablate.errors import InputError, Problem, did_you_mean, shown
from ablate.ledger import Ledger
from ablate.plan import Part, parts, trials_when_complete
from ablate.slots import Slots
from ablate.spec import Cell, StudySpec
from ablate.storage import study_summaries

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import BaseStorage
    from optuna.study import StudySummary

METRIC = "val_loss"


@dataclass(frozen=True)
class StoredStudy:
    """A study in a storage."""

    spec: StudySpec
    """As it was run last."""
    parts: Mapping[Part, Study]
    """Its Optuna studies; those that were never begun are missing."""

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
        return {cell: trials_when_complete(self.spec, cell.variant) for cell in self.spec.cells}


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
    """The study of a name; None where there is none, or where it does not say yet what it asks."""
    own = {summary.study_name: summary for summary in _summaries(storage, name)}
    texts = [SPEC.of(summary) for summary in own.values() if SPEC.is_on(summary)]
    if not texts:
        return None
    spec = StudySpec.model_validate_json(json.dumps(texts[0]))
    found = {
        part: load_study(study_name=part.name, storage=storage)
        for part in parts(spec)
        if part.name in own
    }
    return StoredStudy(spec, found)


def named_study(storage: BaseStorage, name: str) -> StoredStudy:
    """The study of a name.

    Raises:
        InputError: there is none.
    """
    found = find_study(storage, name)
    if found is None:
        known = study_names(storage)
        if name in known:
            rule = "its making was cut off: the storage does not say what it asks"
            raise InputError(Problem(name, rule, hint="run it again, or remove it: ablate delete"))
        raise InputError(
            Problem(name, "no such study has been run", hint=did_you_mean(name, known))
        )
    return found


def _summaries(storage: BaseStorage, name: str) -> list[StudySummary]:
    summaries = study_summaries(storage)
    return [summary for summary in summaries if STUDY.of(summary) == name]


def check_question(
    storage: BaseStorage, study: StudySpec, digests: Mapping[str, str] | None = None
) -> None:
    """Makes sure that a stored study of the same name, if there is one, asks the same.

    Args:
        storage: the storage.
        study: the study file.
        digests: the digest of each data set's images, where they are known already.

    Raises:
        InputError: it asks something else; holds every difference.
    """
    named = {summary.study_name: summary for summary in study_summaries(storage)}
    for part in parts(study):
        if part.name in named and not _is_ours(named[part.name], study):
            rule = f"the storage holds a study {part.name} that was not made by this study"
            raise InputError(Problem(study.path, rule, "study.name", hint="rename yours"))
    described = (s for s in _summaries(storage, study.name) if QUESTION.is_on(s))
    first = next(described, None)
    if first is None:
        return
    old, new = _flat(QUESTION.of(first)), _flat(study.question())
    remedy = "rename the study to keep both, or run with --fresh to delete the old one's trials"
    problems = []
    for key in sorted(old.keys() | new.keys()):
        then, now = old.get(key), new.get(key)
        if then == now:
            continue
        rule = f"the stored study {study.name} has {shown(then)}, this file has {shown(now)}"
        where = key
        if key.rpartition(".")[2] == "architecture_digest":
            where = "study.search_space"
            if then and now:  # two hashes would tell nobody anything
                source = next(a.source for a in study.architectures if a.digest == now)
                rule = f"{source} has changed since the study {study.name} was begun"
        problems.append(Problem(study.path, rule, where, hint=remedy))
    stored_digests = DATA.of(first) or {}
    for name, digest in (digests or {}).items() if not problems else ():
        if stored_digests.get(name) != digest:
            rule = (
                f"the {name} images are not those that the stored study {study.name} was trained on"
            )
            problems.append(Problem(study.path, rule, "study.dataset", hint=remedy))
    if problems:
        raise InputError(*problems)


def _is_ours(summary: StudySummary, study: StudySpec) -> bool:
    """Whether an Optuna study is a part of a study; one cut off while it was made is."""
    if STUDY.of(summary) == study.name:
        return True
    return set(summary.user_attrs) <= {PHASE.name, CELL.name} and summary.n_trials == 0


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
            study_name=part.name, storage=storage, direction="minimize", load_if_exists=True
        )
        if not STUDY.is_on(found):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", exceptions.ExperimentalWarning)
                found.set_metric_names([METRIC])
            PHASE.write(found, part.phase)
            CELL.write(found, part.cell)
            STUDY.write(found, study.name)
        opened[part] = found
    described = (found for found in opened.values() if SPEC.is_on(found))
    _describe(next(described, next(iter(opened.values()))), study, digests)
    check_question(storage, study, digests)
    return StoredStudy(study, opened)


def _describe(first: Study, study: StudySpec, digests: Mapping[str, str]) -> None:
    """Writes what is asked beside a study's first part; the question last, when all is there."""
    SPEC.update(first, study.model_dump(mode="json"))
    DATA.update(first, dict(digests))
    QUESTION.update(first, study.question())


def data_digests(stored: StoredStudy) -> dict[str, str]:
    """The digest of each data set's images."""
    return next((DATA.of(part) or {} for part in stored.parts.values()), {})


def data_cards(stored: StoredStudy) -> dict[str, dict[str, Any]]:
    """The data card of each data set of a study that has one."""
    return next((CARDS.of(part) or {} for part in stored.parts.values()), {})


def write_cards(stored: StoredStudy, cards: Mapping[str, Mapping[str, Any]]) -> None:
    """Keeps the data cards of a study beside its question."""
    own = {name: dict(card) for name, card in cards.items()}
    CARDS.update(next(iter(stored.parts.values())), own)


def recorded_threads(stored: StoredStudy) -> int | None:
    """How many threads a worker computed with when the study was begun; None where it is unknown."""
    return THREADS.of(next(iter(stored.parts.values())))


def record_threads(stored: StoredStudy, threads: int) -> None:
    """Notes how many threads a worker computes with."""
    THREADS.write(next(iter(stored.parts.values())), threads)


def remove_study(storage: BaseStorage, name: str, artifacts: Artifacts) -> None:
    """Deletes a study, its trials and their artifacts, where there is one."""
    summaries = _summaries(storage, name)
    # What says what was asked goes last: until then the others are known for what they are.
    summaries.sort(key=QUESTION.is_on)
    for part in [summary.study_name for summary in summaries]:
        study = load_study(study_name=part, storage=storage)
        found = [one for trial in study.get_trials(deepcopy=False) for one in artifacts.of(trial)]
        delete_study(study_name=part, storage=storage)
        for artifact in found:
            artifacts.remove(artifact)


def _flat(value: object, prefix: str = "") -> dict[str, object]:
    """Nested tables as dotted keys; lists of named tables by their names."""
    if (
        isinstance(value, list)
        and value
        and all(isinstance(v, dict) and "name" in v for v in value)
    ):
        value = {cast("dict[str, object]", item)["name"]: item for item in value}
    if not isinstance(value, dict):
        return {prefix: value}
    flat: dict[str, object] = {}
    for key, inner in value.items():
        flat |= _flat(inner, f"{prefix}.{key}" if prefix else str(key))
    return flat
