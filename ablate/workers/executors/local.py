"""Worker processes on this machine."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psutil

from ablate.backends import BackendName
from ablate.errors import RunError
from ablate.limits import GRACE, HASTE
from ablate.workers.executors._base import Death
from ablate.workers.executors.environment import environment_threads, worker_environment
from ablate.workers.executors.memory import held_memory
from ablate.workers.executors.shares import Share, memory_share, visible_gpus
from ablate.workers.messages import Done, Event, Order, Refused, event_from_json


class WorkerDiedError(Exception):
    """The worker process ended before it had carried out its order; the text says how."""


class LocalWorker:
    """One worker process: takes orders, gives back events in the order in which they happen.

    A context manager: the process starts on entering and is gone after leaving.

    Args:
        log: the file that gets everything the worker prints.
        backend: the Keras backend.
        share: the part of the machine that it may use; all of it unless given.
        hear: is called with each event, by a thread of its own, and with None at the end; without
            it `next_event` gives them.
    """

    def __init__(
        self,
        log: Path,
        backend: BackendName,
        share: Share | None = None,
        hear: Callable[[Event | None], None] | None = None,
    ) -> None:
        self._log = log
        self._backend, self._share = backend, share
        self._cores = share.cores if share else None
        self._process: subprocess.Popen[str] | None = None
        self._events: queue.Queue[Event | None] = queue.Queue()
        self._hear = hear or self._events.put

    def __enter__(self) -> Self:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        # A single worker's share names no GPU, and it trains on the first.
        has_gpu = bool(visible_gpus())
        environment = worker_environment(os.environ, self._backend, self._share, gpu=has_gpu)
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "ablate.workers.process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                encoding="utf-8",
                start_new_session=True,  # Ctrl-C is the parent's to handle
            )
        if self._cores is not None:
            # Before Keras counts them: Python takes longer to start than this.
            with contextlib.suppress(psutil.Error, OSError, AttributeError):
                psutil.Process(self._process.pid).cpu_affinity(list(self._cores))
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,))
        self._reader.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.dismiss()
        self.wait()

    def dismiss(self) -> None:
        """Lets the process know that no further order will come."""
        stdin = self._running().stdin
        assert stdin is not None
        # A worker interrupts itself when its input ends.
        with contextlib.suppress(BrokenPipeError):  # raised where an order could not be sent whole
            stdin.close()

    def wait(self, grace: float = GRACE) -> None:
        """Waits until the process has ended, and ends it where it does not."""
        process = self._running()
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._reader.join()

    def kill(self) -> None:
        """Ends the process at once."""
        self._running().kill()

    def memory(self) -> int | None:
        """The bytes of memory that the process holds; None where it is gone."""
        try:
            return held_memory(psutil.Process(self._running().pid))
        except psutil.Error:
            return None

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
            raise WorkerDiedError(self.last_words()) from error

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
            raise WorkerDiedError(self.last_words())
        return event

    def ask(self, order: Order) -> Done | Refused:
        """Sends an order that is not a training, and waits for its answer.

        Raises:
            RunError: the worker died.
        """
        with contextlib.suppress(WorkerDiedError):  # `answer` says how
            self.give(order)
        return self.answer()

    def answer(self) -> Done | Refused:
        """Waits for the answer to an order that is not a training.

        Raises:
            RunError: the worker died.
        """
        try:
            event = self.next_event()
        except WorkerDiedError as error:
            tail = self._log.read_text(errors="replace").strip().splitlines()[-3:]
            raise RunError("\n".join([f"the worker {error}; its last lines:", *tail])) from error
        assert isinstance(event, Done | Refused)
        return event

    def last_words(self) -> str:
        """How the process ended; waits for it."""
        code = self._running().wait()
        if code >= 0:
            return f"ended with exit code {code}"
        name = signal.Signals(-code).name
        return f"was ended by {name}" + (" (often: out of memory)" if name == "SIGKILL" else "")

    @property
    def was_killed(self) -> bool:
        """Whether the process, which has ended, was ended by a signal."""
        return (self._running().returncode or 0) < 0

    def _running(self) -> subprocess.Popen[str]:
        assert self._process is not None, "used outside of its with block"
        return self._process

    def _read(self, lines: IO[str]) -> None:
        with lines:
            for line in lines:
                if line.endswith("\n"):  # else the worker died while it wrote
                    self._hear(event_from_json.validate_json(line))
        self._hear(None)


class LocalExecutor:
    """Several worker processes on this machine.

    Args:
        log: the file that gets what the first worker prints; the others have files beside it.
        backend: the Keras backend.
        shares: the part of the machine that each worker may use; as many as there are workers.
    """

    def __init__(self, log: Path, backend: BackendName, shares: Sequence[Share]) -> None:
        self._log = log
        self._backend = backend
        self._shares = tuple(shares)
        self._alive: dict[int, LocalWorker] = {}
        self._reasons: dict[LocalWorker, str] = {}
        self._heard: queue.Queue[tuple[int, LocalWorker, Event | None]] = queue.Queue()

    @property
    def workers(self) -> int:
        """One for each share."""
        return len(self._shares)

    @property
    def threads(self) -> int | None:
        """Those of a share, unless the user's variables say others; None where neither does."""
        return environment_threads(worker_environment(os.environ, self._backend, self._shares[0]))

    @property
    def fair_memory(self) -> int | None:
        """A worker's part of most of the machine's memory, in bytes."""
        return memory_share(self.workers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self._alive.values():
            worker.dismiss()
        # Whoever stops at once does not want to wait for a network that hangs.
        grace = HASTE if kind is not None and issubclass(kind, KeyboardInterrupt) else GRACE
        for worker in self._alive.values():
            worker.wait(grace)
        self._alive.clear()

    def give(self, worker: int, order: Order) -> None:
        """Sends an order to a worker; one that is not there is started."""
        if worker not in self._alive:
            self._start(worker)
        # The death of one that is gone is told by its end of file.
        with contextlib.suppress(WorkerDiedError):
            self._alive[worker].give(order)

    def next_event(self, timeout: float) -> tuple[int, Event | Death] | None:
        """The next that a worker tells, or how it died; None when nothing came in `timeout` s."""
        try:
            number, worker, event = self._heard.get(timeout=timeout)
        except queue.Empty:
            return None
        if self._alive.get(number) is not worker:
            return None  # of one that was retired
        if event is not None:
            return number, event
        worker.dismiss()
        worker.wait()
        del self._alive[number]
        reason = self._reasons.pop(worker, worker.last_words())
        return number, Death(reason, was_killed=worker.was_killed)

    def end(self, worker: int, reason: str) -> None:
        """Ends a worker at once, whatever it does; its death is told with that reason."""
        self._reasons[self._alive[worker]] = reason
        self._alive[worker].kill()

    def retire(self, worker: int) -> None:
        """Ends a worker that has nothing to do; the next order starts another in its place."""
        old = self._alive.pop(worker)
        old.dismiss()
        old.wait()

    def memory(self, worker: int) -> int | None:
        """The bytes of memory that a worker holds; None where that is not known."""
        return self._alive[worker].memory() if worker in self._alive else None

    def _start(self, number: int) -> None:
        worker: LocalWorker

        def hear(event: Event | None) -> None:
            self._heard.put((number, worker, event))

        worker = LocalWorker(
            worker_log(self._log, number), self._backend, self._shares[number], hear
        )
        self._alive[number] = worker.__enter__()


def worker_log(log: Path, number: int) -> Path:
    """The file that gets what a worker prints: that of a study, or one beside it."""
    return log if number == 0 else log.with_suffix(f".{number + 1}.log")
