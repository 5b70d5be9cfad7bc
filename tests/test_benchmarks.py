"""What benchmarks measure: whole processes, with all that they start."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def processes():
    path = Path(__file__).parent.parent / "benchmarks" / "processes.py"
    found = importlib.util.spec_from_file_location("processes", path)
    module = importlib.util.module_from_spec(found)
    sys.modules["processes"] = module
    found.loader.exec_module(module)
    yield module
    del sys.modules["processes"]


def test_grandchildren_count(processes, tmp_path):
    idle = [sys.executable, "-c", "pass"]
    child = f"import subprocess; [subprocess.run({idle}, check=True) for _ in range(5)]; print(5)"
    alone = processes.run_process(idle, {}, tmp_path)
    used = processes.run_process([sys.executable, "-c", child], {}, tmp_path)
    assert used.output == "5\n"
    assert used.faults > 4 * alone.faults


def test_what_a_failing_process_printed_is_told(processes, tmp_path):
    command = [sys.executable, "-c", "import sys; print('here'); sys.exit('it broke')"]
    with pytest.raises(SystemExit, match=r"(?s)here.*it broke.*ended with 1"):
        processes.run_process(command, {}, tmp_path)


def test_a_bare_environment_has_no_settings_of_ours_or_of_libraries(processes, monkeypatch):
    names = ["TF_CPU_ALLOCATOR_USE_BFC", "MALLOC_ARENA_MAX", "GLIBC_TUNABLES", "NPROC", "ABLATE_X"]
    for name in [*names, "OMP_NUM_THREADS", "SOMETHING_ELSE"]:
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    bare = processes.bare_environment("tensorflow")
    assert not bare.keys() & {*names, "OMP_NUM_THREADS"}
    assert bare["SOMETHING_ELSE"] == "1"
    assert bare["KERAS_BACKEND"] == "tensorflow"


def test_ratios_are_of_pairs(processes):
    ours = [processes.Usage(wall, 0, 0, 0) for wall in (1.0, 20.0, 300.0)]
    theirs = [processes.Usage(wall, 0, 0, 0) for wall in (2.0, 10.0, 400.0)]
    assert processes.median_ratio(ours, theirs, lambda usage: usage.wall) == 0.75
    assert processes.median_usage(ours).wall == 20.0
