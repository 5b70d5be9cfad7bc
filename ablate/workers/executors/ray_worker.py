"""A worker inside a Ray actor, on whichever machine Ray places it."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any

from ablate.errors import InputError, Problem
from ablate.workers.executors.memory import held_memory
from ablate.workers.messages import Event, Refused


class RayWorker:
    """A worker inside a Ray actor.

    Args:
        events: the queue that gets what it tells.
        number: the worker's number.
        life: the how many-eth worker of that number it is.
        folder: the folder in which ``ablate run`` was called: paths are relative to it.
        log: the file that gets what it prints.
    """

    def __init__(self, events: Any, number: int, life: int, folder: str, log: str) -> None:
        from ablate.workers.process import Worker

        self._events = events
        self._name = number, life
        self._folder = Path(folder)
        self._log = Path(log)
        self._worker = Worker(self._tell)
        self._is_ready = False

    def carry_out(self, order: str) -> None:
        """Carries out an order, given as JSON."""
        from ablate.workers.messages import order_from_json

        if self._is_ready or self._prepare():
            self._worker.carry_out(order_from_json.validate_json(order))

    def stop(self) -> None:
        """Ends the running trial after its epoch."""
        self._worker.stop.set()

    def memory(self) -> int:
        """The bytes of memory that this process holds."""
        import psutil

        return held_memory(psutil.Process())

    def _prepare(self) -> bool:
        """Goes to the study's folder, and has everything printed into the log."""
        try:
            os.chdir(self._folder)
            self._log.parent.mkdir(parents=True, exist_ok=True)
            log = self._log.open("a", buffering=1)
        except OSError as error:
            problem = Problem(
                f"the machine {socket.gethostname()}",
                f"{error.filename} cannot be used: {error.strerror}",
                hint="run in a folder that all machines of the cluster share",
            )
            self._tell(Refused(problems=(str(problem),), exit_code=InputError.exit_code))
            return False
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        sys.stdout = sys.stderr = log
        self._is_ready = True
        return True

    def _tell(self, event: Event) -> None:
        self._events.put((*self._name, event.model_dump_json()))
