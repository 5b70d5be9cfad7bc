"""Which process a running trial belongs to: Optuna does not record it."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Self

from ablate.limits import SAME_START
from ablate.spec.space import Frozen

if TYPE_CHECKING:
    import psutil


class Owner(Frozen):
    """A process on some machine."""

    host: str
    pid: int
    started: float
    """When it started, in seconds since its machine did: a process number may be used again, and
    the time of day may be set."""

    @classmethod
    def this_process(cls) -> Self:
        """The process that calls."""
        import psutil

        pid = os.getpid()
        return cls(host=socket.gethostname(), pid=pid, started=_started(psutil.Process(pid)))

    def is_gone(self) -> bool:
        """Whether the process has ended; False for one on another machine, which is not known."""
        import psutil

        if self.host != socket.gethostname():
            return False
        try:
            process = psutil.Process(self.pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return True
            return abs(_started(process) - self.started) > SAME_START
        except psutil.NoSuchProcess:
            return True


def _started(process: psutil.Process) -> float:
    import psutil

    return float(process.create_time() - psutil.boot_time())
