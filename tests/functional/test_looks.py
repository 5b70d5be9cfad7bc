"""Looks decide alike however the runs that trained for them were cut off, and with any number of workers."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time

import psutil
import pytest

import ablate

STUDY = """
[study]
name = "looked"
dataset = "digits"
search_space = "space.toml"
[data]
per_class = 20
test_per_class = 20
validation = 0.2
[training]
epochs = 4
learning_rate = 0.02
batch_size = 16
[vary]
units = [4, 16, 8]
[replicate]
seeds = 9
looks = true
"""
THREADS = ("--threads", "1", "--plain")


@pytest.fixture
def run(project):
    """Runs a study, and kills it with all its workers when so many replicates are complete."""
    project.study_file.write_text(STUDY)

    def complete(name):
        with contextlib.suppress(ablate.InputError):
            table = ablate.results(name, storage=project.place.url)
            return int((table["outcome"] == "complete").sum())
        return 0

    def runs(name, workers, killed_at=()):
        settings = ("--set", f"study.name={name}", "--workers", str(workers), *THREADS)
        for count in killed_at:
            process = subprocess.Popen(
                project.command("run", "study.toml", "--no-report", *settings),
                cwd=project.folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            deadline = time.monotonic() + 300
            while complete(name) < count and process.poll() is None:
                assert time.monotonic() < deadline, "it did not come so far in time"
                time.sleep(0.02)
            victims = []
            with contextlib.suppress(psutil.Error):
                victims = psutil.Process(process.pid).children(recursive=True)
            for victim in (*victims, process):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(victim.pid, signal.SIGKILL)
            process.wait()
            psutil.wait_procs(victims, timeout=10)
        found = project.ablate("run", "study.toml", "--no-report", *settings)
        assert found.returncode == 0, found.stderr
        report = project.ablate("report", name, "--format", "json")
        assert report.returncode == 0, report.stderr
        table = ablate.results(name, storage=project.place.url)
        done = table[table["outcome"] == "complete"]
        assert not done.duplicated(["variant", "seed"]).any(), "nothing was trained twice"
        return {
            (row["variant"], row["seed"]): row["test_accuracy"] for row in done.to_dict("records")
        }, _verdicts(project, name)

    return runs


def _verdicts(project, name):
    import json

    told = json.loads((project.folder / "reports" / name / "report.json").read_text())
    return {
        row["variant"]: (
            row["comparisons"]["accuracy"]["verdict"],
            row["comparisons"]["accuracy"]["look"],
        )
        for row in told["ablation"]["blocks"][0]["rows"]
        if row["comparisons"]
    }


def test_kill_9_at_a_look_changes_nothing_of_what_it_decides(run):
    scores, verdicts = run("undisturbed", 1)
    assert verdicts["units=4"][0] == "worse"
    assert len(scores) < 27, "some seeds were saved"
    first = 3 * 7  # the first look is after 7 seeds of 3 variants
    assert run("killed", 2, (first,)) == (scores, verdicts)
