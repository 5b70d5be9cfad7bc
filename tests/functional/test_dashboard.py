"""Optuna's dashboard shows a study with its metric, attributes and artifacts, on loopback."""

from __future__ import annotations

import json
import subprocess
import urllib.request

import pytest


@pytest.fixture
def dashboard(finished):
    pytest.importorskip("optuna_dashboard", reason="needs the extra dashboard")
    process = subprocess.Popen(
        finished.command("dashboard", "--port", "0"),
        cwd=finished.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        yield process.stdout.readline().split()[0].removesuffix("/dashboard")
        process.kill()


def get(url):
    request = urllib.request.Request(url, headers={"Accept-Encoding": "identity"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def test_the_dashboard_lists_the_study(dashboard):
    assert dashboard.startswith("http://127.0.0.1:")
    assert b"<html" in get(f"{dashboard}/dashboard").lower()
    summaries = json.loads(get(f"{dashboard}/api/studies"))["study_summaries"]
    assert [summary["study_name"] for summary in summaries] == ["dense"]
    study_id = summaries[0]["study_id"]
    detail = json.loads(get(f"{dashboard}/api/studies/{study_id}?after=0"))
    assert detail["objective_names"] == ["val_loss"]
    assert len(detail["trials"]) == 13
    trial = detail["trials"][0]
    assert {artifact["filename"] for artifact in trial["artifacts"]} == {
        "learning_curves.csv",
        "confusion_matrix.csv",
    }
    keys = {attribute["key"] for attribute in trial["user_attrs"]}
    assert {"val_accuracy", "val_f1", "parameters", "flops", "training_seconds"} <= keys
