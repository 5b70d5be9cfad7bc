"""Which workers the options of ``ablate run`` ask for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ablate.cli.executors import (
    WorkerOptions,
    check_options,
    make_local_executor,
    make_ray_executor,
)
from ablate.errors import InputError
from ablate.running.dispatcher import Silence
from ablate.store.place import StoragePlace
from ablate.workers.executors import worker_count as best
from ablate.workers.executors.defaults import Machine
from ablate.workers.executors.shares import memory_share

CORES = Machine((0, 1), (), 16 * 2**30)
GPUS = Machine((0, 1), ("0", "1"), 16 * 2**30)


def test_an_option_of_the_other_executor_is_refused():
    check_options("local", None, WorkerOptions(workers_per_gpu=2, threads=2), GPUS)
    check_options("ray", "auto", WorkerOptions(2), CORES)
    with pytest.raises(InputError) as caught:
        check_options("local", "auto", WorkerOptions(), CORES)
    assert str(caught.value) == "--address: is for --executor ray only"
    with pytest.raises(InputError) as caught:
        check_options("ray", "auto", WorkerOptions(workers_per_gpu=2, threads=2), GPUS)
    assert str(caught.value) == (
        "--workers-per-gpu: is for workers on this machine only; ask for a part of a GPU in the "
        "study file: [resources] num_gpus = 0.25\n"
        "--threads: is for workers on this machine only; ask for cores in the study file: "
        "[resources] num_cpus = 2"
    )


@pytest.mark.parametrize(
    ("asked", "machine", "count", "threads"),
    [
        (WorkerOptions(), CORES, 1, 2),
        (WorkerOptions(3), CORES, 3, 2),
        (WorkerOptions(threads=5), CORES, 1, 5),
        (WorkerOptions(workers_per_gpu=2), GPUS, 4, 1),
        (WorkerOptions("auto"), CORES, 5, 2),
    ],
)
def test_workers_on_this_machine(project, monkeypatch, asked, machine, count, threads):
    monkeypatch.setattr(best, "best_workers", lambda *arguments: 5)
    made = make_local_executor(project.study(), project.place, machine, asked, Silence(), None)
    assert (made.workers, made.threads) == (count, threads)
    assert made.fair_memory == memory_share(count)


def test_where_there_is_no_gpu_none_can_be_shared():
    with pytest.raises(InputError) as caught:
        check_options("local", None, WorkerOptions(workers_per_gpu=2), CORES)
    assert str(caught.value) == "--workers-per-gpu: there is no GPU on this machine"


def test_without_ray_it_is_said_how_to_install_it(project, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(InputError) as caught,
        make_ray_executor(project.study(), project.place, None, None),
    ):
        raise AssertionError
    assert str(caught.value) == (
        '--executor ray: Ray is not installed; install it: pip install "keras-ablate[ray]"'
    )


def test_a_file_is_for_one_machine():
    assert not StoragePlace("runs/ablate.journal").is_shared
    assert not StoragePlace("sqlite:///a.db").is_shared
    assert StoragePlace("postgresql://host/db").is_shared


def test_the_command_line_does_not_load_ray(project):
    code = (
        "import sys, ablate.cli.run, ablate.workers.executors.ray; assert 'ray' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("memory", [float("nan"), float("inf"), 1e300, 0.0, -1.0])
def test_a_limit_of_memory_is_a_number_of_gib(memory):
    with pytest.raises(InputError) as caught:
        check_options("local", None, WorkerOptions(worker_memory=memory), CORES)
    assert str(caught.value).startswith(
        "--worker-memory: must be a number of GiB above 0 and below 1,000,000, found "
    )
    assert WorkerOptions(worker_memory=1.5).worker_bytes == 3 * 2**29
    assert WorkerOptions().worker_bytes is None
