"""How many workers train a study on this machine, and with how many threads, unless one is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ablate.spec.study import StudySpec
from ablate.workers.executors.shares import (
    Share,
    memory_share,
    share_out,
    usable_cores,
    visible_gpus,
)

WORKER_BYTES = 2 * 2**30
"""Memory that there should be for each worker: about twice what one holds at first."""


@dataclass(frozen=True)
class Machine:
    """What workers may use of this machine."""

    cores: tuple[int, ...]
    gpus: tuple[str, ...]
    memory: int
    """Bytes that all workers together may hold."""

    @classmethod
    def here(cls) -> Machine:
        """This machine."""
        return cls(usable_cores(), visible_gpus(), memory_share(1))


@dataclass(frozen=True)
class Workers:
    """How a study is trained on one machine."""

    count: int
    """How many trainings go on at a time."""
    threads: int | None
    """How many threads each computes with; None for what its libraries take."""
    in_turn: bool = False
    """Whether at most one trial of a cell's search is under way: what Optuna chooses next then
    depends on nothing that happens beside it."""
    workers_per_gpu: int = 1

    def shares(self, machine: Machine) -> tuple[Share, ...]:
        """Each worker's part of the machine."""
        cores, gpus = machine.cores, machine.gpus
        return share_out(self.count, self.workers_per_gpu, cores, gpus, self.threads)


def choose_workers(
    study: StudySpec,
    machine: Machine,
    *,
    count: int | None = None,
    workers_per_gpu: int = 1,
    threads: int | None = None,
    recorded: int | None = None,
) -> Workers:
    """How a study is trained here.

    Threads change numbers in their last digits. So they do not depend on how many workers there
    are, and a study goes on with those that it was begun with.

    Args:
        study: the study.
        machine: what may be used.
        count: how many workers the user wants; None for as many as gain.
        workers_per_gpu: how many share a GPU.
        threads: how many threads the user wants each to compute with.
        recorded: how many the study was begun with.
    """
    if machine.gpus:
        gpu_workers = count or len(machine.gpus) * workers_per_gpu
        return Workers(gpu_workers, threads or recorded, workers_per_gpu=workers_per_gpu)
    usual = _usual_count(study, machine)
    each = threads or recorded or max(1, len(machine.cores) // usual)
    return Workers(count or usual, each, in_turn=count is None)


def _usual_count(study: StudySpec, machine: Machine) -> int:
    """As many as can be busy side by side: one for each core, where the memory suffices."""
    searches = len(study.searched_cells) if study.tune else 0
    side_by_side = max(searches, len(study.cells) * len(study.seeds))
    return max(1, min(len(machine.cores), side_by_side, machine.memory // WORKER_BYTES))


def workers_text(workers: Workers, cores: Sequence[int]) -> str:
    """How a study is trained, in words."""
    threads = workers.threads
    side = "1" if workers.count == 1 else f"{workers.count} side by side"
    each = f", {threads} {'thread' if threads == 1 else 'threads'} each" if threads else ""
    return f"{side}{each} (of {len(cores)} {'core' if len(cores) == 1 else 'cores'})"
