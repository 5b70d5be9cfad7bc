"""A study that asks for further measures has them everywhere, and verdicts on one."""

from __future__ import annotations

import json

import pytest
from conftest import make_project

import ablate

ASKED = ("balanced_accuracy", "roc_auc", "top_5_accuracy")

SURE = """
from helper import highest

def sure(true, predicted):
    assert true.ndim == 1 and len(true) == len(predicted)
    return highest(predicted).mean()
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    project = make_project(tmp_path_factory.mktemp("measured"))
    (project.folder / "my_metrics.py").write_text(SURE)
    helper = "def highest(predicted):\n    return predicted.max(axis=1)\n"
    (project.folder / "helper.py").write_text(helper)
    settings = (
        'metrics.sure={ function = "my_metrics.py:sure", mode = "max" }',
        f"study.metrics={json.dumps(ASKED)}",
        *("training.epochs=1", "tune.trials=1", "vary.units=[4, 16]", "tune.parameters=[]"),
        "tune.learning_rate={ low = 0.001, high = 0.01 }",
        *("replicate.seeds=2", 'replicate.metric="roc_auc"'),
    )
    options = [one for setting in settings for one in ("--set", setting)]
    ran = project.ablate("run", "study.toml", "--no-report", "--plain", "--workers", "1", *options)
    assert ran.returncode == 0, ran.stderr
    return project, options


def test_every_training_run_has_them(measured):
    project, _ = measured
    found = ablate.results("dense", storage=project.place.url)
    assert found["phase"].tolist() == ["tune"] * 2 + ["replicate"] * 4
    for name in (*ASKED, "sure"):
        assert found[f"val_{name}"].between(0, 1).all(), name
        assert found[f"test_{name}"].notna().tolist() == [False] * 2 + [True] * 4, name
    # Digits are balanced, as they are drawn.
    assert (found["val_balanced_accuracy"] - found["val_accuracy"]).abs().max() < 1e-6
    assert not any(column.endswith("recall") for column in found.columns)


def test_every_display_shows_them_and_the_verdict_is_on_one(measured):
    project, _ = measured
    report = project.ablate("report", "dense")
    assert report.returncode == 0, report.stderr
    assert "ROC AUC (points)" in report.stdout
    for title in ("balanced accuracy", "ROC AUC", "top-5 accuracy", "sure"):
        assert title in report.stdout
    project.ablate("report", "dense", "--format", "json")
    trials = json.loads((project.folder / "reports/dense/report.json").read_text())["trials"]
    assert {"val_roc_auc", "test_roc_auc", "test_top_5_accuracy", "test_sure"} <= set(
        trials[-1]["measures"]
    )
    shown = project.ablate("show", "dense", "0", "--phase", "replicate").stdout
    assert "ROC AUC" in shown and "recall" not in shown
    assert "sure" in shown


def test_what_is_measured_belongs_to_the_question(measured):
    project, options = measured
    fewer = [one.replace(', "top_5_accuracy"', "") for one in options]
    again = project.ablate("run", "study.toml", "--no-report", "--plain", "--workers", "1", *fewer)
    assert again.returncode == 2
    assert again.stderr.splitlines()[-1] == (
        'study.toml: study.metrics: the stored study dense has ["balanced_accuracy", "roc_auc", '
        '"top_5_accuracy"], this file has ["balanced_accuracy", "roc_auc"]; rename the study to keep '
        "both, or run with --fresh to delete the old one's trials"
    )


@pytest.mark.parametrize("file", ["my_metrics.py", "helper.py"])
def test_the_code_of_a_metric_belongs_to_the_question(measured, file):
    project, options = measured
    path = project.folder / file
    before = path.read_text()
    path.write_text(before + "\n# edited\n")
    try:
        again = project.ablate(
            *("run", "study.toml", "--plain", "--workers", "1"),
            *(*options, "--set", "replicate.seeds=3"),
        )
    finally:
        path.write_text(before)
    assert again.returncode == 2
    assert f"{path} has changed since the study dense was begun" in again.stderr


STUDY = """
[study]
name = "outside"
task = "binary_classification"
dataset = "breast_cancer"
search_space = "mlp"
[metrics.first]
function = "../one/first.py:score"
mode = "max"
[metrics.second]
function = "../two/second.py:score"
mode = "max"
[training]
epochs = 1
[replicate]
seeds = 1
metric = "first"
[vary]
layers = [1, 2]
"""


def test_so_does_that_of_files_that_lie_elsewhere(tmp_path):
    files = [tmp_path / "one" / "first.py", tmp_path / "two" / "second.py"]
    for file in files:
        file.parent.mkdir()
        file.write_text("def score(true, predicted):\n    return 0.5\n")
    project = make_project(tmp_path / "study")
    project.study_file.write_text(STUDY)
    run = ("run", "study.toml", "--no-report", "--plain", "--workers", "1")
    ran = project.ablate(*run)
    assert "2 trained now" in ran.stdout + ran.stderr, ran.stderr
    for file in files:
        before = file.read_text()
        file.write_text(before.replace("0.5", "50"))
        again = project.ablate(*run, "--set", "replicate.seeds=2")
        file.write_text(before)
        assert again.returncode == 2, again.stdout
        assert f"{file} has changed since the study outside was begun" in again.stderr


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return float('nan')", "the metric sure gave nan, which is no finite number"),
        ("raise KeyError('x')", "the metric sure raised KeyError: 'x'"),
    ],
)
def test_a_metric_that_fails_fails_the_trial(tmp_path, body, reason):
    project = make_project(tmp_path)
    (project.folder / "my_metrics.py").write_text(f"def sure(true, predicted):\n    {body}\n")
    settings = (
        'metrics.sure={ function = "my_metrics.py:sure", mode = "min" }',
        *("training.epochs=1", "tune.trials=1"),
    )
    options = [one for setting in settings for one in ("--set", setting)]
    ran = project.ablate("run", "study.toml", "--no-report", "--plain", "--workers", "1", *options)
    assert f"failed: {reason}" in ran.stdout + ran.stderr
