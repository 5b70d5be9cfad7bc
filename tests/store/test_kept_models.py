"""Which models are kept, whoever saves and removes them, and whenever they are cut off."""

from __future__ import annotations

import errno
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import make_project
from hand_made import cell, compare, make_stored
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.storages import InMemoryStorage
from optuna.trial import TrialState

from ablate.store.artifacts import Artifacts
from ablate.store.kept_models import ModelKeeper, keep_model, model_of, replaced_models, runs_of
from ablate.store.place import StoragePlace

VARIANT = "units=4"


class Shelf:
    """A study, and workers that finish its runs of one variant, step by step."""

    def __init__(self, folder, study, models="best"):
        self.storage = InMemoryStorage()
        self.stored = make_stored(study, self.storage)
        (folder / "artifacts").mkdir()
        place = StoragePlace(str(folder / "ablate.journal"))
        self.artifacts = Artifacts(place, self.storage)
        self.file = folder / "model.keras"
        self.file.write_bytes(b"a model")
        self.models = models
        self.spec = study
        self.keepers, self.turn = {}, 0

    def keeper(self, variant=VARIANT):
        """That of one of two workers, in turn."""
        self.turn += 1
        key = (self.models, variant, self.turn % 2)
        if key not in self.keepers:
            stored = replace(self.stored, spec=self.spec)
            keeper = ModelKeeper(self.models, stored, cell(variant), self.artifacts)
            self.keepers[key] = keeper
        return self.keepers[key]

    def begin(self, seed=None, chosen_from=0, variant=VARIANT):
        """A trial of the search that is running, or with a seed a replicate."""
        if seed is None:
            return self.stored.tuning[cell(variant)].ask()
        study = self.stored.replicates
        study.enqueue_trial({"dataset": "digits", "variant": variant, "seed": seed})
        trial = study.ask()
        trial.suggest_categorical("dataset", ["digits"])
        trial.suggest_categorical("variant", ["units=16", "units=4"])
        trial.suggest_int("seed", 0, 2**32 - 1)
        trial.set_user_attr("chosen_from", chosen_from)
        return trial

    def save(self, trial, loss, variant=VARIANT):
        phase = "replicate" if "seed" in trial.params else "tune"
        wanted = self.keeper(variant).wants(phase, trial, loss)
        return keep_model(trial, self.file if wanted else None, self.artifacts)

    def tell(self, trial, loss=None):
        study = self.stored.replicates if "seed" in trial.params else None
        study = study or next(
            found
            for found in self.stored.tuning.values()
            if any(t._trial_id == trial._trial_id for t in found.get_trials(deepcopy=False))
        )
        study.tell(trial, loss, state=None if loss is not None else TrialState.FAIL)

    def finish(self, loss, seed=None, chosen_from=0, variant=VARIANT):
        """A run that nothing disturbs."""
        trial = self.begin(seed, chosen_from, variant)
        reason = self.save(trial, loss, variant)
        self.tell(trial, loss)
        self.keeper(variant).tidy()
        return reason

    def kept(self, variant=VARIANT):
        """The runs whose models are there, best first."""
        return [
            run
            for run in runs_of(self.stored, cell(variant))
            if (model := model_of(run, self.artifacts)) and self.artifacts.holds(model)
        ]

    def titles(self, variant=VARIANT):
        return [run.title for run in self.kept(variant)]


@pytest.fixture
def shelf(project):
    return Shelf(project.folder, compare(project))


def test_the_best_run_of_each_variant_is_kept(shelf):
    shelf.finish(0.5)
    assert shelf.titles() == ["trial 0"]
    shelf.finish(0.6)
    assert shelf.titles() == ["trial 0"]
    shelf.finish(0.4)
    assert shelf.titles() == ["trial 2"]
    shelf.finish(0.9, variant="units=16")
    assert (shelf.titles(), shelf.titles("units=16")) == (["trial 2"], ["trial 0"])


def test_of_two_alike_the_earlier_one_is_kept(shelf):
    for _ in range(2):
        shelf.finish(0.5)
    assert shelf.titles() == ["trial 0"]


def test_replicates_come_before_the_search(shelf):
    shelf.finish(0.1)
    shelf.finish(0.5, seed=1)
    assert shelf.titles() == ["the replicate with seed 1"]
    shelf.finish(0.05)
    assert shelf.titles() == ["the replicate with seed 1"]
    shelf.finish(0.4, seed=2)
    assert shelf.titles() == ["the replicate with seed 2"]


def test_replicates_of_a_better_configuration_come_before_others(shelf):
    shelf.finish(0.5)
    shelf.finish(0.1, seed=1, chosen_from=0)
    shelf.finish(0.4)
    shelf.finish(0.3, seed=1, chosen_from=1)
    (kept,) = shelf.kept()
    assert kept.trial.user_attrs["chosen_from"] == 1


def test_replicates_of_a_study_that_tunes_nothing_are_compared_by_their_loss(project):
    shelf = Shelf(project.folder, compare(project).model_copy(update={"tune": None}))
    for seed, loss in ((1, 0.5), (2, 0.3), (3, 0.4)):
        shelf.finish(loss, seed=seed, chosen_from=None)
    assert shelf.titles() == ["the replicate with seed 2"]


def test_all_keeps_the_models_of_all_complete_runs(project):
    shelf = Shelf(project.folder, compare(project), models="all")
    for loss in (0.5, 0.6, 0.4):
        shelf.finish(loss)
    cut_off = shelf.begin()
    shelf.save(cut_off, 0.1)
    shelf.tell(cut_off)
    shelf.finish(0.7, seed=1)
    assert shelf.titles() == ["the replicate with seed 1", "trial 2", "trial 0", "trial 1"]


def test_best_after_all_keeps_one(project):
    shelf = Shelf(project.folder, compare(project), models="all")
    for loss in (0.5, 0.6, 0.4):
        shelf.finish(loss)
    shelf.models = "best"
    shelf.finish(0.9)
    assert shelf.titles() == ["trial 2"]


def test_a_run_that_was_trained_before_models_were_kept_does_not_stand_in_the_way(shelf):
    shelf.stored.tuning[cell(VARIANT)].tell(shelf.begin(), 0.1)
    shelf.finish(0.5)
    assert shelf.titles() == ["trial 1"]


def test_two_runs_that_end_at_once_leave_one_model(shelf):
    shelf.finish(0.6)
    first, second = shelf.begin(), shelf.begin()
    shelf.save(first, 0.5)
    shelf.save(second, 0.4)
    shelf.tell(first, 0.5)
    shelf.keeper().tidy()
    assert shelf.titles() == ["trial 1"]
    shelf.tell(second, 0.4)
    assert shelf.titles() == ["trial 2", "trial 1"], "one too many until somebody tidies"
    shelf.finish(0.9)
    assert shelf.titles() == ["trial 2"]


def test_the_model_of_a_running_trial_is_left_alone(shelf):
    running = shelf.begin()
    shelf.save(running, 0.4)
    shelf.finish(0.3)
    assert len(list(Path(shelf.artifacts.where()).iterdir())) == 2
    shelf.tell(running, 0.4)
    shelf.keeper().tidy()
    assert shelf.titles() == ["trial 1"]


def test_the_model_of_a_trial_that_was_cut_off_is_removed_by_the_next(shelf):
    cut_off = shelf.begin()
    shelf.save(cut_off, 0.1)
    shelf.tell(cut_off)
    shelf.finish(0.5)
    (artifact,) = Path(shelf.artifacts.where()).iterdir()
    assert artifact.name == model_of(shelf.kept()[0], shelf.artifacts).id


def test_a_model_that_cannot_be_written_leaves_a_reason_and_the_one_before(shelf, monkeypatch):
    def full(artifact_id, body):
        raise OSError(errno.ENOSPC, "No space left on device")

    shelf.finish(0.5)
    monkeypatch.setattr(shelf.artifacts.store, "write", full)
    assert shelf.finish(0.4) == "cannot be written: No space left on device"
    assert shelf.titles() == ["trial 0"]
    trial = shelf.stored.tuning[cell(VARIANT)].trials[1]
    assert trial.user_attrs["model"] == "not saved: cannot be written: No space left on device"
    assert trial.value == 0.4
    monkeypatch.undo()
    shelf.finish(0.45)
    assert shelf.titles() == ["trial 2"], "a further run stands against those that were saved"


def test_a_model_that_cannot_be_removed_is_one_too_many(shelf, monkeypatch):
    def refuse(artifact_id):
        raise PermissionError(errno.EACCES, "Permission denied")

    shelf.finish(0.5)
    with monkeypatch.context() as patched:
        patched.setattr(shelf.artifacts.store, "remove", refuse)
        shelf.finish(0.4)
    assert shelf.titles() == ["trial 1", "trial 0"]
    shelf.finish(0.6)
    assert shelf.titles() == ["trial 1"]


def test_an_artifact_outside_of_the_folder_is_neither_seen_nor_removed(shelf, project):
    precious = project.folder / "precious"
    precious.write_text("mine")
    trial = shelf.begin()
    trial.set_user_attr("model", "saved")
    meta = '{"artifact_id": "../precious", "filename": "model.keras", "mimetype": "", "encoding": null}'
    shelf.storage.set_trial_system_attr(trial._trial_id, "artifacts:../precious", meta)
    shelf.tell(trial, 0.9)
    shelf.finish(0.5)
    assert precious.read_text() == "mine"
    assert shelf.titles() == ["trial 1"]


Runs = st.lists(
    st.tuples(
        st.sampled_from([0.1, 0.2, 0.3, 0.4]),
        st.sampled_from([None, 1, 2]),
        st.integers(0, 4),
    ),
    min_size=1,
    max_size=8,
)
"""Each run's loss, its seed where it is a replicate, and the step before which it is killed."""


@settings(max_examples=40)
@given(runs=Runs, order=st.randoms(use_true_random=False))
def test_whatever_is_cut_off_the_best_model_stays_and_in_the_end_it_alone(runs, order):
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder))
        shelf = Shelf(project.folder, compare(project))
        shelf.finish(0.25)  # what replicates are chosen from
        begun = [(shelf.begin(seed), loss, killed) for loss, seed, killed in runs]
        steps = [index for index, (_, _, killed) in enumerate(begun) for _ in range(min(killed, 3))]
        order.shuffle(steps)
        done = [0] * len(begun)
        best = shelf.kept()[0].rank
        for index in steps:
            trial, loss, _ = begun[index]
            if done[index] == 0:
                shelf.save(trial, loss)
            elif done[index] == 1:
                shelf.tell(trial, loss)
            else:
                shelf.keeper().tidy()
            done[index] += 1
            kept = shelf.kept()
            assert kept, "never none"
            assert kept[0].rank <= best, "never a worse one than before"
            best = kept[0].rank
        for (trial, _, _), steps_done in zip(begun, done, strict=True):
            if steps_done < 2:
                shelf.tell(trial)  # as the parent does
        shelf.finish(0.5)
        complete = [run for run in runs_of(shelf.stored, cell(VARIANT)) if run.is_complete]
        assert [run.key for run in shelf.kept()] == [complete[0].key]
        assert len(list(Path(shelf.artifacts.where()).iterdir())) == 1


def test_a_model_need_not_be_there_where_a_better_one_is(project):
    shelf = Shelf(project.folder, compare(project, "artifacts.models=best"))

    def replaced():
        return len(replaced_models(shelf.stored, shelf.artifacts))

    shelf.finish(0.5)
    assert replaced() == 0
    shelf.finish(0.4)
    shelf.finish(0.3)
    assert replaced() == 2
    (best,) = shelf.kept()
    shelf.artifacts.remove(model_of(best, shelf.artifacts))
    assert replaced() == 0, "then one is missing"


def test_where_all_are_kept_none_is_replaced(project):
    shelf = Shelf(project.folder, compare(project, "artifacts.models=all"), "all")
    for loss in (0.5, 0.4):
        shelf.finish(loss)
    assert replaced_models(shelf.stored, shelf.artifacts) == frozenset()
