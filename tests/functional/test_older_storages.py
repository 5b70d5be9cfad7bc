"""Storages that earlier commits wrote, each in a folder named after its commit, stay readable."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ablate.records import results_table
from ablate.report.writing import write_report
from ablate.storage import StoragePlace, open_existing
from ablate.stored import named_study, recorded_threads, study_names

STORAGES = sorted(path for path in (Path(__file__).parents[1] / "storages").iterdir())
TRAINED = {
    "259d52b": {
        "cnn_foundations_2019": 18,
        "cnn_foundations_2019_variation": 6,
        "epoch_two_spike": 12,
    }
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
        assert table["test_accuracy"].between(0, 1).all()
        assert recorded_threads(stored) is None, "it was not recorded then"
    assert complete == TRAINED[folder.name]


def test_an_older_study_is_reported(folder, tmp_path):
    place = StoragePlace(str(folder / "ablate.journal"))
    written = write_report(place, "epoch_two_spike", ("markdown",), tmp_path / "reports")
    (text,) = (path.read_text() for path in written.files)
    assert "12 complete" in text
