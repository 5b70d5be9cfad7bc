"""The shipped studies of other tasks than images, made shorter, from check to report."""

from __future__ import annotations

import json

import pytest

SHORT = ("tune.trials=1", "replicate.seeds=2", "training.epochs=2", "artifacts.models=best")


@pytest.mark.parametrize(
    ("study", "metric", "check"),
    [
        (
            "diabetes_mlp",
            "root_mean_squared_error",
            "  rows          diabetes: 10 numbers, float64, 1 to 301; 353 to train and validate, "
            "89 to test\n  to predict    diabetes: progression (25 to 346)",
        ),
        (
            "breast_cancer_mlp",
            "roc_auc",
            "  classes       breast_cancer: 2, with training and test rows: malignant (170 + 42), "
            "benign (285 + 72)",
        ),
    ],
)
def test_a_study_without_images_is_checked_run_and_reported(project, study, metric, check):
    settings = [word for one in SHORT for word in ("--set", one)]
    checked = project.ablate("check", study, *settings)
    assert checked.returncode == 0, checked.stderr
    assert check in checked.stdout
    run = project.ablate("run", study, "--no-report", "--plain", "--workers", "1", *settings)
    assert run.returncode == 0, run.stderr
    reported = project.ablate("report", study, "--format", "json,html")
    assert reported.returncode == 0, reported.stderr
    found = json.loads((project.folder / "reports" / study / "report.json").read_text())
    assert found["ablation"]["metric"]["key"] == metric
    (block,) = found["ablation"]["blocks"]
    assert all(metric in row["scores"] for row in block["rows"])
    drawn = {path.name for path in (project.folder / "reports" / study).glob("*.svg")}
    pictures = {"errors.svg"} if study == "diabetes_mlp" else {"separation.svg", "confusion_1.svg"}
    assert drawn & {"errors.svg", "separation.svg", "confusion_1.svg"} == pictures
    page = (project.folder / "reports" / study / "report.html").read_text()
    assert "Predictions" in page
    shown = project.ablate("show", study, "1", "--phase", "replicate", "--variant", "layers=1")
    assert shown.returncode == 0, shown.stderr
    run = project.ablate("export", study, "layers=1", "best.keras")
    assert run.returncode == 0, run.stderr
    assert "  input         rows of " in run.stdout
    assert project.ablate("list").returncode == 0
