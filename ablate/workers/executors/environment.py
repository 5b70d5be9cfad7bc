"""What a worker's environment holds before Keras is imported."""

from __future__ import annotations

from collections.abc import Mapping

from ablate.spec.training import Backend
from ablate.workers.executors.shares import Share

GIB = 2**30
HUGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
_ONE_HEAP = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(8 * GIB),
    "MALLOC_TOP_PAD_": str(64 * 2**20),
    **HUGE_PAGES,
}
KEEPING: Mapping[Backend, Mapping[str, str]] = {
    "tensorflow": {"TF_CPU_ALLOCATOR_USE_BFC": "true", **HUGE_PAGES},
    "jax": _ONE_HEAP,
    "torch": _ONE_HEAP,
}
"""What makes each backend keep the blocks of memory that a training step frees.

The C library gives large ones back to the system after every step, and gets them anew, page by
page: up to half of a step's time on a processor. With ``TF_CPU_ALLOCATOR_USE_BFC`` TensorFlow
keeps them itself. The others are the GNU C library's own settings: all blocks come from one heap
that is never trimmed, and from large pages where the system has them. No number changes.
Not for a worker with a GPU: a step's blocks lie in the GPU's memory there, and XLA compiles with
many threads, which wait for each other at the one heap (23 s instead of 7, `docs/performance.md`).
"""

THREADS_OF: Mapping[str, str] = {
    "tensorflow": "TF_NUM_INTRAOP_THREADS",
    "jax": "NPROC",
    "torch": "OMP_NUM_THREADS",
}
"""The variable that says with how many threads each backend computes."""


def environment_threads(environment: Mapping[str, str]) -> int | None:
    """How many threads a worker with this environment computes with.

    Args:
        environment: of the worker, see `worker_environment`.

    Returns:
        None where the environment does not say, and its libraries choose.
    """
    value = environment.get(THREADS_OF[environment["KERAS_BACKEND"]], "")
    return int(value) if value.isdecimal() and int(value) else None


def worker_environment(
    environment: Mapping[str, str],
    backend: Backend,
    share: Share | None = None,
    *,
    gpu: bool = False,
) -> dict[str, str]:
    """The environment of a worker.

    Args:
        environment: the user's, which counts more than ours.
        backend: the Keras backend.
        share: the part of the machine that the worker may use; all of it unless given.
        gpu: whether it trains on a GPU that the share does not name.
    """
    return {
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        **({} if gpu or (share and share.gpu is not None) else KEEPING[backend]),
        **(share.environment() if share else {}),
        **environment,
        **(share.device() if share else {}),
        "KERAS_BACKEND": backend,
        "PYTHONUNBUFFERED": "1",
    }
