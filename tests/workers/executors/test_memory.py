"""What counts as a process's own memory."""

from __future__ import annotations

import mmap
import sys

import psutil
import pytest

from ablate.workers.executors.memory import held_memory

SIZE = 64 * 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells file pages apart")
def test_pages_of_mapped_files_do_not_count_and_others_do(tmp_path):
    file = tmp_path / "data"
    file.write_bytes(bytes(SIZE))
    process = psutil.Process()
    before = held_memory(process)
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        resident = process.memory_info().rss
        assert sum(mapped[:: mmap.PAGESIZE]) == 0
        assert process.memory_info().rss - resident > SIZE / 2
        assert abs(held_memory(process) - before) < SIZE / 4
    block = bytearray(b"1") * SIZE
    assert held_memory(process) - before > SIZE / 2
    del block
