"""Folds in place of seeds, from the shipped study to its report, and searches inside them."""

from __future__ import annotations

import json
import re
import threading

import numpy as np

import ablate
from ablate.config import load_study
from ablate.data.drawing import Drawing
from ablate.data.prepared import prepare
from ablate.spec.data import Fold
from ablate.state.orders import TuneTrial
from ablate.store.attributes import SPLITS
from ablate.store.place import StoragePlace, open_storage
from ablate.store.studies import named_study, open_study
from ablate.workers.trainer import Trainer

SHORT = ("replicate.folds=3", "replicate.fold_repeats=1", "training.epochs=2")


def test_the_shipped_study_is_checked_run_and_reported(project):
    settings = [word for one in SHORT for word in ("--set", one)]
    checked = project.ablate("check", "breast_cancer_folds", *settings)
    assert checked.returncode == 0, checked.stderr
    assert (
        "  rows          breast_cancer: 30 numbers, float64, 0 to 4254; 569 to train, validate and "
        "test in 3 folds\n"
        "  classes       breast_cancer: 2, with rows: malignant (212), benign (357)"
    ) in checked.stdout
    assert "  replicates    6 (3 folds each), verdicts on test roc_auc" in checked.stdout
    run = project.ablate(
        "run", "breast_cancer_folds", "--no-report", "--plain", "--workers", "1", *settings
    )
    assert run.returncode == 0, run.stderr
    assert " fold 3 complete: " in run.stdout
    assert "seed" not in run.stdout
    shown = project.ablate("show", "breast_cancer_folds", "2")
    assert re.search(r"^fold +[123]$", shown.stdout, re.MULTILINE)
    reported = project.ablate("report", "breast_cancer_folds")
    assert "with 2 degrees of freedom" in " ".join(reported.stdout.split())
    page = (project.folder / "reports" / "breast_cancer_folds" / "report.md").read_text()
    assert (
        "- split: 3 folds, drawn by seed, of each class its share: 303 to 304 to train on, 76 to "
        "validate, 189 to 190 held out to test on" in page
    )
    project.ablate("report", "breast_cancer_folds", "--format", "json")
    file = project.folder / "reports" / "breast_cancer_folds" / "report.json"
    found = json.loads(file.read_text())
    assert [one["fold"] for one in found["splits"]] == [1, 2, 3]
    assert sum(one["counts"]["test"] for one in found["splits"]) == 569
    assert found["ablation"]["folds"] == {"count": 3, "ratio": 0.5}
    table = ablate.results("breast_cancer_folds", storage=project.place.url)
    assert table.groupby("variant").size().tolist() == [3, 3]

    more = project.ablate(
        *("run", "breast_cancer_folds", "--plain", "--workers", "1", *settings[:2], *settings[4:]),
        *("--set", "replicate.fold_repeats=2"),
    )
    assert more.returncode == 2
    assert "replicate.fold_repeats: the verdict of its 3 folds was made, and stands" in more.stderr
    stored = named_study(open_storage(project.place), "breast_cancer_folds")
    (splits,) = (found for part in stored.parts.values() if (found := SPLITS.of(part)))
    assert sorted(one.fold for one in splits) == [1, 2, 3]


NESTED = """
[study]
name         = "nested"
dataset      = "npz"
search_space = "mlp"

[data]
file       = "a.npz"
validation = 0.25

[training]
epochs = 1

[tune]
trials        = 1
learning_rate = { low = 1e-3, high = 1e-2 }

[replicate]
folds = 3
"""


def searched(folder, x, y):
    """The validation loss of the only trial of each fold's search."""
    folder.mkdir()
    (folder / "s.toml").write_text(NESTED)
    np.savez(folder / "a.npz", x_train=x, y_train=y)
    study = load_study(folder / "s.toml")
    place = StoragePlace(str(folder / "ablate.journal"))
    digest = prepare(study.datasets[0], place.cache).digest
    stored = open_study(open_storage(place), study, {"npz": digest})
    trainer = Trainer(lambda event: None, threading.Event())
    losses = {}
    for cell in study.searched_cells:
        trainer.tune(TuneTrial(study=study, place=place, cell=cell, slot=0))
        losses[cell.fold] = stored.tuning[cell].trials[-1].value
    return losses


def test_a_search_meets_nothing_of_the_fold_that_its_choice_is_tested_on(tmp_path):
    """Rows of one fold are changed: the search of that fold alone does not notice it."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 3)).astype(np.float32), np.arange(60) % 2
    before = searched(tmp_path / "before", x, y)
    fold = Fold(folds=3, number=1, seed=0)
    x[Drawing(y, None, "stratified").fold(fold)[1]] *= 3
    after = searched(tmp_path / "after", x, y)
    assert {fold for fold in before if before[fold] == after[fold]} == {1}
