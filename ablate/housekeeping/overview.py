"""The studies in a storage at a glance: how far they are, how large, when there was activity."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from optuna.trial import TrialState

from ablate.housekeeping.kept import count_and_size
from ablate.spec.study import Phase
from ablate.state.phases import PhaseState, phase_states
from ablate.store.artifacts import Artifacts
from ablate.store.attributes import OWNER, PHASE
from ablate.store.owner import Owner
from ablate.store.question import OtherVersionError, own_parts, parts_by_study
from ablate.store.studies import study_of

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
    """How far it is; None where it does not say what it asks, or cannot be read."""
    writer: str | None
    """Which version of ablate stored it, where this one cannot read it."""
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
    found = [
        _overview(name, own, artifacts, is_gone) for name, own in parts_by_study(storage).items()
    ]
    return sorted(found, key=lambda study: study.last or datetime.min, reverse=True)


def overview(
    storage: BaseStorage, name: str, artifacts: Artifacts, is_gone: IsGone = Owner.is_gone
) -> StudyOverview | None:
    """One study; None where there is none of that name."""
    own = own_parts(storage, name)
    return _overview(name, own, artifacts, is_gone) if own else None


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
    stored, writer = None, None
    try:
        stored = study_of(own)
    except OtherVersionError as error:
        writer = error.writer
    count, size = count_and_size(both, artifacts)
    times = (time for trial in both for time in (trial.datetime_start, trial.datetime_complete))
    return StudyOverview(
        name=name,
        phases=None if stored is None else phase_states(stored),
        writer=writer,
        trials=len(trials[False]),
        replicates=len(trials[True]),
        running=tuple(running_trials(own, is_gone)),
        artifacts=count,
        size=size,
        last=max((time for time in times if time is not None), default=None),
    )
