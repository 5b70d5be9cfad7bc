"""A study on a user's own images in a folder of ``.npy`` files."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from conftest import COMPARED
from sklearn.datasets import load_digits

import ablate
from ablate.running.run import run_study

pytestmark = pytest.mark.usefixtures("warm_workers")


def test_a_study_trains_and_tests_on_images_that_stay_where_they_are(project):
    shutil.rmtree(project.place.cache)
    digits = load_digits()
    folder = project.folder / "my_images"
    folder.mkdir()
    for split, rows in (("train", slice(0, 400)), ("test", slice(400, 700))):
        np.save(folder / f"x_{split}.npy", digits.images[rows] / 16)
        np.save(folder / f"y_{split}.npy", digits.target[rows])
    text = COMPARED.replace('"digits"', '"npz"').replace("[data]", '[data]\nfile = "my_images"')
    project.study_file.write_text(text)
    checked = project.ablate("check", "study.toml")
    assert checked.returncode == 0, checked.stderr
    study = project.study("tune.trials=1", "replicate.seeds=2", "training.epochs=1")
    assert run_study(study, project.place).complete == 6
    table = ablate.results("compared", storage=project.place.url)
    assert table["test_images"].dropna().tolist() == [200] * 4
    assert {path.stem for path in project.place.cache.rglob("*.npy")} == {"y_train", "y_test"}
