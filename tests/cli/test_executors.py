"""Which workers the options of ``ablate run`` ask for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ablate.cli.executors import (
    check_options,
    make_local_executor,
    make_ray_executor,
    memory_limit,
)
from ablate.errors import InputError
from ablate.executors import best, shares
from ablate.running import Silence
from ablate.storage import StoragePlace


def test_an_option_of_the_other_executor_is_refused():
    check_options("local", None, 2)
    check_options("ray", "auto", None)
    with pytest.raises(InputError) as caught:
        check_options("local", "auto", None)
    assert str(caught.value) == "--address: is for --executor ray only"
    with pytest.raises(InputError) as caught:
        check_options("ray", "auto", 2)
    assert str(caught.value) == (
        "--workers-per-gpu: is for workers on this machine only; ask for a part of a GPU in the "
        "study file: [resources] num_gpus = 0.25"
    )


@pytest.mark.parametrize(
    ("workers", "gpus", "each", "count"),
    [(None, (), None, 1), (3, (), None, 3), (None, ("0", "1"), 2, 4), ("auto", (), None, 5)],
)
def test_workers_on_this_machine(project, monkeypatch, workers, gpus, each, count):
    monkeypatch.setattr(shares, "visible_gpus", lambda: gpus)
    monkeypatch.setattr(best, "best_workers", lambda *arguments: 5)
    made = make_local_executor(project.study(), project.place, workers, each, Silence())
    assert made.workers == count


def test_where_there_is_no_gpu_none_can_be_shared(project, monkeypatch):
    monkeypatch.setattr(shares, "visible_gpus", tuple)
    with pytest.raises(InputError) as caught:
        make_local_executor(project.study(), project.place, None, 2, Silence())
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
    code = "import sys, ablate.cli.run, ablate.executors.ray; assert 'ray' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_worker_holds_no_more_than_its_part_of_the_memory(monkeypatch):
    monkeypatch.setattr(shares, "memory_share", lambda workers: 800 // workers)
    assert memory_limit(None, "local", 2) == 400
    assert memory_limit(1.5, "local", 2) == memory_limit(1.5, "ray", 2) == 1.5 * 1024**3
    assert memory_limit(None, "ray", 2) is None
