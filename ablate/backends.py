"""The Keras backends that trainings can use, and in what they differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

BackendName = Literal["tensorflow", "jax", "torch"]
_HUGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
_ONE_HEAP = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(8 * 2**30),
    "MALLOC_TOP_PAD_": str(64 * 2**20),
    **_HUGE_PAGES,
}


@dataclass(frozen=True)
class Backend:
    """A Keras backend; what it is asked for in code lies in `ablate.training.backends`, by its name."""

    install: str
    """What pip installs it by."""
    modules: tuple[str, ...]
    """The modules that are its own: one for the whole process, whoever imports them."""
    useless: str
    """The other backend that would be imported with it: two seconds and 400 MB that it has no use for
    where that is TensorFlow, which Keras imports wherever it is installed; 0.4 seconds where it is JAX,
    whose functions TensorFlow's converter for telephones knows."""
    threads: str
    """The environment variable that says with how many threads it computes."""
    keeping: Mapping[str, str]
    """The environment in which it keeps the blocks of memory that a training step frees.

    The C library gives large ones back to the system after every step, and gets them anew, page by
    page: up to half of a step's time on a processor. With ``TF_CPU_ALLOCATOR_USE_BFC`` TensorFlow
    keeps them itself. The others are the GNU C library's own settings: all blocks come from one heap
    that is never trimmed, and from large pages where the system has them. No number changes.
    Not for a worker with a GPU: a step's blocks lie in the GPU's memory there, and XLA compiles with
    many threads, which wait for each other at the one heap (23 s instead of 7, `docs/performance.md`)."""
    traces: bool
    """Whether it makes a program of a network, which is worth keeping for the next training."""
    pipelines: bool = False
    """Whether it can make batches itself, of examples that it holds."""


BACKENDS: Mapping[str, Backend] = {
    "tensorflow": Backend(
        install="tensorflow",
        modules=("tensorflow",),
        useless="jax",
        threads="TF_NUM_INTRAOP_THREADS",
        keeping={"TF_CPU_ALLOCATOR_USE_BFC": "true", **_HUGE_PAGES},
        traces=True,
        pipelines=True,
    ),
    "jax": Backend(
        install='"keras-ablate[jax]"',
        modules=("jax", "jaxlib"),
        useless="tensorflow",
        threads="NPROC",
        keeping=_ONE_HEAP,
        traces=True,
    ),
    "torch": Backend(
        install='"keras-ablate[torch]"',
        modules=("torch",),
        useless="tensorflow",
        threads="OMP_NUM_THREADS",
        keeping=_ONE_HEAP,
        traces=False,  # networks run layer by layer
    ),
}
"""By `BackendName`, which is that of the module; the first that is installed is the usual one."""
