"""Copying a kept model out: which one, whether it is whole, and where it may go."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest
from hand_made import cell, compare, make_stored

from ablate.errors import AblateError, InputError
from ablate.store.artifacts import Artifacts
from ablate.store.export import Wish, export_model
from ablate.store.kept_models import ModelKeeper, keep_model, model_of, runs_of
from ablate.store.place import open_storage

VARIANT = "units=4"
CONFIG = {"module": "keras", "class_name": "Sequential", "config": {"layers": []}}


def keras_file(path, config=CONFIG, leave_out=()):
    entries = {
        "metadata.json": "{}",
        "config.json": config if isinstance(config, str) else json.dumps(config),
        "model.weights.h5": "weights" * 100,
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in entries.items():
            if name not in leave_out:
                archive.writestr(name, text)
    return path


class Shelf:
    """A study whose runs are finished by hand, in a storage on disk."""

    def __init__(self, project, *settings):
        self.place = project.place
        self.folder = project.folder
        self.study = compare(project, *settings)
        self.storage = open_storage(self.place)
        self.stored = make_stored(self.study, self.storage)
        self.place.artifacts.mkdir(parents=True)
        self.artifacts = Artifacts(self.place, self.storage)

    def finish(self, loss, seed=None, model="file", config=CONFIG, dataset="digits"):
        where = cell(VARIANT, dataset)
        if seed is None:
            study = self.stored.tuning[where]
            trial = study.ask()
        else:
            study = self.stored.replicates
            study.enqueue_trial({"dataset": dataset, "variant": VARIANT, "seed": seed})
            trial = study.ask()
            trial.suggest_categorical("dataset", [data.dataset for data in self.study.datasets])
            trial.suggest_categorical("variant", ["units=16", "units=4"])
            trial.suggest_int("seed", 0, 2**32 - 1)
            trial.set_user_attr("chosen_from", 0)
        if model == "file":
            model = keras_file(self.folder / "model.keras", config)
        keep_model(trial, model, self.artifacts)
        (self.folder / "model.keras").unlink(missing_ok=True)
        study.tell(trial, loss)
        if self.study.artifacts.models != "none":
            models = self.study.artifacts.models
            ModelKeeper(models, self.stored, where, self.artifacts).tidy()

    def path_of(self, title, dataset="digits"):
        """The file of a run's model in the artifact store."""
        runs = runs_of(self.stored, cell(VARIANT, dataset))
        run = next(run for run in runs if run.title == title)
        return Path(self.artifacts.where(model_of(run, self.artifacts)))

    def export(self, **wish):
        wish = {"variant": VARIANT, "file": self.folder / "out.keras", **wish}
        return export_model(self.place, Wish("dense", **wish))

    def refused(self, **wish):
        before = {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}
        with pytest.raises(InputError) as caught:
            self.export(**wish)
        after = {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}
        assert after == before
        return str(caught.value).splitlines()


@pytest.fixture
def best(project):
    return Shelf(project, "artifacts.models=best")


@pytest.fixture
def every(project):
    """A study that keeps all models: of two trials and two replicates."""
    shelf = Shelf(project, "artifacts.models=all")
    shelf.finish(0.3)
    shelf.finish(0.2)
    shelf.finish(0.5, seed=1)
    shelf.finish(0.4, seed=2)
    return shelf


def test_the_best_replicate_is_copied_whole(every):
    exported = every.export()
    assert exported.run.title == "the replicate with seed 2"
    assert exported.better is None
    copy = every.folder / "out.keras"
    assert copy.read_bytes() == every.path_of("the replicate with seed 2").read_bytes()


@pytest.mark.parametrize(
    ("wish", "title"),
    [
        ({"trial": 0}, "trial 0"),
        ({"trial": 1}, "trial 1"),
        ({"seed": 1}, "the replicate with seed 1"),
    ],
)
def test_another_run_is_copied_where_it_is_named(every, wish, title):
    exported = every.export(**wish)
    assert (exported.run.title, exported.better) == (title, None)


def test_before_there_are_replicates_the_best_trial_is_copied(best):
    best.finish(0.3)
    best.finish(0.2)
    assert best.export().run.title == "trial 1"


def test_a_better_run_without_a_model_is_told(best):
    best.finish(0.3)
    best.finish(0.2, model="the disk is full")
    exported = best.export()
    assert exported.run.title == "trial 0"
    assert exported.better.title == "trial 1"
    assert exported.better.model == "not saved: the disk is full"


def test_what_cannot_be_loaded_without_more_is_told(best):
    layers = [
        {"module": "keras.layers", "class_name": "Dense", "config": {"units": 3}},
        {"module": "ablate_user_models", "class_name": "Scale", "config": {}},
        {"module": "builtins", "class_name": "function", "config": "my_activation"},
        {"class_name": "__keras_tensor__", "config": {}},
        {"module": "keras.layers", "class_name": "Lambda", "config": {}},
    ]
    best.finish(0.3, config={**CONFIG, "config": {"layers": layers}})
    exported = best.export()
    assert exported.custom_objects == ("Scale", "my_activation")
    assert exported.has_lambda
    best.finish(0.2)
    plain = best.export(force=True)
    assert (plain.custom_objects, plain.has_lambda) == ((), False)


AFTER = "models of trained runs cannot be made afterwards, but a further"


def test_where_no_models_are_kept_it_is_said_how(project):
    shelf = Shelf(project)
    shelf.finish(0.3, model=None)
    assert shelf.refused() == [
        f'units=4: no model was kept; set [artifacts] models = "best" in {project.study_file}: '
        f"{AFTER} seed or a run with --fresh will keep them"
    ]


def test_a_search_is_told_of_trials(project):
    shelf = Shelf(project)
    shelf.finish(0.3, model=None)
    alone = shelf.study.model_copy(update={"replicate": None})
    make_stored(alone, shelf.storage)
    (message,) = shelf.refused()
    assert f"{AFTER} trial or a run with --fresh will keep them" in message


def test_why_there_is_no_model_is_said(best):
    best.finish(0.3, model="NotImplementedError: this layer cannot be saved")
    assert best.refused() == [
        "units=4: no model was kept (trial 0: not saved: NotImplementedError: this layer cannot be "
        f"saved); {AFTER} seed or a run with --fresh will keep them"
    ]


def test_a_run_that_was_not_the_best_has_no_model(best):
    best.finish(0.3)
    best.finish(0.4, model=None)
    best.finish(0.2)
    assert best.refused(trial=1) == [
        "units=4: no model of trial 1 was kept; there are models of this variant for --trial 2"
    ]
    assert best.refused(trial=0) == [
        "units=4: the model of trial 0 was removed when trial 2 turned out better; there are "
        "models of this variant for --trial 2"
    ]


def test_nothing_is_complete_yet(best, project):
    assert best.refused() == [
        "units=4: no training run of it is complete yet; train what is missing: "
        f"ablate run {project.study_file}"
    ]


def test_unknown_runs_are_answered_with_those_that_there_are(every):
    assert every.refused(trial=7) == ["--trial: units=4 has no complete trial 7; complete: 0, 1"]
    assert every.refused(seed=7) == [
        "--seed: units=4 has no complete replicate with seed 7; complete: 1, 2"
    ]


def test_everything_that_is_wrong_is_said_at_once(every):
    out = every.folder / "none" / "out.h5"
    assert every.refused(variant="unit=4", dataset="digit", file=out, trial=0, seed=1) == [
        f"{out}: must end in .keras: Keras tells the format by it",
        f"{out.parent}: there is no such folder",
        'unit=4: is not a variant of the study dense; did you mean "units=4"?',
        '--dataset: is not a data set of the study dense, found "digit"; did you mean "digits"?',
        "--seed: cannot be given together with --trial",
    ]


def test_an_unknown_study_is_answered_with_the_nearest(every):
    with pytest.raises(InputError) as caught:
        export_model(every.place, Wish("dens", VARIANT, every.folder / "out.keras"))
    assert str(caught.value) == 'dens: no such study has been run; did you mean "dense"?'


def test_with_several_data_sets_one_must_be_named(project):
    shelf = Shelf(project, "artifacts.models=best", 'study.dataset=["digits", "line"]')
    shelf.finish(0.3)
    shelf.finish(0.2, dataset="line")
    assert shelf.refused() == [
        "--dataset: is required: the study dense has the data sets digits, line"
    ]
    assert shelf.export(dataset="line").cell == cell(VARIANT, "line")


def test_a_file_is_replaced_only_where_that_is_asked_for(every):
    out = every.folder / "out.keras"
    out.write_text("precious")
    assert every.refused() == [f"{out}: is there already; replace it with --force"]
    every.export(force=True)
    assert zipfile.is_zipfile(out)
    folder = every.folder / "folder.keras"
    folder.mkdir()
    assert every.refused(file=folder, force=True) == [f"{folder}: is a folder; name a file in it"]
    assert every.refused(file=out / "x.keras") == [f"{out}: is not a folder"]


def test_a_folder_that_cannot_be_written_is_said(every, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: path != every.folder)
    out = every.folder / "out.keras"
    assert every.refused() == [f"{out}: the folder {every.folder} cannot be written"]


def test_a_name_that_is_too_long_is_said(every):
    out = every.folder / f"{'o' * 300}.keras"
    assert every.refused(file=out) == [f"{out}: cannot be written: File name too long"]


def test_a_full_disk_leaves_no_half_a_file(every, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    before = set(every.folder.iterdir())
    out = every.folder / "out.keras"
    with pytest.raises(AblateError) as caught:
        every.export()
    assert str(caught.value) == f"{out}: cannot be written: No space left on device"
    assert set(every.folder.iterdir()) == before


OTHERS = "there are models of this variant for --seed 1, --trial 1, --trial 0"


def test_a_missing_model_is_said_with_the_others(every):
    path = every.path_of("the replicate with seed 2")
    path.unlink()
    assert every.refused() == [
        f"{path}: is missing: the model of the replicate with seed 2 was there; {OTHERS}"
    ]


def test_a_torn_model_is_said(every):
    path = every.path_of("the replicate with seed 2")
    path.write_bytes(path.read_bytes()[:-100])
    assert every.refused() == [
        f"{path}: the model of the replicate with seed 2 is damaged: it was cut off, or is not a "
        f"zip archive; {OTHERS}"
    ]


def test_a_changed_model_is_said(every):
    path = every.path_of("the replicate with seed 2")
    path.write_bytes(path.read_bytes().replace(b"weightsweights", b"weightsWeights"))
    assert every.refused() == [
        f"{path}: the model of the replicate with seed 2 is damaged: its model.weights.h5 does not "
        f"have the checksum that was noted; {OTHERS}"
    ]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (
            {"leave_out": ("metadata.json", "model.weights.h5")},
            "it lacks metadata.json, model.weights.h5",
        ),
        ({"config": "{"}, "its config.json is not JSON"),
        ({"config": "[1]"}, "its config.json holds no table"),
    ],
)
def test_what_is_no_model_is_said(every, broken, message):
    path = keras_file(every.path_of("the replicate with seed 2"), **broken)
    assert every.refused() == [
        f"{path}: the model of the replicate with seed 2 is damaged: {message}; {OTHERS}"
    ]
