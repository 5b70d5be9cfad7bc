"""What is found in a storage that is not in order."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import timedelta

import optuna
import pytest
from hand_made import compare, make_stored
from kept_study import AWAY, NOW

from ablate.housekeeping import health as module
from ablate.housekeeping.health import Health, examine
from ablate.limits import LOCK_LEFT, UNOWNED, WRITING
from ablate.store.owner import Owner
from ablate.store.place import StoragePlace, journal_lock, open_storage

WELL = Health(studies=1, trials=8)
ID = "00000000-0000-4000-8000-000000000000"


def found(kept, now=NOW, **options):
    """What is found; nothing was changed by looking."""
    before = kept.files()
    health = examine(kept.place, now, **options)
    assert kept.files() == before
    return health


def age(path, seconds):
    moment = NOW.timestamp() - seconds
    os.utime(path, (moment, moment), follow_symlinks=False)
    return path


def artifact(kept, name, seconds=0.0):
    path = kept.place.artifacts / name
    path.write_text("x")
    return age(path, seconds)


def test_a_storage_in_order(whole):
    assert found(whole) == WELL
    assert found(whole).is_well
    assert not found(whole).is_mendable


def test_an_empty_storage_is_in_order(tmp_path):
    place = StoragePlace(str(tmp_path / "ablate.journal"))
    open_storage(place)
    assert examine(place, NOW) == Health()


def test_a_cut_off_last_line(whole):
    whole.journal.write_bytes(whole.journal.read_bytes() + b'{"op_code": 4, "wor')
    health = found(whole)
    assert health == replace(WELL, torn=True)
    assert health.is_mendable
    assert not health.is_well


def test_lines_that_are_no_records_and_what_is_behind_them(whole):
    lines = whole.journal.read_bytes().splitlines(keepends=True)
    whole.journal.write_bytes(b"".join([*lines[:9], b"\0\n", *lines[9:]]))
    health = found(whole)
    assert health == replace(WELL, damaged=(10,))
    assert health.is_mendable


def test_lost_lines_that_others_count_on_cannot_be_mended(whole):
    lines = whole.journal.read_bytes().splitlines(keepends=True)
    whole.journal.write_bytes(b"".join([b"\0\n", *lines[1:]]))
    health = found(whole)
    assert (health.damaged, health.fits) == ((1,), False)
    assert not health.is_mendable
    assert not health.is_well


def test_records_that_optuna_makes_nothing_of(whole):
    with whole.journal.open("a") as file:
        file.write('{"op_code":99,"worker_id":"x"}\n')
    health = found(whole)
    assert health.unreadable.startswith("AssertionError")
    assert not (health.is_well or health.is_mendable)


@pytest.mark.parametrize("seconds", [LOCK_LEFT + 1, -LOCK_LEFT - 1])
def test_a_lock_that_is_left_over(whole, seconds):
    journal_lock(whole.journal).acquire()
    lock = age(whole.journal.with_name("ablate.journal.lock"), seconds)
    assert found(whole) == replace(WELL, stale=(lock,))


def test_what_is_left_of_a_lock_that_was_given_back(whole):
    path = whole.journal.with_name(f"ablate.journal.lock{ID}.rename")
    path.write_text("")
    age(path, LOCK_LEFT + 1)
    (whole.journal.with_name("ablate.journal.lock.txt")).write_text("of the user")
    assert found(whole).stale == (path,)


def test_a_journal_that_is_being_written_is_not_called_torn(whole):
    journal_lock(whole.journal).acquire()
    age(whole.journal.with_name("ablate.journal.lock"), LOCK_LEFT - 1)
    whole.journal.write_bytes(whole.journal.read_bytes() + b'{"op_code": 4, "wor')
    health = found(whole)
    assert health == replace(WELL, writing=True)
    assert health.is_well


def test_a_journal_that_grows_while_it_is_looked_at_is_not_called_torn(whole, monkeypatch):
    content = whole.journal.read_bytes()
    whole.journal.write_bytes(content + b'{"op_code": 4, "wor')

    def look_at(place):
        seen = read(place)
        whole.journal.write_bytes(content)
        return seen

    read = module.look_at
    monkeypatch.setattr(module, "look_at", look_at)
    assert examine(whole.place, NOW) == replace(WELL, writing=True)


def test_artifacts_that_no_trial_names(whole):
    orphan = artifact(whole, ID)
    stray = artifact(whole, "notes.txt")
    health = found(whole)
    assert health == replace(WELL, orphans=(orphan, stray))
    assert health.is_mendable


def test_the_artifacts_of_deleted_trials_are_orphans(whole):
    optuna.delete_study(study_name="dense/replicate", storage=whole.storage)
    health = found(whole)
    assert len(health.orphans) == 8
    assert health.incomplete == ("dense",)


def test_what_another_storage_beside_it_names_is_its_own(whole, project):
    other = StoragePlace(str(whole.journal.with_name("other.journal")))
    study = make_stored(project.study(), open_storage(other)).parts
    trial = next(iter(study.values())).ask()
    (project.folder / "note.txt").write_text("note")
    named = optuna.artifacts.upload_artifact(
        artifact_store=whole.artifacts.store,
        file_path=str(project.folder / "note.txt"),
        study_or_trial=trial,
    )
    orphan = artifact(whole, ID)
    assert named in {path.name for path in whole.place.artifacts.iterdir()}
    assert found(whole).orphans == (orphan,)
    assert len(examine(other, NOW).orphans) == 1


def test_artifacts_of_studies_and_of_another_hand_are_named(whole):
    study = optuna.create_study(study_name="of another hand", storage=whole.storage)
    (whole.folder / "note.txt").write_text("note")
    for owner in (study, study.ask()):
        optuna.artifacts.upload_artifact(
            artifact_store=whole.artifacts.store,
            file_path=str(whole.folder / "note.txt"),
            study_or_trial=owner,
        )
    assert found(whole) == WELL


def test_temporary_files_are_left_over_once_nobody_writes(kept):
    new = artifact(kept, f".{ID}.abcdefgh", 10)
    old = artifact(kept, f".{ID}.stuvwxyz", WRITING + 1)
    assert found(kept).temporary == (new, old)
    kept.begin(owner=Owner.this_process())
    assert found(kept).temporary == (old,)


def test_what_was_to_replace_the_journal_is_temporary_too(kept):
    path = kept.journal.with_name(".ablate.journal.abcdefgh")
    path.write_text("")
    assert found(kept).temporary == (path,)


def test_running_trials_that_nobody_trains(kept):
    kept.begin()
    kept.begin(owner=Owner.this_process())
    kept.begin(owner=AWAY)
    kept.begin_replicate()
    health = found(kept)
    assert [(one.part, one.number) for one in health.lost] == [
        ("dense/tune/units=16", 0),
        ("dense/replicate", 0),
    ]
    assert (health.running, health.elsewhere) == (2, {AWAY.host: 1})
    assert health.is_mendable
    gone = found(kept, is_gone=lambda owner: owner.host == AWAY.host)
    assert [(one.part, one.number) for one in gone.lost] == [("dense/tune/units=16", 2)]


def test_a_trial_may_take_a_moment_to_say_whose_it_is(kept):
    started = kept.begin(owner=None).datetime_start
    assert examine(kept.place, started + timedelta(seconds=UNOWNED - 1)).is_well
    assert len(examine(kept.place, started + timedelta(seconds=UNOWNED + 1)).lost) == 1


def test_trials_elsewhere_are_no_fault(kept):
    kept.begin(owner=AWAY)
    assert found(kept).is_well


def test_artifacts_that_cannot_be_read(kept):
    complete = kept.tune()
    pruned = kept.tune(outcome="pruned", val_loss=None)
    failed = kept.tune(outcome="failed", reason="it broke")
    files = {
        (trial.number, json.loads(text)["filename"]): json.loads(text)["artifact_id"]
        for trial in kept.storage.get_all_trials(complete.study._study_id)
        for text in trial.system_attrs.values()
    }
    folder = kept.place.artifacts
    (folder / files[0, "learning_curves.csv"]).write_bytes(b"epoch,lo")
    (folder / files[pruned.number, "confusion_matrix.csv"]).unlink()
    (folder / files[failed.number, "confusion_matrix.csv"]).unlink()
    health = found(kept)
    assert [(one.part, one.number, one.artifact.name, one.problem) for one in health.spoiled] == [
        ("dense/tune/units=16", 0, "learning_curves.csv", "is cut off"),
        ("dense/tune/units=16", 1, "confusion_matrix.csv", "is missing"),
    ]
    assert not (health.is_well or health.is_mendable)


def test_studies_whose_making_was_cut_off(kept):
    half = optuna.create_study(study_name="half/replicate", storage=kept.storage)
    half.set_user_attr("phase", "replicate")
    undescribed = optuna.create_study(study_name="undescribed", storage=kept.storage)
    undescribed.set_user_attr("study", "undescribed")
    optuna.create_study(study_name="of another hand", storage=kept.storage)
    health = found(kept)
    assert health.unmade == ("half/replicate", "undescribed")
    assert health.is_mendable


def test_studies_whose_deleting_was_cut_off(kept, project):
    stored = make_stored(compare(project, "study.name=other"), kept.storage)
    optuna.delete_study(study_name=stored.replicates.study_name, storage=kept.storage)
    health = found(kept)
    assert health.incomplete == ("other",)
    assert not (health.is_well or health.is_mendable)


def test_of_a_database_studies_and_trials_are_looked_at(tmp_path, project):
    place = StoragePlace(f"sqlite:///{tmp_path}/ablate.db")
    stored = make_stored(project.study(), open_storage(place))
    (tmp_path / "runs" / "artifacts").mkdir(parents=True)
    (tmp_path / "runs" / "artifacts" / ID).write_text("of another storage")
    next(iter(stored.parts.values())).ask()
    health = examine(place, NOW + timedelta(days=1))
    assert [one.number for one in health.lost] == [0]
    assert replace(health, lost=()) == Health(studies=1, trials=1)
