"""A worker process on this machine."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from ablate.errors import RunError
from ablate.messages import Done, Event, Order, Refused, event_from_json
from ablate.spec import Backend

GRACE = 10.0
"""Seconds that a worker gets to end by itself."""


class WorkerDiedError(Exception):
    """The worker process ended before it had carried out its order; the text says how."""


class LocalWorker:
    """One worker process: takes orders, gives back events in the order in which they happen.

    A context manager: the process starts on entering and is gone after leaving.

    Args:
        log: the file that gets everything the worker prints.
        backend: the Keras backend.
    """

    def __init__(self, log: Path, backend: Backend) -> None:
        self._log = log
        self._environment = worker_environment(os.environ, backend)
        self._process: subprocess.Popen[str] | None = None
        self._events: queue.Queue[Event | None] = queue.Queue()

    def __enter__(self) -> Self:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "ablate.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._environment,
                encoding="utf-8",
                start_new_session=True,  # Ctrl-C is the parent's to handle
            )
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,))
        self._reader.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        process = self._running()
        # A worker interrupts itself when its input ends.
        with contextlib.suppress(BrokenPipeError):
            assert process.stdin is not None
            process.stdin.close()
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._reader.join()

    def give(self, order: Order) -> None:
        """Sends an order.

        Raises:
            WorkerDiedError: there is no worker any more.
        """
        stdin = self._running().stdin
        assert stdin is not None
        try:
            stdin.write(order.model_dump_json() + "\n")
            stdin.flush()
        except (BrokenPipeError, OSError) as error:
            raise WorkerDiedError(self._last_words()) from error

    def next_event(self, timeout: float | None = None) -> Event | None:
        """The next event; None when none came within `timeout` seconds.

        Raises:
            WorkerDiedError: the worker ended.
        """
        try:
            event = self._events.get(timeout=timeout)
        except queue.Empty:
            return None
        if event is None:
            raise WorkerDiedError(self._last_words())
        return event

    def ask(self, order: Order) -> Done | Refused:
        """Sends an order that is not a training, and waits for its answer.

        Raises:
            RunError: the worker died.
        """
        try:
            self.give(order)
            event = self.next_event()
        except WorkerDiedError as error:
            tail = self._log.read_text(errors="replace").strip().splitlines()[-3:]
            raise RunError("\n".join([f"the worker {error}; its last lines:", *tail])) from error
        assert isinstance(event, Done | Refused)
        return event

    def _running(self) -> subprocess.Popen[str]:
        assert self._process is not None, "used outside of its with block"
        return self._process

    def _read(self, lines: IO[str]) -> None:
        with lines:
            for line in lines:
                if line.endswith("\n"):  # else the worker died while it wrote
                    self._events.put(event_from_json.validate_json(line))
        self._events.put(None)

    def _last_words(self) -> str:
        code = self._running().wait()
        if code >= 0:
            return f"ended with exit code {code}"
        name = signal.Signals(-code).name
        return f"was ended by {name}" + (" (often: out of memory)" if name == "SIGKILL" else "")


def worker_environment(environment: Mapping[str, str], backend: Backend) -> dict[str, str]:
    """What a worker's environment needs before Keras is imported."""
    return {
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        **environment,
        "KERAS_BACKEND": backend,
        "PYTHONUNBUFFERED": "1",
    }
