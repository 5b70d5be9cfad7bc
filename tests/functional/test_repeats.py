"""A search that suggests what it had: nothing is trained twice, and every display says so."""

from __future__ import annotations

import json

import pytest
from conftest import make_project

import ablate


@pytest.fixture(scope="module")
def repeated(tmp_path_factory):
    """A search of five trials over two configurations, run; with what the run printed."""
    project = make_project(tmp_path_factory.mktemp("repeated"))
    settings = ("training.epochs=1", "tune.trials=5", "tune.units={ choices = [4, 8] }")
    options = [one for setting in settings for one in ("--set", setting)]
    options += ["--set", 'artifacts.models="best"']
    ran = project.ablate("run", "study.toml", "--no-report", "--plain", *options)
    assert ran.returncode == 0, ran.stderr
    return project, ran


def table(project):
    return ablate.results("dense", storage=project.place.url)


def test_each_configuration_is_trained_once_and_its_repeats_count(repeated):
    project, ran = repeated
    found = table(project)
    assert found["outcome"].tolist() == ["complete"] * 5
    trained, repeats = found[found["repeats_trial"].isna()], found[found["repeats_trial"].notna()]
    assert trained["units"].is_unique and len(repeats) == 3
    assert trained["training_seconds"].notna().all() and trained["seconds_per_epoch"].notna().all()
    assert repeats["training_seconds"].isna().all() and repeats["seconds_per_epoch"].isna().all()
    by_number = found.set_index("number")
    for row in repeats.itertuples():
        first = by_number.loc[row.repeats_trial]
        for column in ("units", "val_loss", "val_accuracy", "val_f1", "epochs", "fingerprint"):
            assert getattr(row, column) == first[column]
    assert ran.stdout.count("epoch 1/1") == 2
    assert ran.stdout.count("and was not trained: validation loss") == 3
    assert "(5 complete of 5 trials); 2 trained now, 3 repeated in " in ran.stdout
    assert (
        "warning: the search has 2 configurations for 5 trials: at least 3 trials repeat another, "
        "whose result is taken over where that is complete\n"
    ) in ran.stderr


def test_reports_and_show_name_the_trial_that_is_repeated(repeated):
    project, _ = repeated
    found = table(project)
    row = next(found[found["repeats_trial"].notna()].itertuples())
    report = project.ablate("report", "dense")
    assert report.returncode == 0, report.stderr
    assert project.ablate("report", "dense", "--format", "json").returncode == 0
    said = f"trial {row.number} repeats trial {row.repeats_trial}"
    assert said in report.stdout
    assert said in (project.folder / "reports" / "dense" / "report.md").read_text()
    trials = json.loads((project.folder / "reports" / "dense" / "report.json").read_text())[
        "trials"
    ]
    assert trials[row.number]["repeats_trial"] == row.repeats_trial
    assert sum("repeats_trial" in trial for trial in trials) == 3
    shown = project.ablate("show", "dense", str(row.number))
    assert f"repeats            trial {row.repeats_trial}, whose result it has\n" in shown.stdout
    assert "training time" not in shown.stdout


def test_the_network_of_a_repeat_is_that_of_the_trial_it_repeats(repeated):
    project, _ = repeated
    found = table(project)
    repeats = found[found["repeats_trial"].notna()]
    best = repeats.sort_values("val_loss").iloc[0]
    if best["val_loss"] > found["val_loss"].min():
        pytest.skip("the best configuration was suggested once")
    done = project.ablate("export", "dense", "space", "model.keras", "--trial", str(best["number"]))
    assert done.returncode == 0, done.stderr
    assert f"trial {best['repeats_trial']}" in done.stdout


def test_check_counts_what_there_is_to_try(repeated):
    project, _ = repeated
    told = project.ablate("check", "study.toml", "--set", "tune.trials=4")
    assert (
        "  warning       the search has 3 configurations for 4 trials: at least 1 trial repeats "
        "another, whose result is taken over where that is complete\n"
    ) in told.stdout
