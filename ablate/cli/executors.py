"""The workers that the options of ``ablate run`` ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ablate.errors import InputError, Problem

if TYPE_CHECKING:
    from ablate.executors._base import Executor
    from ablate.running import Listener
    from ablate.spec import StudySpec
    from ablate.storage import StoragePlace

GIB = 1024**3


def make_local_executor(
    spec: StudySpec,
    place: StoragePlace,
    workers: int | Literal["auto"] | None,
    workers_per_gpu: int | None,
    listener: Listener,
) -> Executor:
    """The workers that --workers asks for."""
    from ablate.executors.local import LocalExecutor
    from ablate.executors.shares import share_out, usable_cores, visible_gpus
    from ablate.study import log_path

    cores, gpus = usable_cores(), visible_gpus()
    if workers_per_gpu and not gpus:
        raise InputError(Problem("--workers-per-gpu", "there is no GPU on this machine"))
    each = workers_per_gpu or 1
    if workers == "auto":
        from ablate.executors.best import best_workers

        workers = best_workers(spec, place, cores, gpus, each, listener.said)
    shares = share_out(workers, each, cores, gpus)
    return LocalExecutor(log_path(place, spec), spec.training.backend, shares)


def check_options(
    executor: Literal["local", "ray"], address: str | None, workers_per_gpu: int | None
) -> None:
    """Options of the one executor say nothing to the other.

    Raises:
        InputError: one was given.
    """
    problems = []
    if executor == "local" and address is not None:
        problems.append(Problem("--address", "is for --executor ray only"))
    if executor == "ray" and workers_per_gpu is not None:
        rule = "is for workers on this machine only"
        hint = "ask for a part of a GPU in the study file: [resources] num_gpus = 0.25"
        problems.append(Problem("--workers-per-gpu", rule, hint=hint))
    if problems:
        raise InputError(*problems)


def memory_limit(gib: float | None, executor: Literal["local", "ray"], workers: int) -> int | None:
    """The bytes above which a worker is replaced; on a cluster Ray looks after the memory."""
    from ablate.executors.shares import memory_share

    if gib is not None:
        return round(gib * GIB)
    return memory_share(workers) if executor == "local" else None


def make_ray_executor(
    spec: StudySpec,
    place: StoragePlace,
    workers: int | Literal["auto"] | None,
    address: str | None,
) -> Executor:
    """Workers on a Ray cluster; ``auto`` is as many as it has room for."""
    from ablate.executors.ray import RayExecutor
    from ablate.study import log_path

    return RayExecutor(
        log_path(place, spec),
        spec.training.backend,
        spec.resources,
        address,
        None if workers == "auto" else workers,
        one_machine=not place.is_shared,
    )
