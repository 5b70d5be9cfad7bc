"""Trials on a real Ray cluster of two nodes, in a real PostgreSQL."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import contextmanager

import psutil
import pytest
from conftest import COMPARED, make_project

import ablate
from ablate.store.attributes import OWNER
from ablate.store.place import StoragePlace, open_storage
from ablate.store.studies import find_study
from ablate.store.trials import outcome_of


@pytest.fixture(scope="module")
def cluster():
    """Two nodes with a processor core each."""
    from ray.cluster_utils import Cluster

    found = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
    )
    found.add_node(num_cpus=1)
    yield found
    found.shutdown()


@contextmanager
def running(project, cluster, url):
    """A run of the study, which does not outlive its test."""
    run = subprocess.Popen(
        project.command(
            *("run", "study.toml", "--no-report", "--plain", "--executor", "ray"),
            *("--address", cluster.address, "--storage", url),
        ),
        cwd=project.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with run:
        try:
            yield run
        finally:
            run.kill()


def trials_of(url):
    stored = find_study(open_storage(StoragePlace(url)), "compared")
    parts = stored.parts.values() if stored else ()
    return [trial for part in parts for trial in part.get_trials(deepcopy=False)]


def kill_one(url, seconds=300):
    """Kills the worker of a running trial, once another has finished one."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        trials = trials_of(url)
        running = [OWNER.of(t).pid for t in trials if outcome_of(t) == "running"]
        if running and any(outcome_of(trial) == "complete" for trial in trials):
            os.kill(running[0], signal.SIGKILL)
            return running[0]
        time.sleep(0.1)
    raise AssertionError(f"no trial after {seconds} s")


def test_a_study_on_a_cluster_survives_the_death_of_a_worker(tmp_path, cluster, url):
    project = make_project(tmp_path)
    resources = "[resources]\nnum_cpus = 1.0\n"
    project.study_file.write_text(COMPARED.replace("epochs = 2", "epochs = 10") + resources)
    with running(project, cluster, url) as run:
        killed = kill_one(url)
        output = run.communicate(timeout=300)[0]
    assert run.returncode == 0, output
    table = ablate.results("compared", storage=url)
    counts = table.groupby(["phase", "outcome"]).size().to_dict()
    assert {k: v for k, v in counts.items() if k[1] != "interrupted"} == {
        ("tune", "complete"): 4,
        ("replicate", "complete"): 6,
    }, output
    pids = {OWNER.of(trial).pid for trial in trials_of(url)}
    assert killed in pids
    assert len(pids) == 3, "two workers, and one in the place of one that died"
    deadline = time.monotonic() + 60
    while (left := [pid for pid in pids if psutil.pid_exists(pid)]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []
    logs = project.folder / "runs" / "logs"
    assert {path.name for path in logs.iterdir()} == {"compared.log", "compared.2.log"}


def test_what_a_cluster_cannot_give_is_said(tmp_path, cluster, url):
    project = make_project(tmp_path)
    options = ("run", "study.toml", "--executor", "ray", "--storage", url)
    result = project.ablate_anew(
        *options, "--address", cluster.address, "--set", "resources.num_gpus=0.25"
    )
    assert result.returncode == 2
    assert result.stderr == (
        "[resources]: a worker needs 1 CPU, 0.25 GPU; no machine has that, all together "
        "have 2 CPU, 0 GPU; ask for less, or give --workers to wait for machines that are to come\n"
    )


def test_a_cluster_that_is_not_there_is_said(tmp_path, url):
    project = make_project(tmp_path)
    options = ("run", "study.toml", "--executor", "ray", "--storage", url)
    result = project.ablate_anew(*options, "--address", "127.0.0.1:1")
    assert result.returncode == 2
    assert result.stderr == (
        "--address: nothing answers at 127.0.0.1:1: Connection refused; start a cluster "
        "with: ray start --head\n"
    )
