"""Running a study means making it complete."""

from __future__ import annotations

import importlib.util
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ablate.data import find_prepared
from ablate.data_card import find_card
from ablate.errors import InputError, Problem, RunError
from ablate.executors.local import LocalWorker, WorkerDiedError
from ablate.files import folder_name
from ablate.messages import (
    Event,
    Finished,
    Place,
    PrepareData,
    Refused,
    Started,
    StopTraining,
    TrainReplicate,
    TuneTrial,
)
from ablate.phases import PhaseState, phase_states
from ablate.plan import trials_when_complete
from ablate.replicates import owed_replicates
from ablate.spec import DataSettings, StudySpec
from ablate.storage import ArtifactStore, StoragePlace, mend_journal, open_storage
from ablate.stored import (
    StoredStudy,
    check_question,
    open_study,
    remove_study,
    write_cards,
)
from ablate.trials import close_lost, fail_trial, finished, outcome_of, requeue_lost

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

FAILURES = 10
"""So many failed trials in a row, with no success, end a run."""
TICK = 0.2
"""Seconds between looks at the clock and at a request to stop."""


class Listener(Protocol):
    """Is told what happens during a run."""

    def opened(self, study: StudySpec, phases: Sequence[PhaseState], cut_off: int) -> None:
        """The study is open: how far each phase is, and how many trials were cut off earlier."""

    def heard(self, event: Event) -> None:
        """A worker told of an event."""

    def stopping(self) -> None:
        """The run ends after the running epoch."""


class Silence:
    """A listener that says nothing."""

    def opened(self, study: StudySpec, phases: Sequence[PhaseState], cut_off: int) -> None:
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

    phases: tuple[PhaseState, ...]
    trained: int
    """Trials that this run finished."""
    seconds: float
    stopped: str | None
    """Why the run ended before the study was complete: ``interrupted`` or ``timeout``."""

    @property
    def complete(self) -> int:
        """Complete trials in the storage, those of earlier runs included."""
        return sum(phase.counts.get("complete", 0) for phase in self.phases)


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
    _check_backends(study)
    place.check()
    if not fresh:
        _check_stored_question(place, study)
    cards = {data.dataset: _prepare_data(study, data, place) for data in study.datasets}
    digests = {name: str(card["digest"]) for name, card in cards.items()}
    storage = open_storage(place)
    if fresh:
        remove_study(storage, study.name, ArtifactStore(place.artifacts))
    stored = open_study(storage, study, digests)
    write_cards(stored, cards)
    run = _Run(
        study=study,
        place=place,
        storage=storage,
        stored=stored,
        listener=listener or Silence(),
        stop=stop or StopRequest(),
        deadline=float("inf") if timeout is None else started + timeout,
        clock=clock,
    )
    run.open()
    try:
        while run.next_order() is not None and not run.stopped:
            with LocalWorker(log_path(place, study), study.training.backend) as worker:
                run.make_complete(worker)
    finally:
        run.close()
    return RunSummary(
        phases=phase_states(run.stored),
        trained=run.trained,
        seconds=clock() - started,
        stopped=run.stopped,
    )


def _check_backends(study: StudySpec) -> None:
    backend = study.training.backend
    if importlib.util.find_spec(backend) is None:
        rule = f"the backend {backend} is not installed"
        hint = f'install it: pip install "keras-ablate[{backend}]"'
        raise InputError(Problem(study.path, rule, "training.backend", hint=hint))


def _check_stored_question(place: StoragePlace, study: StudySpec) -> None:
    """Finds out early, before anything is prepared, that a stored study asks something else."""
    if place.is_database or Path(place.url).exists():
        check_question(open_storage(place), study)


def _prepare_data(study: StudySpec, settings: DataSettings, place: StoragePlace) -> dict[str, Any]:
    """Prepares a data set, in a process of its own where it is not at hand; its data card."""
    found = find_prepared(settings, place.cache)
    card = find_card(found, settings) if found is not None else None
    if card is not None:
        return card
    with (
        tempfile.TemporaryDirectory(prefix="ablate-data-") as folder,
        LocalWorker(Path(folder) / "data.log", study.training.backend) as worker,
    ):
        answer = worker.ask(PrepareData(settings=settings, cache=str(place.cache)))
    if isinstance(answer, Refused):
        raise InputError(*answer.problems)
    made: dict[str, Any] = answer.answer
    return made


def log_path(place: StoragePlace, study: StudySpec) -> Path:
    """The file that gets what a study's workers print."""
    return place.logs / f"{folder_name(study.name)}.log"


@dataclass
class _Run:
    """One run of a study."""

    study: StudySpec
    place: StoragePlace
    storage: BaseStorage
    stored: StoredStudy
    listener: Listener
    stop: StopRequest
    deadline: float
    clock: Callable[[], float]
    trained: int = 0
    stopped: str | None = None
    _failures: int = 0
    """Failed trials since the last success."""
    _succeeded: bool = False
    """Whether a trial of this study has ever succeeded."""
    _told_to_stop: bool = False

    def open(self) -> None:
        """Takes up again what an earlier run left behind, and tells the listener."""
        cut_off = self._mend()
        phases = phase_states(self.stored)
        self._succeeded = any(phase.counts.get("complete") for phase in phases)
        self.listener.opened(self.study, phases, cut_off)

    def close(self) -> None:
        """Takes up what this run leaves behind, once its worker is gone."""
        mend_journal(self.place)
        self._mend()

    def _mend(self) -> int:
        """Queues tuned trials that were cut off again and closes such replicates; how many."""
        cut_off = sum(requeue_lost(study) for study in self.stored.tuning.values())
        replicates = self.stored.replicates
        return cut_off + (close_lost(replicates) if replicates is not None else 0)

    def next_order(self) -> TuneTrial | TrainReplicate | None:
        """What is owed next: trials of the cell that has fewest of them, then replicates."""
        place = Place(
            storage=self.place.url,
            artifacts=str(self.place.artifacts),
            cache=str(self.place.cache),
        )
        counts = {cell: len(finished(found)) for cell, found in self.stored.tuning.items()}
        owing = {
            cell: count
            for cell, count in counts.items()
            if count < trials_when_complete(self.study, cell.variant)
        }
        if owing:
            cell = min(owing, key=lambda cell: owing[cell])
            return TuneTrial(study=self.study, place=place, cell=cell, ordinal=owing[cell])
        for owed in owed_replicates(self.stored)[:1]:
            return TrainReplicate(
                study=self.study,
                place=place,
                cell=owed.cell,
                seed=owed.seed,
                chosen_from=owed.choice.number,
                tuned=owed.choice.tuned,
            )
        return None

    def make_complete(self, worker: LocalWorker) -> None:
        """Has trials trained until none is owed; returns early when the worker dies."""
        while not self._should_stop() and (order := self.next_order()) is not None:
            running: Started | None = None
            try:
                for event in self._follow(worker, order):
                    if isinstance(event, Started):
                        running = event
                    self._note(event)
            except WorkerDiedError as death:
                self._bury(running, str(death))
                return
            self._mend()
            self._check_failures()

    def _follow(self, worker: LocalWorker, order: TuneTrial | TrainReplicate) -> Iterator[Event]:
        """Gives an order, and then its events until its trial is finished."""
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

    def _bury(self, running: Started | None, how: str) -> None:
        """Records that a trial took its worker down."""
        reason = f"the worker {how}"
        mend_journal(self.place)
        if running is None:
            raise RunError(
                f"{reason} before a trial began; its log: {log_path(self.place, self.study)}"
            )
        found = next(s for part, s in self.stored.parts.items() if part.name == running.part)
        fail_trial(found, self.storage, running.number, reason)
        outcome: Any = outcome_of(found.get_trials(deepcopy=False)[running.number])
        self._note(
            Finished(part=running.part, number=running.number, outcome=outcome, reason=reason)
        )
        self._check_failures()

    def _check_failures(self) -> None:
        if self._failures >= FAILURES and not self._succeeded:
            raise RunError(
                f"{FAILURES} trials in a row failed and none succeeded; the last one: "
                f"{_last_reason(self.stored)}; the worker's log: "
                f"{log_path(self.place, self.study)}"
            )

    def _should_stop(self) -> bool:
        if self.stop.times:
            self.stopped = "interrupted"
        elif self.clock() >= self.deadline:
            self.stopped = "timeout"
        return self.stopped is not None


def _last_reason(stored: StoredStudy) -> str:
    trials = [t for study in stored.parts.values() for t in study.get_trials(deepcopy=False)]
    found = {t.datetime_start: t.user_attrs["reason"] for t in trials if "reason" in t.user_attrs}
    begun = [start for start in found if start is not None]
    return str(found[max(begun)]) if begun else "no reason recorded"
