"""What a search goes by: pruning, the best epoch, the choice and the report follow it."""

from __future__ import annotations

import json

import optuna
import pytest
from conftest import make_project

import ablate
from ablate.store.place import open_existing

SETTINGS = (
    'study.objective="val_roc_auc"',
    *("training.epochs=4", "tune.trials=3", "replicate.seeds=2", "data.validation=0.4"),
    'vary={ design = "variants", baseline = "a", variants = { a = { layers = 1 }, b = { layers = 2 } } }',
    'artifacts.models="best"',
)
OPTIONS = [word for setting in SETTINGS for word in ("--set", setting)]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    project = make_project(tmp_path_factory.mktemp("objective"))
    run = project.ablate(
        "run", "breast_cancer_mlp", "--no-report", "--plain", "--workers", "1", *OPTIONS
    )
    assert run.returncode == 0, run.stderr
    return project


def test_optuna_knows_the_direction_and_the_value(ran):
    storage = open_existing(ran.place)
    for summary in storage.get_all_studies():
        study = optuna.load_study(study_name=summary.study_name, storage=storage)
        assert study.direction is optuna.study.StudyDirection.MAXIMIZE
        assert study.metric_names == ["val_roc_auc"]
        for trial in study.get_trials(states=(optuna.trial.TrialState.COMPLETE,)):
            assert trial.value == trial.user_attrs["val_roc_auc"]
            assert trial.value == max(trial.intermediate_values.values())
            best = max(trial.intermediate_values, key=trial.intermediate_values.get)
            assert trial.user_attrs["best_epoch"] == best, "of equal epochs the first"


def test_the_results_hold_the_loss_too_and_the_best_trial_is_replicated(ran):
    table = ablate.results("breast_cancer_mlp", storage=ran.place.url)
    assert table["val_loss"].notna().sum() == (table["outcome"] == "complete").sum()
    table = table[table["variant"] == "a"]
    tuned = table[(table["phase"] == "tune") & (table["outcome"] == "complete")]
    best = tuned.sort_values(["val_roc_auc", "number"], ascending=[False, True]).iloc[0]
    replicates = table[table["phase"] == "replicate"]
    assert set(replicates["learning_rate"]) == {best["learning_rate"]}


def test_the_report_names_it(ran):
    formats = ("--format", "terminal,json")
    reported = ran.ablate("report", "breast_cancer_mlp", *formats)
    assert reported.returncode == 0, reported.stderr
    assert "selected validation ROC AUC" in reported.stdout
    assert "The selected validation ROC AUC is the highest of its search" in reported.stdout
    written = ran.folder / "reports" / "breast_cancer_mlp" / "report.json"
    search = json.loads(written.read_text())["searches"][0]
    values = [value for _, value, _ in search["history"]]
    assert search["loss"] == max(values)
    assert search["expected"] == sorted(search["expected"])
    exported = ran.ablate("export", "breast_cancer_mlp", "a", "best.keras")
    assert exported.returncode == 0, exported.stderr
    table = ablate.results("breast_cancer_mlp", storage=ran.place.url)
    own = table[(table["phase"] == "replicate") & (table["variant"] == "a")]
    seed = own.sort_values("val_roc_auc", ascending=False).iloc[0]["seed"]
    assert f"seed {seed}" in exported.stdout


def test_it_belongs_to_the_question(ran):
    other = [word.replace("roc_auc", "accuracy") for word in OPTIONS]
    again = ran.ablate("run", "breast_cancer_mlp", "--no-report", "--plain", *other)
    assert again.returncode == 2
    assert "study.objective: the stored study breast_cancer_mlp has" in again.stderr


def test_an_objective_that_is_no_score_is_refused(ran):
    wrong = [word.replace("val_roc_auc", "val_recall") for word in OPTIONS]
    refused = ran.ablate("check", "breast_cancer_mlp", *wrong)
    assert refused.returncode == 2
    assert "study.objective: must be one of val_accuracy, val_f1, " in refused.stderr
    assert "add it to metrics under [study]" in refused.stderr
