"""Running a study means making it complete."""

from __future__ import annotations

import importlib.util
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ablate.data import find_prepared
from ablate.errors import InputError, Problem, RunError
from ablate.executors.local import LocalWorker, WorkerDiedError
from ablate.files import folder_name
from ablate.messages import Event, Finished, PrepareData, Refused, Started, StopTraining, TrainTrial
from ablate.plan import trials_when_complete
from ablate.spec import StudySpec
from ablate.storage import (
    ArtifactStore,
    StoragePlace,
    check_question,
    find_study,
    is_undescribed,
    mend_journal,
    open_storage,
    open_study,
    remove_study,
)
from ablate.trials import count_outcomes, fail_trial, finished, requeue_lost

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import BaseStorage

FAILURES = 10
"""So many failed trials in a row, with no success, end a run."""
TICK = 0.2
"""Seconds between looks at the clock and at a request to stop."""


class Listener(Protocol):
    """Is told what happens during a run."""

    def opened(self, study: StudySpec, total: int, finished: int, queued: int) -> None:
        """The study is open: so many trials in all, finished already, and queued again."""

    def heard(self, event: Event) -> None:
        """A worker told of an event."""

    def stopping(self) -> None:
        """The run ends after the running epoch."""


class Silence:
    """A listener that says nothing."""

    def opened(self, study: StudySpec, total: int, finished: int, queued: int) -> None:
        """Says nothing."""

    def heard(self, event: Event) -> None:
        """Says nothing."""

    def stopping(self) -> None:
        """Says nothing."""


@dataclass
class StopRequest:
    """A wish to end a run: asked once after the running epoch, asked twice at once."""

    times: int = 0

    def ask(self) -> None:
        """Asks once more."""
        self.times += 1


@dataclass(frozen=True)
class RunSummary:
    """How a run ended."""

    total: int
    """How many trials the study holds when it is complete."""
    counts: dict[str, int]
    """Trials of each outcome in the storage."""
    trained: int
    """Trials that this run finished."""
    seconds: float
    stopped: str | None
    """Why the run ended before the study was complete: ``interrupted`` or ``timeout``."""


def run_study(
    study: StudySpec,
    place: StoragePlace,
    listener: Listener | None = None,
    *,
    stop: StopRequest | None = None,
    timeout: float | None = None,
    fresh: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> RunSummary:
    """Trains the trials that a study still lacks, in a worker process.

    Args:
        study: the question.
        place: the storage that holds its answer.
        listener: is told what happens.
        stop: asks the run to end.
        timeout: seconds after which the run ends, as if asked to once.
        fresh: whether an earlier study of that name is deleted first.
        clock: seconds from some fixed point.

    Raises:
        InputError: the storage, the data or an earlier study of that name do not fit.
        RunError: ten trials in a row failed and none succeeded.
    """
    started = clock()
    _check_backend(study)
    place.check()
    if not fresh:
        _check_stored_question(place, study)
    digest = _prepare_data(study, place)
    storage = open_storage(place)
    if fresh:
        remove_study(storage, study.name, ArtifactStore(place.artifacts))
    run = _Run(
        study=study,
        place=place,
        storage=storage,
        optuna_study=open_study(storage, study, digest),
        listener=listener or Silence(),
        stop=stop or StopRequest(),
        deadline=float("inf") if timeout is None else started + timeout,
        clock=clock,
    )
    run.open()
    try:
        while run.owes() and not run.stopped:
            with LocalWorker(log_path(place, study), study.training.backend) as worker:
                run.make_complete(worker)
    finally:
        run.close()
    return RunSummary(
        total=run.total,
        counts=count_outcomes(run.optuna_study),
        trained=run.trained,
        seconds=clock() - started,
        stopped=run.stopped,
    )


def _check_backend(study: StudySpec) -> None:
    backend = study.training.backend
    if importlib.util.find_spec(backend) is None:
        rule = f"the backend {backend} is not installed"
        hint = f'install it: pip install "keras-ablate[{backend}]"'
        raise InputError(Problem(study.path, rule, "training.backend", hint=hint))


def _check_stored_question(place: StoragePlace, study: StudySpec) -> None:
    """Finds out early, before anything is prepared, that a stored study asks something else."""
    if place.is_database or Path(place.url).exists():
        stored = find_study(open_storage(place), study.name)
        if stored is not None and not is_undescribed(stored):
            check_question(stored, study)


def _prepare_data(study: StudySpec, place: StoragePlace) -> str:
    """Prepares the data, in a process of its own where they are not at hand; their digest."""
    found = find_prepared(study.data, place.cache)
    if found is not None:
        return found.digest
    with (
        tempfile.TemporaryDirectory(prefix="ablate-data-") as folder,
        LocalWorker(Path(folder) / "data.log", study.training.backend) as worker,
    ):
        answer = worker.ask(PrepareData(settings=study.data, cache=str(place.cache)))
    if isinstance(answer, Refused):
        raise InputError(*answer.problems)
    return str(answer.answer)


def log_path(place: StoragePlace, study: StudySpec) -> Path:
    """The file that gets what a study's workers print."""
    return place.logs / f"{folder_name(study.name)}.log"


@dataclass
class _Run:
    """One run of a study."""

    study: StudySpec
    place: StoragePlace
    storage: BaseStorage
    optuna_study: Study
    listener: Listener
    stop: StopRequest
    deadline: float
    clock: Callable[[], float]
    trained: int = 0
    stopped: str | None = None
    _failures: int = 0
    """Failed trials since the last success."""
    _succeeded: bool = False
    _told_to_stop: bool = False

    @property
    def total(self) -> int:
        """How many trials the study holds when it is complete."""
        return trials_when_complete(self.study)

    def open(self) -> None:
        """Queues again what an earlier run left behind, and tells the listener."""
        queued = requeue_lost(self.optuna_study, self.storage)
        done = len(finished(self.optuna_study))
        self.listener.opened(self.study, self.total, done, queued)

    def close(self) -> None:
        """Queues again what this run leaves behind, once its worker is gone."""
        mend_journal(self.place)
        requeue_lost(self.optuna_study, self.storage)

    def owes(self) -> bool:
        """Whether trials are still owed."""
        return len(finished(self.optuna_study)) < self.total

    def make_complete(self, worker: LocalWorker) -> None:
        """Has trials trained until none is owed; returns early when the worker dies."""
        while self.owes() and not self._should_stop():
            running: int | None = None
            try:
                for event in self._follow_trial(worker):
                    if isinstance(event, Started):
                        running = event.number
                    self._note(event)
            except WorkerDiedError as death:
                self._bury(running, str(death))
                return
            requeue_lost(self.optuna_study, self.storage)
            self._check_failures()

    def _follow_trial(self, worker: LocalWorker) -> Iterator[Event]:
        """Orders one trial, and gives its events until it is finished."""
        order = TrainTrial(
            study=self.study,
            storage=self.place.url,
            artifacts=str(self.place.artifacts),
            cache=str(self.place.cache),
            ordinal=len(finished(self.optuna_study)),
        )
        worker.give(order)
        event: Event | None = None
        while not isinstance(event, Finished):
            if self._should_stop() and not self._told_to_stop:
                self._told_to_stop = True
                worker.give(StopTraining())
                self.listener.stopping()
            event = worker.next_event(timeout=TICK)
            if isinstance(event, Refused):
                raise InputError(*event.problems)
            if event is not None:
                yield event

    def _note(self, event: Event) -> None:
        self.listener.heard(event)
        if not isinstance(event, Finished) or event.outcome == "interrupted":
            return
        self.trained += 1
        self._failures = self._failures + 1 if event.outcome == "failed" else 0
        self._succeeded = self._succeeded or event.outcome in ("complete", "pruned")

    def _bury(self, running: int | None, how: str) -> None:
        """Records that a trial took its worker down."""
        reason = f"the worker {how}"
        mend_journal(self.place)
        if running is None:
            raise RunError(
                f"{reason} before a trial began; its log: {log_path(self.place, self.study)}"
            )
        fail_trial(self.optuna_study, self.storage, running, reason)
        self._note(Finished(number=running, outcome="failed", reason=reason))
        self._check_failures()

    def _check_failures(self) -> None:
        if self._failures >= FAILURES and not self._succeeded:
            raise RunError(
                f"{FAILURES} trials in a row failed and none succeeded; the last one: "
                f"{_last_reason(self.optuna_study)}; the worker's log: "
                f"{log_path(self.place, self.study)}"
            )

    def _should_stop(self) -> bool:
        if self.stop.times:
            self.stopped = "interrupted"
        elif self.clock() >= self.deadline:
            self.stopped = "timeout"
        return self.stopped is not None


def _last_reason(study: Study) -> str:
    reasons = [t.user_attrs.get("reason") for t in study.get_trials(deepcopy=False)]
    return str(next((reason for reason in reversed(reasons) if reason), "no reason recorded"))
