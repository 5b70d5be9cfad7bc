"""Running a study means making it complete."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.config import load_study
from ablate.data.card import find_card
from ablate.data.checks import check_split, check_weights
from ablate.data.prepared import find_prepared
from ablate.data.reading import weighted_parts
from ablate.data.split import drawing_of
from ablate.data.streams import check_streams
from ablate.errors import InputError, Problem, RunError
from ablate.files import folder_name
from ablate.limits import LIVES, Limits
from ablate.planning.backend import check_backend
from ablate.planning.tested import check_tested
from ablate.running.dispatcher import Listener, Silence, StopRequest, StudyRun
from ablate.spec.data import DataSettings
from ablate.spec.identity import RULES
from ablate.spec.study import StudySpec
from ablate.state.phases import PhaseState, phase_states
from ablate.state.planned import as_planned
from ablate.state.replicates import owed_replicates
from ablate.store.artifacts import Artifacts
from ablate.store.ledger import Ledger, close_lost
from ablate.store.place import StoragePlace, open_storage, told_plainly
from ablate.store.question import begun_rules, check_question, own_parts
from ablate.store.studies import (
    find_study,
    open_study,
    record_threads,
    recorded_threads,
    remove_study,
    write_cards,
)
from ablate.workers.executors._base import Executor
from ablate.workers.executors.local import LocalExecutor, LocalWorker
from ablate.workers.executors.shares import Share
from ablate.workers.messages import Done, PrepareData, Refused

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

MakeExecutor = Callable[[int | None], Executor]
"""Makes the workers of a run, given how many threads the study was begun with, if that is known."""


@dataclass(frozen=True)
class RunSummary:
    """How a run ended."""

    phases: tuple[PhaseState, ...]
    trained: int
    """Trials that this run finished."""
    seconds: float
    stopped: str | None
    """Why the run ended before the study was complete: ``interrupted`` or ``timeout``."""
    repeated: int = 0
    """Those of them that have taken over the result of another, and were not trained."""

    @property
    def complete(self) -> int:
        """Complete trials in the storage, those of earlier runs included."""
        return sum(phase.counts.get("complete", 0) for phase in self.phases)


def run_study(
    study: StudySpec,
    place: StoragePlace,
    listener: Listener | None = None,
    *,
    executor: MakeExecutor | None = None,
    in_turn: bool = False,
    limits: Limits | None = None,
    stop: StopRequest | None = None,
    timeout: float | None = None,
    fresh: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> RunSummary:
    """Trains the trials that a study still lacks, in worker processes.

    Args:
        study: the question.
        place: the storage that holds its answer.
        listener: is told what happens.
        executor: makes the workers; one process on this machine unless given.
        in_turn: whether at most one trial of a cell's search is under way.
        limits: what a trial and a worker may take.
        stop: asks the run to end.
        timeout: seconds after which the run ends, as if asked to once.
        fresh: whether an earlier study of that name is deleted first.
        clock: seconds from some fixed point.

    Raises:
        InputError: the storage, the data or an earlier study of that name do not fit.
        RunError: trial after trial failed and none succeeded.
    """
    started = clock()
    check_backend(study)
    place.check()
    if not fresh:
        study = as_begun(place, study)
    cards = {data.dataset: _prepare_data(study, data, place) for data in study.datasets}
    digests = {name: str(card["digest"]) for name, card in cards.items()}
    storage = open_storage(place)
    if fresh:
        _check_idle(storage, study)
        remove_study(storage, study.name, Artifacts(place, storage))
    study = as_planned(study, find_study(storage, study.name))
    stored = open_study(storage, study, digests)
    write_cards(stored, cards)
    log = log_path(place, study)
    run = StudyRun(
        place=place,
        stored=stored,
        log=log,
        listener=listener or Silence(),
        limits=limits or Limits(),
        stop=stop or StopRequest(),
        in_turn=in_turn,
        deadline=float("inf") if timeout is None else started + timeout,
        clock=clock,
    )
    with told_plainly(place):
        run.open()
        try:
            _tell_further_seeds(run)
            with (executor or _one_worker(study, log))(recorded_threads(stored)) as workers:
                _note_threads(run, workers)
                run.make_complete(workers)
        finally:
            run.close()
        return RunSummary(
            phases=phase_states(run.stored),
            trained=run.trained,
            seconds=clock() - started,
            stopped=run.stopped,
            repeated=run.repeated,
        )


def _tell_further_seeds(run: StudyRun) -> None:
    """Says what further seeds are good for, where there are any to train."""
    spec = run.stored.spec
    planned = spec.planned  # None where no verdict was made before
    if planned is None or not any(owed_replicates(run.stored)):
        return
    further = len(spec.seeds) - planned
    told = f"the verdict of the {planned} planned seeds stands. The {further} further "
    told += "one is" if further == 1 else "ones are"
    if spec.searches_compared:
        told += " trained from what the same searches found: they make estimates more exact, and confirm nothing"
    else:
        told += (
            " reported apart: by themselves they may confirm it, and with the others they make estimates more "
            "exact. To train until it is decided ask for looks under [replicate], in a study of another name"
        )
    run.listener.said(told)


def _one_worker(study: StudySpec, log: Path) -> MakeExecutor:
    return lambda threads: LocalExecutor(log, study.training.backend, [Share(threads=threads)])


def _note_threads(run: StudyRun, executor: Executor) -> None:
    """Records how many threads the study is begun with, and says where it goes on with others."""
    begun, threads = recorded_threads(run.stored), executor.threads
    if threads is None or threads == begun:
        return
    if begun is None:
        record_threads(run.stored, threads)
        return
    run.listener.said(
        f"this study was begun with {begun} {'thread' if begun == 1 else 'threads'} for each "
        f"worker, and goes on with {threads}: numbers may differ in their last digits from those "
        f"that --threads {begun} gives"
    )


def as_begun(place: StoragePlace, study: StudySpec) -> StudySpec:
    """A study under the rules that it was begun with.

    Raises:
        InputError: the stored study of its name asks something else: found out early, before
            anything is prepared.
    """
    if not place.is_database and not Path(place.url).exists():
        return study
    return as_stored(open_storage(place), study)


def as_stored(
    storage: BaseStorage, study: StudySpec, digests: Mapping[str, str] | None = None
) -> StudySpec:
    """A study under the rules of the one of its name in a storage, which asks the same.

    Args:
        storage: the storage.
        study: the study file.
        digests: the digest of each data set's images, where they are known already.

    Raises:
        InputError: the stored one asks something else, or its verdict was made of more.
    """
    begun = begun_rules(storage, study.name)
    if begun is not None and begun != study.rules and begun <= RULES:
        study = load_study(Path(study.path), study.settings, large=True, rules=begun)
    check_question(storage, study, digests)
    return as_planned(study, find_study(storage, study.name))


def _check_idle(storage: BaseStorage, study: StudySpec) -> None:
    """Makes sure that nobody else trains what is about to be deleted.

    Raises:
        InputError: somebody does.
    """
    # Whatever wrote it: what is to be deleted need not be understood.
    ledgers = [Ledger(part) for part in own_parts(storage, study.name)]
    for ledger in ledgers:
        close_lost(ledger)
    if count := sum(len(ledger.running) for ledger in ledgers):
        some = "a trial" if count == 1 else f"{count} trials"
        rule = f"another run is training {some} of this study, which --fresh would delete"
        hint = "end that run first"
        raise InputError(Problem(study.name, rule, hint=hint))


def _prepare_data(study: StudySpec, settings: DataSettings, place: StoragePlace) -> dict[str, Any]:
    """Prepares a data set, in a process of its own where it is not at hand; its data card."""
    found = find_prepared(settings, place.cache)
    card = find_card(found, settings) if found is not None else None
    if card is None:
        answer = _ask_for_data(study, PrepareData(settings=settings, cache=str(place.cache)))
        if isinstance(answer, Refused):
            raise InputError(*answer.problems)
        found, card = find_prepared(settings, place.cache), dict(answer.answer)
    if found is not None and found.stream is not None:
        check_streams(study, settings, found.stream, found.class_names)
        return card
    if found is not None:
        drawing = drawing_of(found, settings)
        check_split(drawing, found.class_names, settings, own=found.has_validation)
        parts = weighted_parts(found, tested=bool(card["test"]))
        check_weights(study.training, found.class_names, parts, settings.dataset)
    check_tested(study, settings.dataset, int(card["test"]))
    return card


def _ask_for_data(study: StudySpec, order: PrepareData, lives: int = LIVES) -> Done | Refused:
    """Has a process of its own prepare the data; another where somebody ends that.

    Raises:
        RunError: so many have died.
    """
    with (
        tempfile.TemporaryDirectory(prefix="ablate-data-") as folder,
        LocalWorker(Path(folder) / "data.log", study.training.backend) as worker,
    ):
        try:
            return worker.ask(order)
        except RunError:
            if lives == 1:
                raise
    return _ask_for_data(study, order, lives - 1)


def log_path(place: StoragePlace, study: StudySpec) -> Path:
    """The file that gets what a study's workers print."""
    return place.logs / f"{folder_name(study.name)}.log"
