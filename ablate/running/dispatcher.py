"""A run of a study: gives its workers orders, hears what they tell, and buries those that die."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ablate.errors import InputError, RunError
from ablate.limits import FAILURES, KILLED, LOOK_AROUND, STILLBORN, TICK, Limits
from ablate.spec.study import StudySpec
from ablate.state.next_order import cut_off, next_order, trials_for, under_way
from ablate.state.orders import TrainingOrder
from ablate.state.phases import PhaseState, phase_states
from ablate.store.attributes import REASON
from ablate.store.ledger import close_lost
from ablate.store.place import StoragePlace, mend_journal
from ablate.store.studies import StoredStudy
from ablate.store.trials import NO_REASON, bury_trial, reason_of
from ablate.workers.executors._base import Death, Executor
from ablate.workers.messages import Event, Finished, Refused, Started, StopTraining, Taken


class Listener(Protocol):
    """Is told what happens during a run."""

    def opened(self, study: StudySpec, phases: Sequence[PhaseState], cut_off: int) -> None:
        """The study is open: how far each phase is, and how many trials were cut off earlier."""

    def heard(self, event: Event) -> None:
        """A worker told of an event."""

    def said(self, text: str) -> None:
        """Something happened that is no event of a trial."""

    def stopping(self) -> None:
        """The run ends after the running epochs."""


class Silence:
    """A listener that says nothing."""

    def _ignore(self, *told: object) -> None:
        pass

    opened = heard = said = stopping = _ignore


@dataclass
class StopRequest:
    """A wish to end a run: asked once after the running epochs, asked twice at once."""

    times: int = 0

    def ask(self) -> None:
        """Asks once more."""
        self.times += 1


@dataclass
class _Working:
    """What one worker is about."""

    order: TrainingOrder
    since: float
    """When its trial began, or it was given the order."""
    started: Started | None = None


@dataclass
class StudyRun:
    """One run of a study."""

    place: StoragePlace
    stored: StoredStudy
    log: Path
    """What the first worker prints."""
    listener: Listener
    limits: Limits
    stop: StopRequest
    deadline: float
    in_turn: bool = False
    """Whether at most one trial of a cell's search is under way."""
    clock: Callable[[], float] = time.monotonic
    trained: int = 0
    """Trials that this run finished."""
    repeated: int = 0
    """Those of them that have taken over the result of another."""
    stopped: str | None = None
    """Why it ended before the study was complete: ``interrupted`` or ``timeout``."""
    _working: dict[int, _Working] = field(default_factory=dict)
    _served: dict[int, int] = field(default_factory=dict)
    """How many trials each worker has had."""
    _failures: int = 0
    """Failed trials since the last success."""
    _stillborn: int = 0
    """Workers in a row that died before a trial began."""
    _succeeded: bool = False
    """Whether a trial of this study has ever succeeded."""
    _changed: bool = True
    """Whether there may be an order for a worker that had none."""
    _looked: float = float("-inf")
    """When it was last seen what other runs train."""
    _others: int = 0
    """How many trials those were."""

    def open(self) -> None:
        """Takes up again what an earlier run left behind, and tells the listener."""
        self._close_lost()
        phases = phase_states(self.stored)
        self._succeeded = any(phase.counts.get("complete") for phase in phases)
        self.listener.opened(self.stored.spec, phases, cut_off(self.stored))

    def close(self) -> None:
        """Takes up what this run leaves behind, once its workers are gone."""
        mend_journal(self.place)
        self._close_lost()

    def make_complete(self, executor: Executor) -> None:
        """Has trials trained until none is owed, or the run is to stop."""
        told_to_stop = False
        while True:
            if not self._should_stop():
                self._look_at_others(executor)
                if self._changed:
                    self._changed = False
                    self._give_orders(executor)
                if not self._working and not self._others:
                    return
            elif not self._working:
                return
            elif not told_to_stop:
                told_to_stop = True
                for worker in self._working:
                    executor.give(worker, StopTraining())
                if self.stopped == "timeout":
                    self.listener.said("stopping after this epoch: the time is up")
                else:
                    self.listener.stopping()
            heard = executor.next_event(TICK)
            if heard is not None:
                self._hear(executor, *heard)
            self._end_overdue(executor)

    def _give_orders(self, executor: Executor) -> None:
        """Gives every worker that has nothing to do an order, as long as anything is owed."""
        for worker in range(executor.workers):
            if worker in self._working:
                continue
            given = [working.order for working in self._working.values()]
            order = next_order(
                self.stored, self.place, given, executor.workers, in_turn=self.in_turn
            )
            if order is None:
                return
            executor.give(worker, order)
            self._working[worker] = _Working(order, self.clock())

    def _look_at_others(self, executor: Executor) -> None:
        """Sees, every now and then while a worker has nothing to do, what other runs train."""
        now = self.clock()
        if len(self._working) == executor.workers or now - self._looked < LOOK_AROUND:
            return
        self._looked, self._changed = now, True
        self._close_lost()
        others = under_way(self.stored) - len(self._working)
        if others > 0 and others != self._others:
            self.listener.said(f"waiting for what another run of this study trains: {others}")
        self._others = max(others, 0)

    def _hear(self, executor: Executor, worker: int, event: Event | Death) -> None:
        working = self._working.get(worker)
        match event:
            case Death():
                self._changed = True
                self._served.pop(worker, None)
                if working is not None:
                    del self._working[worker]
                    self._bury(working, event)
            case Refused() if event.exit_code == RunError.exit_code:
                raise RunError("\n".join(event.problems))
            case Refused():
                raise InputError(*event.problems)
            case Taken():
                self._changed = True
                self._working.pop(worker, None)
                self._close_lost()
            case Started():
                assert working is not None
                working.started, working.since = event, self.clock()
                self._stillborn = 0
                self.listener.heard(event)
            case Finished():
                self._changed, self._looked = True, float("-inf")
                del self._working[worker]
                self._served[worker] = self._served.get(worker, 0) + 1
                self._note(event)
                self._check_failures()
                self._replace_if_worn(executor, worker)
            case _:
                self.listener.heard(event)

    def _note(self, event: Finished) -> None:
        self.listener.heard(event)
        if event.outcome == "interrupted":
            return
        self.trained += 1
        self.repeated += event.repeats is not None
        self._failures = self._failures + 1 if event.outcome == "failed" else 0
        self._succeeded = self._succeeded or event.outcome in ("complete", "pruned")

    def _bury(self, working: _Working, death: Death) -> None:
        """Records that a trial took its worker down, or that a worker died before it had one."""
        reason = f"the worker {death.reason}"
        mend_journal(self.place)
        started = working.started
        if started is None:
            self._close_lost()
            self._stillborn += 1
            if self._stillborn >= (KILLED if death.was_killed else STILLBORN):
                raise RunError(
                    f"{reason} before a trial began, {self._stillborn} times in a row; its log: "
                    f"{self.log}"
                )
            self.listener.said(f"{reason} before a trial began: another takes its place")
            return
        found = next(s for part, s in self.stored.parts.items() if part.name == started.part)
        outcome: Any = bury_trial(
            found, started.number, reason, lambda: trials_for(self.stored, working.order)
        )
        self._note(
            Finished(part=started.part, number=started.number, outcome=outcome, reason=reason)
        )
        self._check_failures()

    def _end_overdue(self, executor: Executor) -> None:
        """Ends the workers whose trial has taken too long."""
        limit = self.limits.trial_seconds
        if limit is None:
            return
        for worker, working in self._working.items():
            if working.started is not None and self.clock() - working.since > limit:
                working.since = float("inf")
                executor.end(worker, f"was ended: its trial took longer than {limit:g} s")

    def _replace_if_worn(self, executor: Executor, worker: int) -> None:
        """Ends a worker that holds too much memory, or has served long enough."""
        trials = self.limits.worker_trials
        memory = self.limits.worker_memory or executor.fair_memory
        worn = trials is not None and self._served[worker] >= trials
        if not worn and memory is not None:
            worn = (executor.memory(worker) or 0) > memory
        if worn:
            executor.retire(worker)
            self._served.pop(worker)

    def _close_lost(self) -> None:
        """Closes the trials whose owner is gone: what they were for is owed again."""
        for ledger in self.stored.ledgers:
            close_lost(ledger)

    def _check_failures(self) -> None:
        if self._failures >= FAILURES and not self._succeeded:
            raise RunError(
                f"{FAILURES} trials in a row failed and none succeeded; the last one: "
                f"{_last_reason(self.stored)}; the worker's log: {self.log}"
            )

    def _should_stop(self) -> bool:
        if self.stop.times:
            self.stopped = "interrupted"
        elif self.clock() >= self.deadline:
            self.stopped = "timeout"
        return self.stopped is not None


def _last_reason(stored: StoredStudy) -> str:
    trials = [t for study in stored.parts.values() for t in study.get_trials(deepcopy=False)]
    found = {trial.datetime_start: reason_of(trial) for trial in trials if REASON.is_on(trial)}
    begun = [start for start in found if start is not None]
    return found[max(begun)] if begun else NO_REASON
