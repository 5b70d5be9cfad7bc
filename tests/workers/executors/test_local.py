"""A worker process: what it inherits, and what is said when it dies."""

from __future__ import annotations

import os
import signal

import psutil
import pytest

from ablate.errors import RunError
from ablate.spec.data import DataSettings
from ablate.workers.executors.local import LocalExecutor, LocalWorker, WorkerDiedError
from ablate.workers.executors.shares import Share
from ablate.workers.messages import Done, PrepareData, Refused

DIGITS = DataSettings(dataset="digits")


def the_child():
    own = psutil.Process(os.getpid()).children()
    (child,) = (process for process in own if "ablate.workers.process" in process.cmdline())
    return child


def test_orders_are_answered_and_the_process_ends(tmp_path):
    with LocalWorker(tmp_path / "log", "tensorflow") as worker:
        child = the_child()
        answer = worker.ask(PrepareData(settings=DIGITS, cache=str(tmp_path / "cache")))
        assert isinstance(answer, Done)
        wrong = DIGITS.model_copy(update={"per_class": 10_000})
        refused = worker.ask(PrepareData(settings=wrong, cache=str(tmp_path / "cache")))
        assert isinstance(refused, Refused)
        assert refused.exit_code == 2
        assert refused.problems[0].startswith("digits: data.per_class: class ")
    assert not child.is_running()


@pytest.mark.parametrize("has_gpu", [True, False])
def test_a_single_worker_with_a_gpu_keeps_the_settings_of_the_c_library(
    tmp_path, monkeypatch, has_gpu
):
    """Its share names no GPU; compiling with one heap took it four times as long."""
    for name in ("MALLOC_ARENA_MAX", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho 'GPU 0: NVIDIA H200'\n")
    (tmp_path / "nvidia-smi").chmod(0o755 if has_gpu else 0o644)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with LocalWorker(tmp_path / "log", "jax", Share(threads=2)):
        environment = the_child().environ()
    assert ("MALLOC_ARENA_MAX" in environment) == (not has_gpu)
    assert environment["OMP_NUM_THREADS"] == "2"


def test_a_worker_that_dies_says_how(tmp_path):
    with LocalWorker(tmp_path / "log", "tensorflow") as worker:
        os.kill(the_child().pid, signal.SIGSEGV)
        with pytest.raises(RunError, match="the worker was ended by SIGSEGV; its last lines:"):
            worker.ask(PrepareData(settings=DIGITS, cache=str(tmp_path / "cache")))


def test_an_order_to_a_dead_worker_is_an_error(tmp_path):
    with LocalWorker(tmp_path / "log", "tensorflow") as worker:
        child = the_child()
        child.kill()
        with pytest.raises(WorkerDiedError, match="was ended by SIGKILL"):
            worker.next_event(timeout=30)


def test_no_event_in_time_is_none(tmp_path):
    with LocalWorker(tmp_path / "log", "tensorflow") as worker:
        assert worker.next_event(timeout=0.01) is None


def test_a_run_that_stops_at_once_does_not_wait_for_a_worker_that_hangs(tmp_path, monkeypatch):
    monkeypatch.setattr("ablate.workers.executors.local.GRACE", 60.0)
    monkeypatch.setattr("ablate.workers.executors.local.HASTE", 0.2)
    executor = LocalExecutor(tmp_path / "a.log", "tensorflow", [Share()])
    with pytest.raises(KeyboardInterrupt), executor:
        executor.give(0, PrepareData(settings=DIGITS, cache=str(tmp_path / "cache")))
        worker = the_child()
        worker.suspend()
        raise KeyboardInterrupt
    assert not worker.is_running()
