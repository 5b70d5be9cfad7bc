"""Running a study means making it complete, whatever cut it off."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

import psutil
import pytest

import ablate
from ablate.study import run_study

LONG = ("--set", "training.epochs=40", "--set", "data.per_class=100")


def states(project):
    table = ablate.results("dense", storage=project.place.url)
    return table["outcome"].value_counts().to_dict()


def wait_for(condition, seconds=180.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def start(project):
    """Starts a run that then has finished one trial and is in the midst of the next."""
    processes = []

    def start(*arguments):
        with (project.folder / "output.txt").open("w") as output:
            process = subprocess.Popen(
                project.command("run", "study.toml", *arguments),
                cwd=project.folder,
                stdout=output,
                stderr=output,
            )
        processes.append(process)
        wait_for(lambda: "trial 1 epoch 3" in output_of(project))
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()


def output_of(project):
    return (project.folder / "output.txt").read_text()


def test_more_trials_are_added_and_a_complete_study_is_left_alone(project):
    first = run_study(project.study(), project.place)
    assert (first.trained, first.counts) == (3, {"complete": 3})
    before = ablate.results("dense", storage=project.place.url)
    again = run_study(project.study(), project.place)
    assert (again.trained, again.counts) == (0, {"complete": 3})
    more = run_study(project.study("tune.trials=5"), project.place)
    assert (more.trained, more.counts) == (2, {"complete": 5})
    after = ablate.results("dense", storage=project.place.url)
    assert after.head(3).equals(before)
    fewer = run_study(project.study("tune.trials=2"), project.place)
    assert (fewer.trained, fewer.counts) == (0, {"complete": 5})


def test_kill_9_of_everything_loses_nothing_and_repeats_nothing(project, start):
    process = start(*LONG)
    everything = [*psutil.Process(process.pid).children(recursive=True), process]
    for victim in everything:
        os.kill(victim.pid, signal.SIGKILL)
    process.wait()
    psutil.wait_procs([p for p in everything if isinstance(p, psutil.Process)], timeout=10)
    assert states(project) == {"complete": 1, "running": 1}
    kept = ablate.results("dense", storage=project.place.url).iloc[0].to_dict()
    cut_off = project.ablate("run", "study.toml", *LONG)
    assert cut_off.returncode == 0, cut_off.stderr
    assert "1 trial was cut off earlier and will be trained again" in cut_off.stdout
    table = ablate.results("dense", storage=project.place.url)
    assert table["outcome"].tolist() == ["complete", "interrupted", "complete", "complete"]
    assert table.iloc[0].to_dict() == kept
    assert table.iloc[1]["units"] == table.iloc[2]["units"]


def test_a_study_that_was_cut_off_ends_like_one_that_was_not(project):
    undisturbed = project.study("study.name=undisturbed")
    run_study(undisturbed, project.place)
    expected = ablate.results("undisturbed", storage=project.place.url)
    study = project.study()
    run_study(project.study("tune.trials=1"), project.place)
    journal = project.folder / "runs" / "ablate.journal"
    with journal.open("ab") as file:
        file.write(b'{"op_code": 5, "worker_id": "cut o')  # what a crash leaves behind
    run_study(study, project.place)
    found = ablate.results("dense", storage=project.place.url)
    assert found["val_loss"].tolist() == expected["val_loss"].tolist()
    assert found["units"].tolist() == expected["units"].tolist()


def test_one_interrupt_lets_the_epoch_end_and_stops_cleanly(project, start):
    process = start(*LONG)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert "stopping after this epoch; Ctrl-C again stops at once" in output_of(project)
    assert "trial 1 interrupted; it will be trained again" in output_of(project)
    assert "run the same command again to go on" in output_of(project)
    assert states(project) == {"complete": 1, "interrupted": 1, "waiting": 1}


def test_two_interrupts_stop_at_once(project, start):
    process = start("--set", "training.epochs=20", "--set", "training.batch_size=4")
    worker = psutil.Process(process.pid).children()[0]
    process.send_signal(signal.SIGINT)
    time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert output_of(project).rstrip().endswith("interrupted")
    assert not worker.is_running()
    assert "running" not in states(project)


def test_a_worker_whose_parent_is_gone_ends(project, start):
    process = start(*LONG)
    worker = psutil.Process(process.pid).children()[0]
    process.kill()
    process.wait()
    psutil.wait_procs([worker], timeout=30)
    assert not worker.is_running()


def test_a_time_limit_stops_the_run(project):
    result = project.ablate("run", "study.toml", *LONG, "--timeout", "0.01s")
    assert result.returncode == 0, result.stderr
    assert "dense: stopped at the time limit" in result.stdout


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            "training.epochs=3",
            "study.toml: training.epochs: the stored study dense has 2, this file has 3; rename the "
            "study to keep both, or run with --fresh to delete the old one's trials",
        ),
        (
            "tune.units={ choices = [4, 8] }",
            "study.toml: tune.parameters.units.domain.choices: the stored study dense has [4, 8, 16], "
            "this file has [4, 8]; rename the study to keep both, or run with --fresh to delete the "
            "old one's trials",
        ),
    ],
)
def test_another_question_under_an_old_name_is_an_error(project, setting, message):
    run_study(project.study("tune.trials=1"), project.place)
    before = project.place.url, (project.folder / "runs/ablate.journal").read_bytes()
    result = project.ablate("run", "study.toml", "--set", setting)
    assert (result.returncode, result.stderr.strip()) == (2, message)
    assert before[1] == (project.folder / "runs/ablate.journal").read_bytes()


def test_an_edited_network_is_another_question(project):
    run_study(project.study("tune.trials=1"), project.place)
    models = project.folder / "models.py"
    models.write_text(models.read_text() + "# edited\n")
    result = project.ablate("run", "study.toml")
    assert result.returncode == 2
    assert result.stderr.strip() == (
        f"study.toml: study.search_space: {models} has changed since the study dense was begun; "
        "rename the study to keep both, or run with --fresh to delete the old one's trials"
    )


def test_fresh_starts_over(project):
    run_study(project.study("tune.trials=2"), project.place)
    summary = run_study(project.study("training.epochs=1"), project.place, fresh=True)
    assert (summary.trained, summary.counts) == (3, {"complete": 3})
    artifacts = list((project.folder / "runs" / "artifacts").iterdir())
    assert len(artifacts) == 2 * 3


def test_the_journal_holds_nothing_but_records(finished):
    journal = finished.folder / "runs" / "ablate.journal"
    assert all("op_code" in json.loads(line) for line in journal.read_text().splitlines())
