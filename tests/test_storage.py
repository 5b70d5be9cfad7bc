"""The storage: opening, mending, naming, and queueing again what was cut off."""

from __future__ import annotations

import json
import os

import pytest
from optuna.trial import TrialState

from ablate.errors import InputError
from ablate.owner import Owner
from ablate.storage import (
    ArtifactStore,
    StoragePlace,
    find_study,
    mend_torn_line,
    open_existing,
    open_storage,
    open_study,
    remove_study,
    study_names,
)
from ablate.trials import OWNER, finished, outcome_of, requeue_lost

GONE = Owner(host="here", pid=1, started=0.0)


@pytest.fixture
def storage(project):
    return open_storage(project.place)


@pytest.fixture
def study(project, storage):
    return open_study(storage, project.study(), "digest")


def begun(study, owner=GONE):
    """A trial that is being trained."""
    trial = study.ask()
    trial.suggest_int("units", 1, 1000)
    if owner is not None:
        trial.set_user_attr(OWNER, owner.model_dump())
    return trial


def test_a_new_study_names_its_metric_and_its_question(study, project):
    assert study.metric_names == ["val_loss"]
    assert study.user_attrs["question"] == project.study().question()
    assert study.user_attrs["trials"] == 3


@pytest.mark.parametrize("described", [{}, {"data": "digest"}])
def test_a_study_that_was_cut_off_before_it_was_described_is_described_now(
    storage, project, described
):
    import optuna

    begun = optuna.create_study(study_name="dense", storage=storage)
    for key, value in described.items():
        begun.set_user_attr(key, value)
    found = open_study(storage, project.study(), "digest")
    assert found.metric_names == ["val_loss"]
    assert found.user_attrs["question"] == project.study().question()


def test_texts_and_counts_may_change_under_one_name(study, storage, project):
    changed = project.study("study.description=Another text", "tune.trials=7")
    again = open_study(storage, changed, "digest")
    assert again.user_attrs["description"] == "Another text"
    assert again.user_attrs["trials"] == 7


def test_other_images_are_refused(study, storage, project):
    with pytest.raises(InputError) as caught:
        open_study(storage, project.study(), "another digest")
    assert str(caught.value) == (
        f"{project.study_file}: study.dataset: the images are not those that the stored study dense "
        "was trained on; rename the study to keep both, or run with --fresh to delete the old one's "
        "trials"
    )


def test_another_question_names_every_difference(study, storage, project):
    other = project.study("training.epochs=9", 'tune.sampler="qmc"')
    with pytest.raises(InputError) as caught:
        open_study(storage, other, "digest")
    keys = [problem.key for problem in caught.value.problems]
    assert keys == [
        "training.epochs",
        "tune.sampler.name",
        "tune.sampler.qmc_type",
        "tune.sampler.scramble",
    ]


def test_a_study_that_is_not_ours_is_refused(storage, project):
    import optuna

    optuna.create_study(study_name="dense", storage=storage).set_user_attr("mine", 1)
    with pytest.raises(InputError, match="holds a study dense that was not made by ablate"):
        open_study(storage, project.study(), "digest")


def test_a_trial_whose_owner_is_gone_is_queued_again_once(study, storage):
    trial = begun(study)
    assert requeue_lost(study, storage, lambda owner: True) == 1
    assert requeue_lost(study, storage, lambda owner: True) == 0
    assert [outcome_of(t) for t in study.trials] == ["interrupted", "waiting"]
    again = study.ask()
    assert again.suggest_int("units", 1, 1000) == trial.params["units"]


def test_a_crash_while_queueing_neither_loses_nor_repeats(study, storage):
    trial = begun(study)
    # The crash came after the new trial was queued and before the old one was closed.
    study.enqueue_trial(trial.params, user_attrs={"retry_of": trial.number})
    assert requeue_lost(study, storage, lambda owner: True) == 0
    assert [outcome_of(t) for t in study.trials] == ["interrupted", "waiting"]


def test_a_trial_of_a_living_owner_is_left_alone(study, storage):
    begun(study)
    assert requeue_lost(study, storage, lambda owner: False) == 0
    assert [outcome_of(t) for t in study.trials] == ["running"]


def test_a_trial_without_hyperparameters_is_closed_but_not_queued(study, storage):
    study.ask()
    assert requeue_lost(study, storage) == 0
    assert [outcome_of(t) for t in study.trials] == ["interrupted"]
    assert finished(study) == []


def test_outcomes_are_told_from_states_and_attributes(study):
    for outcome in ("pruned", "infeasible", "failed", "interrupted"):
        trial = study.ask()
        trial.set_user_attr("outcome", outcome)
        state = TrialState.PRUNED if outcome in ("pruned", "infeasible") else TrialState.FAIL
        study.tell(trial, state=state)
    study.tell(study.ask(), 0.5)
    found = [outcome_of(trial) for trial in study.trials]
    assert found == ["pruned", "infeasible", "failed", "interrupted", "complete"]
    assert len(finished(study)) == 4


@pytest.mark.parametrize("tail", [b'{"op_code": 4, "worker', b"\x00\x00\x00", b"{"])
def test_a_torn_last_line_is_removed(study, project, tail):
    journal = project.folder / "runs" / "ablate.journal"
    whole = journal.read_bytes()
    journal.write_bytes(whole + tail)
    assert mend_torn_line(journal)
    assert journal.read_bytes() == whole
    assert not mend_torn_line(journal)
    assert study_names(open_existing(project.place)) == ["dense"]


def test_a_whole_record_without_a_line_end_is_kept(study, project):
    journal = project.folder / "runs" / "ablate.journal"
    whole = journal.read_bytes()
    journal.write_bytes(whole.rstrip(b"\n"))
    assert mend_torn_line(journal)
    assert journal.read_bytes() == whole


def test_artifacts_are_whole_or_absent(tmp_path):
    class Torn:
        def __init__(self):
            self.parts = [b"half"]

        def read(self, size=-1):
            if self.parts:
                return self.parts.pop()
            raise OSError("the disk is full")

    store = ArtifactStore(str(tmp_path))
    with pytest.raises(OSError, match="the disk is full"):
        store.write("artifact", Torn())
    assert list(tmp_path.iterdir()) == []


def test_removing_a_study_leaves_others_alone(project, finished):
    storage = open_storage(finished.place)
    other = open_study(storage, finished.study("study.name=other"), "digest")
    begun(other)
    count = len(list(finished.place.artifacts.iterdir()))
    remove_study(storage, "other", ArtifactStore(finished.place.artifacts))
    remove_study(storage, "never there", ArtifactStore(finished.place.artifacts))
    assert study_names(storage) == ["dense"]
    assert len(list(finished.place.artifacts.iterdir())) == count


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: p.mkdir(), "is a folder; name a file, for example runs/ablate.journal"),
        (lambda p: p.write_text("hello\n"), "is not an Optuna journal; name another file"),
        (lambda p: p.write_bytes(b"\x89PNG\r\n"), "is not an Optuna journal; name another file"),
        (lambda p: p.write_text("[1]\n"), "is not an Optuna journal; name another file"),
    ],
)
def test_a_storage_that_cannot_be_ours_is_refused_untouched(tmp_path, make, message):
    path = tmp_path / "storage"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(InputError) as caught:
        open_storage(StoragePlace(str(path)))
    assert str(caught.value) == f"storage {path}: {message}"
    assert before == (path.read_bytes() if path.is_file() else None)


def test_a_file_in_place_of_a_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError) as caught:
        StoragePlace(str(tmp_path / "file" / "ablate.journal")).check()
    place = tmp_path / "file" / "ablate.journal"
    assert str(caught.value) == f"storage {place}: {tmp_path / 'file'} is not a folder"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot be written"):
        StoragePlace(str(tmp_path / "ablate.journal")).check()


def test_nothing_run_yet_is_said(tmp_path):
    with pytest.raises(InputError, match="nothing has been run here yet; run a study first"):
        open_existing(StoragePlace(str(tmp_path / "runs" / "ablate.journal")))
    assert not (tmp_path / "runs").exists()


def test_a_database_that_cannot_be_reached_is_said(tmp_path):
    with pytest.raises(InputError, match="storage: cannot be opened"):
        open_storage(StoragePlace(f"sqlite:///{tmp_path}/none/there.db"))


def test_a_database_keeps_studies_too(tmp_path, project):
    place = StoragePlace(f"sqlite:///{tmp_path}/ablate.db")
    open_study(open_storage(place), project.study(), "digest")
    found = find_study(open_existing(place), "dense")
    assert json.dumps(found.user_attrs["question"]) == json.dumps(project.study().question())
