"""Nothing that is fitted has met a row that is held out.

The rows of a fold are made NaN: whatever touches one gives NaN, or fails. Trained without them a
network has the same numbers as before, to the last bit.
"""

from __future__ import annotations

import numpy as np
import pytest

from ablate.data import split as splits
from ablate.data.prepared import prepare
from ablate.datasets import npz
from ablate.spec.data import DataSettings, Fold
from ablate.spec.training import TrainingSettings
from ablate.spec.trial import TrialSpec
from ablate.training.loop import Decision
from tests.training.as_worker import train

RNG = np.random.default_rng(4)
X = RNG.normal(size=(60, 4)).astype(np.float32)
Y = np.arange(60) % 3
GROUPS = np.arange(60) // 3
SPLITS = {
    "stratified": {},
    "random": {"split": "random"},
    "chronological": {"split": "chronological"},
    "stratified groups": {"groups": True},
    "random groups": {"split": "random", "groups": True},
}
FOLD = Fold(folds=4, number=2, seed=3)


def settings(folder, *, groups=False, **more):
    given = {"file": "a.npz", **({"groups": "groups"} if groups else {})}
    options = npz.Options.model_validate(given).model_dump()
    return DataSettings(
        dataset="npz", folder=str(folder), options=options, validation=0.2, folds=4, **more
    )


def prepared(folder, asked, x=X, y=Y):
    folder.mkdir(exist_ok=True)
    np.savez(folder / "a.npz", x_train=x, y_train=y, groups=GROUPS)
    return prepare(asked, folder / "cache")


def spec(asked, **training):
    return TrialSpec(
        data=asked,
        data_digest="0",
        architecture="mlp",
        parameters={"units_1": 6, "layers": 1, "batch_norm": True},
        training=TrainingSettings(epochs=2, batch_size=16, **training),
        seed=5,
        fold=FOLD,
    )


def curves(split, asked, **training):
    result = train(spec(asked, **training), split, lambda epoch: Decision.CONTINUE)
    assert result.outcome == "complete", result.reason
    return [(epoch.loss, epoch.val_loss) for epoch in result.curves]


@pytest.mark.parametrize("asked", SPLITS.values(), ids=SPLITS.keys())
@pytest.mark.parametrize("averages", ["moving", "recalibrated"])
def test_training_meets_nothing_of_a_fold(tmp_path, asked, averages):
    clean = settings(tmp_path / "clean", **asked)
    whole = prepared(tmp_path / "clean", clean)
    split = splits.training_split(whole, clean, 5, FOLD)
    held = splits.test_set(whole, clean, fold=FOLD)
    assert not {*held.x.rows.tolist()} & {*split.x_train.rows.tolist(), *split.x_val.rows.tolist()}

    poisoned = X.copy()
    poisoned[held.x.rows] = 1e30  # NaN would be refused
    other = settings(tmp_path / "poisoned", **asked)
    spoiled = prepared(tmp_path / "poisoned", other, poisoned)
    assert np.abs(splits.test_set(spoiled, other, fold=FOLD).x[:]).min() > 1e29
    again = splits.training_split(spoiled, other, 5, FOLD)
    assert curves(split, clean, batch_norm_averages=averages) == curves(
        again, other, batch_norm_averages=averages
    )


@pytest.mark.parametrize("how", ["stratified", "random", "chronological"])
def test_what_is_learnt_of_columns_is_learnt_of_training_rows(tmp_path, how):
    """Medians, means and deviations of a table, and the units of a regression."""
    from ablate.datasets import csv

    task = "classification" if how == "stratified" else "regression"
    header = "a,b,target\n"
    values = [[f"{one:.4f}" for one in row[:2]] for row in X]
    values[7][1] = ""

    def table(folder, spoilt=()):
        folder.mkdir(exist_ok=True)
        rows = [
            ("1e9,1e9," if index in spoilt else f"{values[index][0]},{values[index][1]},")
            + (str(Y[index]) if task == "classification" or index not in spoilt else "1e9")
            for index in range(60)
        ]
        (folder / "a.csv").write_text(header + "\n".join(rows) + "\n")
        given = {"file": "a.csv", "target": ["target"], "impute": "median"}
        options = csv.Options.model_validate(given).model_dump()
        asked = DataSettings(
            dataset="csv", folder=str(folder), options=options, split=how, task=task, folds=4
        )
        return asked, prepare(asked, folder / "cache")

    asked, whole = table(tmp_path / "clean")
    split = splits.training_split(whole, asked, 5, FOLD)
    others = {*splits.test_set(whole, asked, fold=FOLD).x.rows.tolist(), *split.x_val.rows.tolist()}
    asked, spoiled = table(tmp_path / "poisoned", others)
    again = splits.training_split(spoiled, asked, 5, FOLD)
    for name in ("median", "mean", "deviation"):
        one, other = (getattr(found.x_train.fit, name) for found in (split, again))
        assert np.array_equal(one, other, equal_nan=True)
    if task == "regression":
        assert np.array_equal(split.units.mean, again.units.mean)
        assert np.array_equal(split.units.deviation, again.units.deviation)
    assert np.array_equal(split.x_train[:], again.x_train[:])
