"""The studies in a storage at a glance: how far they are, how large, when there was activity."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from optuna import load_study
from optuna.trial import TrialState
from pydantic import ValidationError

from ablate.artifacts import Artifacts
from ablate.attributes import OWNER, PHASE, SPEC, STUDY
from ablate.housekeeping.kept import count_and_size
from ablate.owner import Owner
from ablate.phases import PhaseState, phase_states
from ablate.plan import parts
from ablate.spec import Phase, StudySpec
from ablate.stored import StoredStudy

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial


@dataclass(frozen=True)
class RunningNow:
    """A trial that is marked as running, and whether it is."""

    part: str
    """The Optuna study that holds it."""
    phase: Phase
    number: int
    owner: Owner | None
    """The process that trains it; None where it died before it said so."""
    started: datetime | None
    """In local time."""
    lost: bool
    """Whether that process is gone; False for one on another machine, which is not known."""


@dataclass(frozen=True)
class StudyOverview:
    """What there is of one study."""

    name: str
    phases: tuple[PhaseState, ...] | None
    """How far it is; None where it does not say what it asks, or not so that we understand."""
    trials: int
    """Of its search, however they ended."""
    replicates: int
    running: tuple[RunningNow, ...]
    artifacts: int
    size: int
    """Of its artifacts on disk, in bytes."""
    last: datetime | None
    """When a trial last began or ended, in local time; None where none has begun."""

    @property
    def total(self) -> int:
        """How many trials and replicates it holds when it is complete."""
        return sum(phase.total for phase in self.phases or ())

    @property
    def finished(self) -> int:
        """How many of these are finished."""
        return sum(phase.finished for phase in self.phases or ())


IsGone = Callable[[Owner], bool]


def overviews(
    storage: BaseStorage, artifacts: Artifacts, is_gone: IsGone = Owner.is_gone
) -> list[StudyOverview]:
    """Every study of a storage, the one with the latest activity first.

    Args:
        storage: the storage.
        artifacts: those of its trials.
        is_gone: whether a process has ended.
    """
    found = [_overview(name, own, artifacts, is_gone) for name, own in own_parts(storage).items()]
    return sorted(found, key=lambda study: study.last or datetime.min, reverse=True)


def overview(
    storage: BaseStorage, name: str, artifacts: Artifacts, is_gone: IsGone = Owner.is_gone
) -> StudyOverview | None:
    """One study; None where there is none of that name."""
    own = own_parts(storage).get(name)
    return _overview(name, own, artifacts, is_gone) if own else None


def own_parts(storage: BaseStorage) -> dict[str, list[Study]]:
    """The Optuna studies of each study, by the study's name."""
    found: defaultdict[str, list[Study]] = defaultdict(list)
    for one in storage.get_all_studies():
        name = STUDY.of(one)
        if name is not None:
            found[name].append(load_study(study_name=one.study_name, storage=storage))
    return dict(found)


def stored_study(own: Iterable[Study]) -> StoredStudy | None:
    """The study that Optuna studies are the parts of; None where they do not say what it asks."""
    named = {part.study_name: part for part in own}
    text = next((SPEC.of(part) for part in named.values() if SPEC.is_on(part)), None)
    if text is None:
        return None
    try:
        spec = StudySpec.model_validate_json(json.dumps(text))
    except ValidationError:  # of another version
        return None
    return StoredStudy(spec, {part: named[part.name] for part in parts(spec) if part.name in named})


def running_trials(own: Iterable[Study], is_gone: IsGone = Owner.is_gone) -> list[RunningNow]:
    """The trials of Optuna studies that are marked as running."""
    found = []
    for part in own:
        phase = PHASE.of(part) or "tune"
        for trial in part.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            owner = OWNER.of(trial)
            lost = owner is None or is_gone(owner)
            found.append(
                RunningNow(part.study_name, phase, trial.number, owner, trial.datetime_start, lost)
            )
    return found


def _overview(name: str, own: list[Study], artifacts: Artifacts, is_gone: IsGone) -> StudyOverview:
    trials: Mapping[bool, list[FrozenTrial]] = {False: [], True: []}
    for part in own:
        trials[PHASE.of(part) == "replicate"] += part.get_trials(deepcopy=False)
    both = trials[False] + trials[True]
    stored = stored_study(own)
    count, size = count_and_size(both, artifacts)
    times = (time for trial in both for time in (trial.datetime_start, trial.datetime_complete))
    return StudyOverview(
        name=name,
        phases=None if stored is None else phase_states(stored),
        trials=len(trials[False]),
        replicates=len(trials[True]),
        running=tuple(running_trials(own, is_gone)),
        artifacts=count,
        size=size,
        last=max((time for time in times if time is not None), default=None),
    )
