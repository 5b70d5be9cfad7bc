"""How much memory a worker holds."""

from __future__ import annotations

import psutil


def held_memory(process: psutil.Process) -> int:
    """The bytes of memory that only this process has.

    Pages of mapped files are left out where the system tells them apart (Linux): the data sets
    are read through them, and the system takes them back when it needs them.

    Raises:
        psutil.Error: the process is gone.
    """
    info = process.memory_info()
    return int(info.rss - getattr(info, "shared", 0))
