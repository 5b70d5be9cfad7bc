"""Storages that earlier commits wrote, each in a folder named after its commit, stay readable."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import ablate
from ablate.report.writing import write_report
from ablate.store.place import StoragePlace, open_existing
from ablate.store.results import results_table
from ablate.store.studies import named_study, recorded_threads, study_names

ROOT = Path(__file__).parents[1] / "storages"
STORAGES = sorted(ROOT.iterdir())
TRAINED = {
    "259d52b": {
        "cnn_foundations_2019": 18,
        "cnn_foundations_2019_variation": 6,
        "epoch_two_spike": 12,
    },
    "259d52b-smoke": {"smoke": 4},
    "259d52b-own": {"neighbour": 2},
}


@pytest.fixture(params=STORAGES, ids=lambda path: path.name)
def folder(request, tmp_path):
    return Path(shutil.copytree(request.param, tmp_path / request.param.name))


def test_every_training_run_of_an_older_storage_is_read(folder):
    storage = open_existing(StoragePlace(str(folder / "ablate.journal")))
    complete = {}
    for name in study_names(storage):
        stored = named_study(storage, name)
        table = results_table(stored)
        complete[name] = int((table["outcome"] == "complete").sum())
        tested = table.loc[table["phase"] == "replicate", "test_accuracy"]
        assert tested.between(0, 1).all()
        assert recorded_threads(stored) is None, "it was not recorded then"
    assert complete == TRAINED[folder.name]


def test_an_older_study_is_reported(folder, tmp_path):
    place = StoragePlace(str(folder / "ablate.journal"))
    for name, complete in TRAINED[folder.name].items():
        written = write_report(place, name, ("markdown",), tmp_path / "reports")
        (text,) = (path.read_text() for path in written.files)
        assert f"{complete} complete" in text


def test_a_study_that_an_earlier_version_ran_is_listed_and_continued(project):
    """All in the words of the command line; what was trained stays as it was."""
    shutil.copytree(ROOT / "259d52b-smoke", project.folder / "runs", dirs_exist_ok=True)
    before = ablate.results("smoke", storage=project.place.url)
    assert "complete  4 complete, 2 pruned" in project.ablate("list").stdout
    found = project.ablate("run", "smoke", "--trials", "7", "--no-report", "--plain")
    assert found.returncode == 0, found.stderr
    assert "; 1 trained now in " in found.stdout
    after = ablate.results("smoke", storage=project.place.url)
    assert len(after) == 7
    assert after[:6].equals(before)


def test_a_study_of_the_users_code_that_knows_one_file_only_goes_on_and_learns_of_the_others(
    project,
):
    shutil.copytree(ROOT / "259d52b-own", project.folder, dirs_exist_ok=True)
    storage = str(project.folder / "ablate.journal")
    run = ("run", "study.toml", "--storage", "ablate.journal", "--no-report", "--trials", "5")
    before = ablate.results("neighbour", storage=storage)
    found = project.ablate(*run)
    assert found.returncode == 0, found.stderr
    after = ablate.results("neighbour", storage=storage)
    assert len(after) == 5
    assert after[list(before)][:2].equals(before)  # a repeat adds a column
    blocks = project.folder / "blocks.py"
    blocks.write_text(blocks.read_text().replace("units,", "8 * units,"))
    found = project.ablate(*run)
    assert (found.returncode, found.stderr.splitlines()[-1]) == (
        2,
        f"study.toml: study.search_space: {blocks} has changed since the study neighbour was begun; "
        "rename the study to keep both, or run with --fresh to delete the old one's trials",
    )
