"""A run's orders, deaths, limits and ends, with workers that are played."""

from __future__ import annotations

from collections import deque

import pytest
from hand_made import compare, make_stored, tune
from optuna.trial import TrialState

from ablate.errors import RunError
from ablate.limits import Limits
from ablate.running.dispatcher import StopRequest, StudyRun
from ablate.state.orders import TrainReplicate, TuneTrial
from ablate.store.owner import Owner
from ablate.store.place import open_storage
from ablate.store.slots import Slots
from ablate.store.trials import begin, outcome_of
from ablate.workers.at_hand import part_of
from ablate.workers.executors._base import Death
from ablate.workers.messages import Finished, Refused, Started, StopTraining, Taken


class Played:
    """Workers whose trials end as the test says; each order is carried out when it is heard."""

    def __init__(self, stored, storage, workers=1, fate=None):
        self.workers = workers
        self.fair_memory = None
        self.stored = stored
        self.storage = storage
        self.fate = fate or (lambda order, attempt: "complete")
        self.given, self.retired, self.ended = [], [], []
        self.held = {}
        self._queue = deque()
        self._attempts = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def give(self, worker, order):
        self.given.append((worker, order))
        if isinstance(order, StopTraining):
            self._queue.append((worker, None))
        else:
            self._queue.append((worker, order))

    def next_event(self, timeout):
        if not self._queue:
            return None
        worker, what = self._queue.popleft()
        if isinstance(what, TuneTrial | TrainReplicate):
            self._begin(worker, what)
            return self.next_event(timeout)
        return None if what is None else (worker, what)

    def end(self, worker, reason):
        self.ended.append((worker, reason))
        self._queue.append((worker, Death(reason)))

    def retire(self, worker):
        self.retired.append(worker)

    def memory(self, worker):
        return self.held.get(worker)

    def _begin(self, worker, order):
        part = part_of(order)
        study = self.stored.parts[part]
        key = (order.cell, getattr(order, "slot", None), getattr(order, "seed", None))
        attempt = self._attempts[key] = self._attempts.get(key, 0) + 1
        fate = self.fate(order, attempt)
        if fate in ("taken", "stillborn", "refused"):
            self._queue.append(
                (
                    worker,
                    {
                        "taken": Taken(),
                        "stillborn": Death("ended with exit code 1"),
                        "refused": Refused(problems=("no room",), exit_code=1),
                    }[fate],
                )
            )
            return
        if isinstance(order, TuneTrial):
            trial = begin(study, {"slot": order.slot}, {}, list)
        else:
            fixed = {"dataset": "digits", "variant": order.cell.variant, "seed": order.seed}
            attributes = {"chosen_from": order.chosen_from, "tuned": {}}
            trial = begin(study, attributes, {"fixed_params": fixed}, list)
        common = {"part": part.name, "number": trial.number}
        self._queue.append(
            (
                worker,
                Started(**common, phase=part.phase, cell=order.cell, parameters={}, epochs=1),
            )
        )
        if fate == "dies":
            self._queue.append((worker, Death("was ended by SIGSEGV", was_killed=True)))
        elif fate != "hangs":
            if fate != "interrupted":
                trial.set_user_attr("outcome", fate)
            state = TrialState.COMPLETE if fate == "complete" else TrialState.FAIL
            study.tell(trial, 0.5 if fate == "complete" else None, state=state)
            self._queue.append((worker, Finished(**common, outcome=fate, reason=None)))


class Heard:
    """A listener that remembers."""

    def __init__(self):
        self.finished, self.texts, self.cut_off, self.stops = [], [], None, 0

    def opened(self, study, phases, cut_off):
        self.cut_off = cut_off

    def heard(self, event):
        if isinstance(event, Finished):
            self.finished.append(event.outcome)

    def said(self, text):
        self.texts.append(text)

    def stopping(self):
        self.stops += 1


@pytest.fixture
def play(project):
    """Runs a study with played workers: two variants, two trials each, two replicates each."""

    def play(fate=None, workers=1, limits=None, stop=None, clock=None, **options):
        stored = options.get("stored") or make_stored(
            compare(project, "tune.trials=2", seeds=2), open_storage(project.place)
        )
        storage = open_storage(project.place)
        executor = Played(stored, storage, workers, fate)
        executor.held = options.get("held", {})
        run = StudyRun(
            place=project.place,
            stored=stored,
            log=project.folder / "log",
            listener=Heard(),
            limits=limits or Limits(),
            stop=stop or StopRequest(),
            deadline=options.get("deadline", float("inf")),
            clock=clock or (lambda: 0.0),
        )
        run.open()
        try:
            run.make_complete(executor)
        finally:
            run.close()
        return run, executor

    return play


def states(run):
    return [outcome_of(t) for study in run.stored.parts.values() for t in study.trials]


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_every_trial_is_trained_once_whatever_the_number_of_workers(play, workers):
    run, executor = play(workers=workers)
    assert run.trained == 8
    assert states(run) == ["complete"] * 8
    assert len(executor.given) == 8
    assert {worker for worker, _ in executor.given} == set(range(min(workers, 4)))


def test_a_trial_that_kills_its_worker_is_trained_again(play):
    run, _ = play(lambda order, attempt: "dies" if attempt < 3 else "complete")
    assert run.trained == 8
    assert states(run).count("complete") == 8
    assert states(run).count("interrupted") == 16
    assert run.listener.finished.count("interrupted") == 16


def test_the_third_worker_that_a_trial_kills_is_its_last(play):
    def fate(order, attempt):
        fatal = isinstance(order, TrainReplicate) and order.cell.variant == "units=4"
        return "dies" if fatal and order.seed == 1 else "complete"

    run, _ = play(fate)
    reasons = [t.user_attrs.get("reason") for t in run.stored.replicates.trials]
    assert reasons.count("the worker was ended by SIGSEGV, 3 times") == 1
    assert states(run).count("failed") == 1, "it is not tried a second time"
    assert run.trained == 8


def test_what_another_run_takes_is_not_trained(project, play):
    stored = make_stored(compare(project, "tune.trials=2", seeds=2), open_storage(project.place))

    def fate(order, attempt):
        if isinstance(order, TuneTrial) and order.slot == 1:
            tune(stored, order.cell.variant, 0.4, slot=1)
            return "taken"
        return "complete"

    run, _ = play(fate, stored=stored)
    assert run.trained == 6
    for study in run.stored.tuning.values():
        slots = Slots(study).refresh()
        assert [bool(slots.attempts(slot)) for slot in range(3)] == [True, True, False]


def test_workers_that_die_before_a_trial_began_end_the_run(play):
    with pytest.raises(
        RunError,
        match=r"the worker ended with exit code 1 before a trial began, 3 times in a row; its log: ",
    ):
        play(lambda order, attempt: "stillborn")


def test_one_that_dies_before_a_trial_began_is_replaced(play):
    run, _ = play(lambda order, attempt: "stillborn" if attempt == 1 else "complete")
    assert run.trained == 8
    assert run.listener.texts[0] == (
        "the worker ended with exit code 1 before a trial began: another takes its place"
    )


def test_what_a_worker_cannot_do_ends_the_run(play):
    with pytest.raises(RunError, match=r"^no room$"):
        play(lambda order, attempt: "refused")


def test_ten_failures_and_no_success_end_the_run(project, play):
    stored = make_stored(compare(project, "tune.trials=20", seeds=2), open_storage(project.place))
    with pytest.raises(RunError, match="10 trials in a row failed and none succeeded"):
        play(lambda order, attempt: "failed", stored=stored)


def test_a_trial_that_hangs_is_ended_after_its_time(play):
    now = [0.0]

    def clock():
        now[0] += 10.0
        return now[0]

    def fate(order, attempt):
        hangs = isinstance(order, TrainReplicate) and (order.cell.variant, order.seed)
        return "hangs" if hangs == ("units=16", 2) and attempt < 3 else "complete"

    run, executor = play(fate, limits=Limits(trial_seconds=60), clock=clock)
    assert len(executor.ended) == 2
    assert executor.ended[0][1] == "was ended: its trial took longer than 60 s"
    died = [t.user_attrs["died"] for t in run.stored.replicates.trials if "died" in t.user_attrs]
    assert died == ["the worker was ended: its trial took longer than 60 s"] * 2
    assert run.trained == 8


def test_a_worker_is_replaced_after_so_many_trials(play):
    _, executor = play(limits=Limits(worker_trials=3))
    assert executor.retired == [0, 0]


def test_a_worker_is_replaced_when_it_holds_too_much_memory(play):
    _, executor = play(limits=Limits(worker_memory=1000), held={0: 1001})
    assert executor.retired == [0] * 8
    _, executor = play(limits=Limits(worker_memory=1000), held={0: 1000})
    assert executor.retired == []


def test_a_request_to_stop_lets_the_running_epochs_end(play):
    stop = StopRequest()

    def fate(order, attempt):
        stop.ask()
        return "interrupted"

    run, executor = play(fate, workers=2, stop=stop)
    assert run.stopped == "interrupted"
    assert run.listener.stops == 1
    kinds = [type(order).__name__ for _, order in executor.given]
    assert kinds == ["TuneTrial"] * 2 + ["StopTraining"] * 2
    assert run.trained == 0


def test_the_end_of_its_time_is_told_without_a_word_of_ctrl_c(play):
    now = [0.0]

    def fate(order, attempt):
        now[0] = 5.0
        return "interrupted"

    run, executor = play(fate, workers=2, clock=lambda: now[0], deadline=5.0)
    assert run.stopped == "timeout"
    assert run.listener.texts == ["stopping after this epoch: the time is up"]
    assert run.listener.stops == 0
    kinds = [type(order).__name__ for _, order in executor.given]
    assert kinds == ["TuneTrial"] * 2 + ["StopTraining"] * 2


def test_what_was_cut_off_earlier_is_told(project, play):
    stored = make_stored(compare(project, "tune.trials=2", seeds=2), open_storage(project.place))
    tune(stored, "units=16", outcome="interrupted", slot=0)
    gone = Owner(host=Owner.this_process().host, pid=2**22 + 1, started=0.0).model_dump()
    tune(stored, "units=4", outcome="running", slot=0, owner=gone)
    run, _ = play(stored=stored)
    assert run.listener.cut_off == 2
    assert states(run).count("complete") == 8
