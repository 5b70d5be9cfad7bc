"""Several workers, several runs, and workers that are killed: every trial is trained once."""

from __future__ import annotations

import signal
import subprocess

import psutil
import pytest

import ablate
from ablate.limits import Limits
from ablate.running.run import run_study

STUDY = """
[study]
name = "compared"
dataset = "digits"
search_space = "space.toml"
[data]
per_class = 20
test_per_class = 20
validation = 0.2
[training]
epochs = 4
batch_size = 16
[vary]
units = [4, 16]
[tune]
trials = 3
sampler = "random"
pruner = "none"
learning_rate = { low = 1e-3, high = 1e-1, log = true }
[replicate]
seeds = 2
"""
WHOLE = {("tune", "complete"): 6, ("replicate", "complete"): 4}


@pytest.fixture
def compared(project):
    project.study_file.write_text(STUDY)
    return project


def begin(project, *options):
    """Starts a run."""
    return subprocess.Popen(
        project.command("run", "study.toml", "--no-report", "--plain", *options),
        cwd=project.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def table_of(project):
    return ablate.results("compared", storage=project.place.url)


def fates(project):
    """What became of the trials, those cut off aside."""
    table = table_of(project)
    counts = table.groupby(["phase", "outcome"]).size().to_dict()
    return {key: count for key, count in counts.items() if key[1] != "interrupted"}


def trained(project):
    """What was trained, each time."""
    table = table_of(project)
    done = table[table["outcome"] == "complete"]
    replicates = done[done["phase"] == "replicate"]
    return sorted(zip(replicates["variant"], replicates["seed"], strict=True))


EACH_ONCE = sorted((f"units={units}", seed) for units in (4, 16) for seed in (1, 2))


def test_two_workers_train_each_trial_once(compared):
    result = compared.ablate("run", "study.toml", "--workers", "2")
    assert result.returncode == 0, result.stderr
    assert fates(compared) == WHOLE
    assert trained(compared) == EACH_ONCE
    logs = {path.name for path in (compared.folder / "runs" / "logs").iterdir()}
    assert logs == {"compared.log", "compared.2.log"}
    again = compared.ablate("run", "study.toml", "--workers", "2")
    assert "already complete, nothing to do" in again.stdout


def test_two_runs_at_once_share_the_trials(compared):
    runs = [begin(compared, "--workers", "1") for _ in range(2)]
    outputs = [run.communicate(timeout=300)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], outputs
    assert fates(compared) == WHOLE, outputs
    assert trained(compared) == EACH_ONCE
    counts = [output.count(" complete: ") for output in outputs]
    assert sum(counts) == 10
    assert min(counts) > 0, "both had something to do"


def test_sigterm_ends_a_run_that_goes_on_later(compared):
    run = begin(compared, "--workers", "1", "--set", "training.epochs=40")
    for line in run.stdout:
        if "epoch 3/" in line:
            break
    run.send_signal(signal.SIGTERM)
    output = run.communicate(timeout=300)[0]
    assert run.returncode == 130
    assert "run the same command again to go on" in output
    assert ("tune", "running") not in fates(compared)


@pytest.mark.usefixtures("warm_workers")
def test_a_network_that_hangs_is_ended_three_times_and_has_failed(project):
    study = project.study(
        "tune.trials=1", "tune.parameters=[]", 'tune.trouble={ choices = ["hangs"] }'
    )
    summary = run_study(study, project.place, limits=Limits(trial_seconds=1.0))
    assert summary.complete == 0
    table = ablate.results("dense", storage=project.place.url)
    assert table["outcome"].tolist() == ["interrupted", "interrupted", "failed"]
    assert table["reason"].iloc[-1] == (
        "the worker was ended: its trial took longer than 1 s, 3 times"
    )


def test_a_worker_is_replaced_after_so_many_trials(project):
    processes = set()

    class Watch:
        def opened(self, study, phases, cut_off):
            pass

        def heard(self, event):
            own = psutil.Process().children()
            processes.update(p.pid for p in own if "ablate.workers.process" in p.cmdline())

        def said(self, text):
            pass

        def stopping(self):
            pass

    run_study(project.study(), project.place, Watch(), limits=Limits(worker_trials=1))
    assert len(processes) == 3
