"""`ablate check` is `ablate run` without training: what the one refuses, the other refuses too."""

from __future__ import annotations

import contextlib
import io
import queue
import re
import shutil
import sys
import tempfile
from dataclasses import replace
from typing import ClassVar

import keras
import pytest

from ablate import cli
from ablate.workers.executors import local
from ablate.workers.executors.local import LocalWorker
from ablate.workers.messages import Trained
from ablate.workers.process import Worker
from functional.drawn_studies import RIGHT_DATA, RIGHT_NETWORKS, studies

DRAWN, IN_PROCESS, THROUGH_WORKERS = 300, 200, 20


class WorkerInProcess:
    """Takes the place of a worker process; notes the epochs that were told."""

    epochs = 0

    def __init__(self, log, backend, share=None, hear=None):
        self._told = []
        self._worker = Worker(self._tell)
        self._hear = hear or self._told.append

    def _tell(self, event):
        type(self).epochs += isinstance(event, Trained)
        self._hear(event)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def dismiss(self):
        pass

    def wait(self, grace=0.0):
        pass

    def memory(self):
        return 0

    def give(self, order):
        self._worker.carry_out(order)

    def ask(self, order):
        self.give(order)
        return self._told.pop()


def fit(model, batches, *, epochs, callbacks, **others):
    """One epoch that changes nothing, told as Keras tells it."""
    monitor = next(one for one in callbacks if hasattr(one, "told_seconds"))._monitor
    logs = {"loss": 1.0, "accuracy": 0.5, "val_loss": 1.0, "val_accuracy": 0.5, monitor: 1.0}
    for callback in callbacks:
        callback.set_model(model)
        callback.set_params({"epochs": 1})
        callback.on_train_begin()
        callback.on_epoch_begin(0)
        callback.on_epoch_end(0, logs)


@pytest.fixture
def stubbed(monkeypatch):
    """Workers within this process, in which a training takes no time."""
    monkeypatch.setattr(local, "LocalWorker", WorkerInProcess)
    monkeypatch.setattr("ablate.running.run.LocalWorker", WorkerInProcess)
    monkeypatch.setattr("ablate.training.evaluation.inference_seconds", lambda *_: 0.001)
    monkeypatch.setattr("ablate.cli.run._write_report", lambda *_: None)
    monkeypatch.setattr(keras.Model, "fit", fit)
    monkeypatch.setattr("ablate.training.loop.gc.collect", lambda: 0)
    monkeypatch.setattr("ablate.training.pipelines.PIPELINE_MEMORY", 0)
    monkeypatch.setattr("ablate.training.repeatable.repeats_itself", lambda *_: True)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)


def ablate(folder, *arguments):
    """Runs a command in a folder; its exit code, and what it prints for the user."""
    storage = str(folder / "kept" / "ablate.journal")  # a kept worker lives in another folder
    out, err = io.StringIO(), io.StringIO()
    before, sys.argv = sys.argv, ["ablate", *arguments, "--storage", storage]
    try:
        with (
            contextlib.chdir(folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            cli.main()
    finally:
        sys.argv = before
    return ended.value.code, out.getvalue(), err.getvalue()


def prepare(drawn, folder):
    """Writes a drawn study, and stores what is stored under its name."""
    drawn.write(folder)
    if drawn.stored == "nothing":
        return
    whole = replace(
        drawn,
        data=drawn.data if drawn.data in RIGHT_DATA and drawn.stored != "other data" else "grey",
        network=drawn.network if drawn.network in RIGHT_NETWORKS else "softmax",
    )
    before = folder.with_name(f"{folder.name}-before")
    whole.write(before)
    extra = "seed = 7\n" if drawn.stored == "another question" else ""
    whole.write_study(before, extra)
    ablate(before, "run", "study.toml", "--plain")
    if (before / "kept").exists():
        shutil.move(before / "kept", folder / "kept")
    shutil.rmtree(before)


def problems(text):
    """What was told, a line each, warnings aside."""
    return {line for line in text.splitlines() if not line.startswith("warning: ")}


def without_numbers(text):
    """Other weights give other numbers."""
    return re.sub(r"-?\d+(\.\d+)?", "#", text)


def hold(drawn, folder, trained):
    """Holds the two commands together on one study; whether it was accepted.

    Args:
        drawn: the study.
        folder: where it is written.
        trained: says how many epochs were trained so far.
    """
    prepare(drawn, folder)
    checked, shown, refused = ablate(folder, "check", "--models", "study.toml")
    before = trained()
    ran, told, error = ablate(folder, "run", "study.toml", "--plain")
    epochs = trained() - before
    said = f"{drawn}\ncheck {checked}: {shown}{refused}\nrun {ran}: {told}{error}"
    assert checked in (0, 2), said
    if ran == 2:
        assert checked == 2, said
        assert problems(error) <= problems(refused), said
    if checked == 2:
        assert ran != 0, said
        assert epochs == 0, said
    else:
        assert ran == 0, said
        assert epochs > 0 or "already complete, nothing to do" in told, said
        assert " failed" not in told, said
    if ran == 1:  # each trial has failed before its first epoch, and says of what
        reasons = {
            without_numbers(part(one, ": ")[2])
            for one in problems(refused)
            for part in (str.partition, str.rpartition)
        }
        assert any(one and one in without_numbers(told + error) for one in reasons), said
    return checked == 0


def test_what_run_refuses_check_refuses_and_the_other_way_round(stubbed, tmp_path):
    accepted = 0
    for number, drawn in enumerate(studies(DRAWN, seed=13)[:IN_PROCESS]):
        folder = tmp_path / str(number)
        accepted += hold(drawn, folder, lambda: WorkerInProcess.epochs)
        shutil.rmtree(folder)
    assert IN_PROCESS // 3 < accepted < 2 * IN_PROCESS // 3


class KeptWorker:
    """A real worker process, which the next command finds again; notes the epochs that it tells."""

    epochs = 0
    idle: ClassVar[list[local.LocalWorker]] = []
    owners: ClassVar[dict[int, KeptWorker]] = {}
    """Who hears what a process tells."""

    def __init__(self, log, backend, share=None, hear=None):
        self._log, self._backend, self._share = log, backend, share
        self._told = queue.Queue()
        self._hear = hear or self._told.put

    def __enter__(self):
        self._real = self.idle.pop() if self.idle else self._started()
        self.owners[id(self._real)] = self
        return self

    def _started(self):
        def hear(event):
            type(self).epochs += isinstance(event, Trained)
            self.owners[id(real)]._hear(event)

        real = LocalWorker(self._log, self._backend, self._share, hear)
        with contextlib.chdir(tempfile.gettempdir()):  # a study's folder may go before its worker
            return real.__enter__()

    def __exit__(self, *error):
        self.wait()

    def dismiss(self):
        pass

    def wait(self, grace=0.0):
        if self._real not in self.idle:
            self.idle.append(self._real)

    def memory(self):
        return 0

    def last_words(self):
        return self._real.last_words()

    def give(self, order):
        self._real.give(order)

    def ask(self, order):
        self.give(order)
        return self._told.get(timeout=300)


@pytest.fixture
def kept(monkeypatch):
    """Real workers, which outlive the commands that begin them."""
    monkeypatch.setattr(local, "LocalWorker", KeptWorker)
    monkeypatch.setattr("ablate.running.run.LocalWorker", KeptWorker)
    monkeypatch.setattr("ablate.cli.run._write_report", lambda *_: None)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    yield
    for real in KeptWorker.idle:
        KeptWorker.owners[id(real)]._hear = lambda event: None
        real.__exit__(None, None, None)
    KeptWorker.idle.clear()


def test_it_holds_with_real_workers_and_trainings_too(kept, tmp_path):
    drawn = studies(DRAWN, seed=13)[-THROUGH_WORKERS:]
    accepted = sum(
        hold(one, tmp_path / str(number), lambda: KeptWorker.epochs)
        for number, one in enumerate(drawn)
    )
    assert 0 < accepted < THROUGH_WORKERS
