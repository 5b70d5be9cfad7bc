"""What an executor is: workers that are given orders and tell events."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from ablate.workers.messages import Event, Order


@dataclass(frozen=True)
class Death:
    """A worker ended before it had carried out its order."""

    reason: str
    """How, to follow "the worker": ``was ended by SIGKILL``."""
    was_killed: bool = False
    """Whether somebody else ended it, as far as can be told."""


class Executor(Protocol):
    """Workers, numbered from 0, which start when they are first given an order.

    A context manager: no worker is left after leaving.
    """

    @property
    def workers(self) -> int:
        """How many train at the same time, whether they have started or not."""

    @property
    def threads(self) -> int | None:
        """How many threads each computes with, which a study records; None where that is unknown."""

    @property
    def fair_memory(self) -> int | None:
        """The bytes above which a worker is replaced unless one is told; None for no limit."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def give(self, worker: int, order: Order) -> None:
        """Sends an order to a worker; one that is not there is started."""

    def next_event(self, timeout: float) -> tuple[int, Event | Death] | None:
        """The next that a worker tells, or how it died; None when nothing came in `timeout` s."""

    def end(self, worker: int, reason: str) -> None:
        """Ends a worker at once, whatever it does; its death is told with that reason."""

    def retire(self, worker: int) -> None:
        """Ends a worker that has nothing to do; the next order starts another in its place."""

    def memory(self, worker: int) -> int | None:
        """The bytes of memory that a worker holds; None where that is not known."""
