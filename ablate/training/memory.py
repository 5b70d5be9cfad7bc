"""Whether the memory that a training step frees stays with the process."""

from __future__ import annotations

import resource

import keras

BLOCK = 32 * 2**20
"""Bytes of the block that is asked for twice: as large as what a step frees."""


def blocks_are_kept() -> tuple[bool, int]:
    """Asks the backend for a block of memory, frees it, and asks for it again.

    Returns:
        Whether the second came without its pages being faulted in anew, and how many page faults
        it took.
    """
    _ask()
    faults = _ask()
    return faults < BLOCK / resource.getpagesize() / 10, faults


def _ask() -> int:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    block = keras.ops.ones((BLOCK // 4,), "float32")
    keras.ops.convert_to_numpy(block[:1])  # JAX answers before it has computed
    del block
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
