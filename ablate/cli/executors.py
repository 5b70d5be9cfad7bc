"""The workers that the options of ``ablate run`` ask for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from ablate.errors import InputError, Problem

if TYPE_CHECKING:
    from ablate.running.dispatcher import Listener
    from ablate.spec.study import StudySpec
    from ablate.store.place import StoragePlace
    from ablate.workers.executors._base import Executor
    from ablate.workers.executors.defaults import Machine

GIB = 1024**3
MOST_GIB = 1_000_000


@dataclass(frozen=True)
class WorkerOptions:
    """What the options of ``ablate run`` say of workers on this machine; None where they do not."""

    workers: int | Literal["auto"] | None = None
    workers_per_gpu: int | None = None
    threads: int | None = None
    worker_memory: float | None = None
    """GiB of memory above which a worker is replaced."""

    @property
    def worker_bytes(self) -> int | None:
        """The same in bytes."""
        return None if self.worker_memory is None else round(self.worker_memory * GIB)


def make_local_executor(
    spec: StudySpec,
    place: StoragePlace,
    machine: Machine,
    options: WorkerOptions,
    listener: Listener,
    recorded: int | None,
) -> Executor:
    """The workers that --workers asks for, with the threads that the study was begun with."""
    from ablate.running.run import log_path
    from ablate.workers.executors.defaults import choose_workers
    from ablate.workers.executors.local import LocalExecutor

    workers = choose_workers(
        spec,
        machine,
        count=None if options.workers == "auto" else options.workers,
        workers_per_gpu=options.workers_per_gpu or 1,
        threads=options.threads,
        recorded=recorded,
    )
    if options.workers == "auto":
        from ablate.workers.executors.worker_count import best_workers

        best = best_workers(spec, place, machine, workers, listener.said)
        workers = replace(workers, count=best)
    return LocalExecutor(log_path(place, spec), spec.training.backend, workers.shares(machine))


def check_options(
    executor: Literal["local", "ray"],
    address: str | None,
    options: WorkerOptions,
    machine: Machine,
) -> None:
    """Options of the one executor say nothing to the other.

    Raises:
        InputError: one was given, or one for GPUs where there is none.
    """
    problems = []
    if executor == "local":
        if address is not None:
            problems.append(Problem("--address", "is for --executor ray only"))
        if options.workers_per_gpu and not machine.gpus:
            problems.append(Problem("--workers-per-gpu", "there is no GPU on this machine"))
    else:
        rule = "is for workers on this machine only"
        if options.workers_per_gpu is not None:
            hint = "ask for a part of a GPU in the study file: [resources] num_gpus = 0.25"
            problems.append(Problem("--workers-per-gpu", rule, hint=hint))
        if options.threads is not None:
            hint = "ask for cores in the study file: [resources] num_cpus = 2"
            problems.append(Problem("--threads", rule, hint=hint))
    if options.worker_memory is not None and not 0 < options.worker_memory < MOST_GIB:
        rule = f"must be a number of GiB above 0 and below {MOST_GIB:,}"
        problems.append(Problem("--worker-memory", rule, found=options.worker_memory))
    if problems:
        raise InputError(*problems)


def make_ray_executor(
    spec: StudySpec,
    place: StoragePlace,
    workers: int | Literal["auto"] | None,
    address: str | None,
) -> Executor:
    """Workers on a Ray cluster; ``auto`` is as many as it has room for."""
    from ablate.running.run import log_path
    from ablate.workers.executors.ray import RayExecutor

    return RayExecutor(
        log_path(place, spec),
        spec.training.backend,
        spec.resources,
        address,
        None if workers == "auto" else workers,
        one_machine=not place.is_shared,
    )
