"""Running a study means making it complete, whatever cut it off."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

import psutil
import pytest
from conftest import COMPARED, make_project
from hand_made import make_stored

import ablate
from ablate.report.report import make_report
from ablate.report.sections import make_document
from ablate.running.run import run_study
from ablate.store.artifacts import Artifacts
from ablate.store.place import open_existing, open_storage
from ablate.store.studies import find_study, open_study
from ablate.store.trials import begin

pytestmark = pytest.mark.usefixtures("warm_workers")

LONG = ("--set", "training.epochs=40", "--set", "data.per_class=100")


def states(project):
    table = ablate.results("dense", storage=project.place.url)
    return table["outcome"].value_counts().to_dict()


def counts(summary):
    """What became of the trials of a search."""
    (phase,) = summary.phases
    assert phase.phase == "tune"
    return phase.counts


def wait_for(condition, seconds=180.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def start(project):
    """Starts a run that then is in the midst of a trial: of the second, unless told otherwise."""
    processes = []

    def start(*arguments, until="trial 1 epoch 3"):
        with (project.folder / "output.txt").open("w") as output:
            process = subprocess.Popen(
                project.command("run", "study.toml", "--no-report", *arguments),
                cwd=project.folder,
                stdout=output,
                stderr=output,
            )
        processes.append(process)
        wait_for(lambda: until in output_of(project))
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()


def output_of(project):
    return (project.folder / "output.txt").read_text()


def kill_everything(process):
    """Kills a run and its worker, at once."""
    workers = psutil.Process(process.pid).children(recursive=True)
    for victim in (*workers, process):
        os.kill(victim.pid, signal.SIGKILL)
    process.wait()
    psutil.wait_procs(workers, timeout=10)


def test_more_trials_are_added_and_a_complete_study_is_left_alone(project):
    first = run_study(project.study(), project.place)
    assert (first.trained, counts(first)) == (3, {"complete": 3})
    before = ablate.results("dense", storage=project.place.url)
    again = run_study(project.study(), project.place)
    assert (again.trained, counts(again)) == (0, {"complete": 3})
    more = run_study(project.study("tune.trials=5"), project.place)
    assert (more.trained, counts(more)) == (2, {"complete": 5})
    after = ablate.results("dense", storage=project.place.url)
    assert after.head(3).equals(before)
    fewer = run_study(project.study("tune.trials=2"), project.place)
    assert (fewer.trained, counts(fewer)) == (0, {"complete": 5})


def test_kill_9_of_everything_loses_nothing_and_repeats_nothing(project, start):
    kill_everything(start(*LONG))
    assert states(project) == {"complete": 1, "running": 1}
    kept = ablate.results("dense", storage=project.place.url).iloc[0].to_dict()
    cut_off = project.ablate("run", "study.toml", "--no-report", *LONG)
    assert cut_off.returncode == 0, cut_off.stderr
    assert "1 trial was cut off earlier and will be trained again" in cut_off.stdout
    assert cut_off.stdout.endswith("\nsee the results: ablate report dense\n")
    assert not (project.folder / "reports").exists()
    table = ablate.results("dense", storage=project.place.url)
    assert table["outcome"].tolist() == ["complete", "interrupted", "complete", "complete"]
    assert table[list(kept)].iloc[0].to_dict() == kept
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


def test_kill_9_in_every_phase_ends_in_the_table_of_an_undisturbed_run(project, start):
    project.study_file.write_text(COMPARED)
    settings = [
        "data.per_class=60",
        "training.batch_size=8",
        "training.epochs=6",
        "replicate.seeds=2",
    ]
    options = ["--workers", "1", *(w for setting in settings for w in ("--set", setting))]

    def run_to_the_end(*more):
        return ablate.run(project.study(*settings, *more), storage=project.place.url, workers=1)

    def table_of(name):
        table = ablate.results(name, storage=project.place.url)
        return table.groupby(["phase", "outcome"]).size().to_dict(), table

    kill_everything(start(*options, until="tune units=4 trial 1 epoch 1/"))
    assert table_of("compared")[0] == {("tune", "complete"): 3, ("tune", "running"): 1}
    kill_everything(start(*options, until="replicate units=4 seed 2 epoch 1/"))
    assert "1 trial was cut off earlier and will be trained again\n" in output_of(project)
    assert "compared: 3 of 4 trials are finished\n" in output_of(project)
    assert table_of("compared")[0] == {
        ("tune", "complete"): 4,
        ("tune", "interrupted"): 1,
        ("replicate", "complete"): 2,
        ("replicate", "running"): 1,
    }
    summary = run_to_the_end()
    assert summary.trained == 2, "the replicate that was cut off, and the last"
    assert [(p.phase, p.counts) for p in summary.phases] == [
        ("tune", {"complete": 4}),
        ("replicate", {"complete": 4}),
    ]
    run_to_the_end("study.name=undisturbed")
    expected_states, expected = table_of("undisturbed")
    found_states, found = table_of("compared")
    assert expected_states == {("tune", "complete"): 4, ("replicate", "complete"): 4}
    assert found_states == expected_states | {
        ("tune", "interrupted"): 1,
        ("replicate", "interrupted"): 1,
    }
    times = ["training_seconds", "seconds_per_epoch", "inference_seconds", "number"]
    order = ["phase", "variant", "seed", "learning_rate"]
    tables = [
        table[table["outcome"] == "complete"]
        .drop(columns=times)
        .sort_values(order, ignore_index=True)
        for table in (expected, found)
    ]
    assert tables[0].equals(tables[1])
    replicates = found[(found["phase"] == "replicate") & (found["outcome"] == "complete")]
    assert sorted(zip(replicates["variant"], replicates["seed"], strict=True)) == [
        ("units=16", 1),
        ("units=16", 2),
        ("units=4", 1),
        ("units=4", 2),
    ]


@pytest.fixture(scope="module")
def raised(tmp_path_factory):
    """A comparison that was complete, then was given more seeds, and then more trials."""
    project = make_project(tmp_path_factory.mktemp("raised"))
    project.study_file.write_text(COMPARED)
    fixed = (
        "training.epochs=1",
        'tune.sampler="grid"',
        "tune.learning_rate={ choices = [1e-2, 1e-6] }",
    )
    summaries, tables = [], []
    for trials, seeds in ((1, 1), (1, 2), (2, 2)):
        study = project.study(*fixed, f"tune.trials={trials}", f"replicate.seeds={seeds}")
        summaries.append(run_study(study, project.place))
        tables.append(ablate.results("compared", storage=project.place.url))
    return project, summaries, tables


def test_more_seeds_train_only_the_new_ones(raised):
    _, summaries, tables = raised
    assert [summary.trained for summary in summaries[:2]] == [4, 2]
    assert summaries[1].phases[1].counts == {"complete": 4}
    before, after = (table[table["phase"] == "replicate"] for table in tables[:2])
    assert before["seed"].tolist() == [1, 1]
    assert after.head(2).equals(before)
    assert after["seed"].tolist() == [1, 1, 2, 2]


def test_more_trials_that_find_a_better_configuration_replicate_it_anew(raised):
    project, summaries, tables = raised
    tuned = tables[2][tables[2]["phase"] == "tune"]
    for _, own in tuned.groupby("variant"):
        assert own["learning_rate"].tolist() == [1e-6, 1e-2], "the seed should find them so"
        assert own["val_loss"].iloc[1] < own["val_loss"].iloc[0]
    assert summaries[2].trained == 2 + 4
    assert summaries[2].phases[1].counts == {"complete": 4}
    replicates = tables[2][tables[2]["phase"] == "replicate"]
    assert replicates["learning_rate"].tolist() == [1e-6] * 4 + [1e-2] * 4
    storage = open_existing(project.place)
    report = make_report(find_study(storage, "compared"), Artifacts(project.place, storage))
    section = next(s for s in make_document(report).sections if s.title == "Variants")
    later = "left out: a better configuration has been found since"
    assert section.elements[-1].items == (
        f"units=16: 2 replicates of an earlier choice {later}",
        f"units=4: 2 replicates of an earlier choice {later}",
    )
    # The report's means are those of the new choice alone.
    new = replicates[replicates["learning_rate"] == 1e-2]
    for row in report.ablation.blocks[0].rows:
        own = new[new["variant"] == row.variant]["test_accuracy"]
        assert row.scores["accuracy"].mean == pytest.approx(own.mean(), abs=1e-12)
        assert row.scores["accuracy"].n == 2


def test_one_interrupt_lets_the_epoch_end_and_stops_cleanly(project, start):
    process = start(*LONG)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert "stopping after this epoch; Ctrl-C again stops at once" in output_of(project)
    assert "trial 1 interrupted; it will be trained again" in output_of(project)
    assert "run the same command again to go on" in output_of(project)
    assert states(project) == {"complete": 1, "interrupted": 1}


def test_two_interrupts_stop_at_once(project, start):
    # An epoch that takes a while: the second one comes before its end.
    slow = ("training.epochs=20", "training.batch_size=1", "data.per_class=100")
    words = [word for setting in slow for word in ("--set", setting)]
    process = start(*words, until="trial 0 epoch 1")
    worker = psutil.Process(process.pid).children()[0]
    process.send_signal(signal.SIGINT)
    # Sooner they may be taken for one: the system does not count signals that wait.
    wait_for(lambda: "Ctrl-C again stops at once" in output_of(project))
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
    result = project.ablate("run", "study.toml", "--no-report", *LONG, "--timeout", "0.01s")
    assert result.returncode == 0, result.stderr
    assert "dense: stopped at the time limit" in result.stdout


@pytest.fixture
def begun(project, digits):
    """A study that was begun, and trained nothing yet."""
    open_study(open_storage(project.place), project.study(), {"digits": digits.digest})
    return project


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
def test_another_question_under_an_old_name_is_an_error(begun, setting, message):
    project = begun
    before = project.place.url, (project.folder / "runs/ablate.journal").read_bytes()
    result = project.ablate("run", "study.toml", "--set", setting)
    assert (result.returncode, result.stderr.splitlines()[-1]) == (2, message)
    assert before[1] == (project.folder / "runs/ablate.journal").read_bytes()


def test_an_edited_network_is_another_question(begun):
    project = begun
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
    assert (summary.trained, counts(summary)) == (3, {"complete": 3})
    artifacts = list((project.folder / "runs" / "artifacts").iterdir())
    assert len(artifacts) == 2 * (3 - summary.repeated)


def test_fresh_deletes_nothing_that_another_run_trains(project):
    stored = make_stored(project.study(), open_storage(project.place))
    (part,) = stored.parts.values()
    begin(part, {"slot": 0}, {}, list)
    with pytest.raises(ablate.InputError) as caught:
        run_study(project.study(), project.place, fresh=True)
    assert str(caught.value) == (
        "dense: another run is training a trial of this study, which --fresh would delete; end that "
        "run first"
    )
    assert len(part.trials) == 1


def test_the_journal_holds_nothing_but_records(finished):
    journal = finished.folder / "runs" / "ablate.journal"
    assert all("op_code" in json.loads(line) for line in journal.read_text().splitlines())
