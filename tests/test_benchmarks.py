"""What benchmarks measure: whole processes, with all that they start."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from ablate.architectures import bottleneck


def load(name, patch):
    path = Path(__file__).parent.parent / "benchmarks" / f"{name}.py"
    found = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(found)
    # Where dataclasses look up what their annotations name.
    patch.setitem(sys.modules, name, module)
    found.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def processes():
    with pytest.MonkeyPatch.context() as patch:
        yield load("processes", patch)


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


@pytest.mark.parametrize("pooling", ["max", "average"])
def test_the_script_by_hand_trains_our_network(pooling, monkeypatch):
    by_hand = load("by_hand", monkeypatch).build(pooling, 0.3, 96)
    ours = bottleneck.build((28, 28, 3), 96, pooling=pooling, dropout=0.3, batch_norm_momentum=0.9)

    def layers(model):
        configs = [layer.get_config() | {"name": type(layer).__name__} for layer in model.layers]
        return [one for one in configs if one["name"] != "InputLayer"]

    assert layers(by_hand) == layers(ours)


def test_what_looks_claim_is_simulated(monkeypatch):
    looks = load("looks", monkeypatch)
    rng = np.random.default_rng(3)
    false, with_futility, *seeds_and_power = looks.row_of_looks(
        rng, "normal", 1, 300, alike=True
    ).split(" | ")
    assert float(with_futility) <= float(false) <= 0.09
    assert float(seeds_and_power[0]) == pytest.approx(7.1, abs=0.4)
    one, each, _ = looks.row_of_searches(rng, "normal", 300, 1.0).split(" | ")
    assert float(one) > 0.3, "one search: its luck is taken for the tuning's"
    assert float(each) <= 0.09
