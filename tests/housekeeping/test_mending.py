"""A storage that is mended, and what is kept of it."""

from __future__ import annotations

from pathlib import Path

import optuna
import pytest
from hand_made import make_stored
from kept_study import AWAY, NOW

from ablate.errors import RunError
from ablate.housekeeping import mending as module
from ablate.housekeeping.health import Health, examine
from ablate.housekeeping.mending import mend
from ablate.limits import LOCK_LEFT
from ablate.store.owner import Owner
from ablate.store.place import StoragePlace, journal_lock, open_storage
from ablate.store.trials import outcome_of

from .test_health import ID, age, artifact

BACKUP = "ablate.journal.backup-20260910-123456"


def mended(kept, **options):
    return mend(kept.place, examine(kept.place, NOW, **options), NOW, **options)


def outcomes(kept, part):
    found = optuna.load_study(study_name=part, storage=open_storage(kept.place))
    return [outcome_of(trial) for trial in found.trials]


def test_lines_are_mended_and_the_journal_is_kept_as_it_was(whole):
    lines = whole.journal.read_bytes().splitlines(keepends=True)
    glued = b'{"op_code":8,"wor' + lines[20]
    damaged = b"".join([*lines[:9], b"\0\n", *lines[9:20], glued, *lines[21:], b'{"op_c'])
    whole.journal.write_bytes(damaged)
    whole.journal.chmod(0o640)
    done = mended(whole)
    assert whole.journal.read_bytes() == b"".join(lines)
    assert whole.journal.stat().st_mode & 0o777 == 0o640
    assert (done.saved, done.dropped, done.closed) == (1, 1, 0)
    assert done.backup == whole.journal.with_name(BACKUP)
    assert {path.name: path.read_bytes() for path in done.backup.iterdir()} == {
        "ablate.journal": damaged
    }
    assert examine(whole.place, NOW).is_well


def test_a_journal_behind_a_link_stays_where_it_is(whole):
    real = whole.folder / "elsewhere.journal"
    whole.journal.rename(real)
    whole.journal.symlink_to(real)
    content = real.read_bytes()
    real.write_bytes(content + b"{")
    mended(whole)
    assert whole.journal.is_symlink()
    assert real.read_bytes() == content


def test_a_journal_that_would_be_mixed_up_is_left_alone(whole):
    lines = whole.journal.read_bytes().splitlines(keepends=True)
    whole.journal.write_bytes(b"".join([b"\0\n", *lines[1:]]))
    age_lock(whole)
    before = whole.journal.read_bytes()
    mended(whole)
    assert whole.journal.read_bytes() == before


def age_lock(kept):
    journal_lock(kept.journal).acquire()
    return age(kept.journal.with_name("ablate.journal.lock"), LOCK_LEFT + 1)


def test_files_are_moved_into_the_backup(whole):
    lock = age_lock(whole)
    orphan, temporary = artifact(whole, ID), artifact(whole, f".{ID}.abcdefgh")
    named = set(whole.place.artifacts.iterdir()) - {orphan, temporary}
    done = mended(whole)
    assert not lock.is_symlink()
    assert set(whole.place.artifacts.iterdir()) == named
    kept = {str(path.relative_to(done.backup)) for path in done.backup.rglob("*")}
    assert kept == {
        "ablate.journal",
        "ablate.journal.lock",
        "artifacts",
        f"artifacts/{ID}",
        f"artifacts/.{ID}.abcdefgh",
    }
    assert (done.backup / "ablate.journal.lock").is_symlink()
    assert examine(whole.place, NOW).is_well


def test_a_lock_that_is_taken_again_meanwhile_is_not_moved(whole):
    lock = age_lock(whole)
    health = examine(whole.place, NOW)
    age(lock, 0)
    taken = []

    class Lock:
        def acquire(self):
            taken.append(lock.is_symlink())

        def release(self):
            pass

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "journal_lock", lambda path: Lock())
        mend(whole.place, health, NOW)
    assert taken == [True]


def test_no_backup_is_ever_overwritten(whole):
    for number in range(3):
        artifact(whole, ID).write_text(str(number))
        mended(whole)
    texts = [
        (whole.journal.parent / name / "artifacts" / ID).read_text()
        for name in (BACKUP, f"{BACKUP}-2", f"{BACKUP}-3")
    ]
    assert texts == ["0", "1", "2"]


def test_lost_trials_are_closed(kept):
    kept.begin(owner=Owner.this_process())
    kept.begin()
    kept.begin("units=4", owner=AWAY)
    kept.begin_replicate()
    done = mended(kept)
    assert done.closed == 2
    assert outcomes(kept, "dense/tune/units=16") == ["running", "interrupted"]
    assert outcomes(kept, "dense/tune/units=4") == ["running"]
    assert outcomes(kept, "dense/replicate") == ["interrupted"]
    assert examine(kept.place, NOW).is_well


def test_trials_of_a_machine_that_is_gone_are_taken_up(kept):
    kept.begin("units=4", owner=AWAY)
    assert mended(kept, is_gone=lambda owner: owner.host == AWAY.host).closed == 1
    assert outcomes(kept, "dense/tune/units=4") == ["interrupted"]


def test_what_was_never_made_is_removed(kept):
    for name in ("half", "going on"):
        study = optuna.create_study(study_name=name, storage=kept.storage)
        study.set_user_attr("phase", "tune")
    health = examine(kept.place, NOW)
    study.ask()
    mend(kept.place, health, NOW)
    names = optuna.get_all_study_names(open_storage(kept.place))
    assert "half" not in names
    assert "going on" in names


def test_what_cannot_be_written_is_said(whole, monkeypatch):
    artifact(whole, ID)
    before = whole.files()

    def full(source, target):
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(module.shutil, "copy2", full)
    with pytest.raises(RunError) as caught:
        mended(whole)
    assert str(caught.value) == (
        f"storage {whole.journal}: could not be mended: [Errno 28] No space left on device: "
        f"'{whole.journal.with_name(BACKUP) / 'ablate.journal'}'"
    )
    after = whole.files()
    assert {name: after[name] for name in before if Path(name).suffix} == {
        name: before[name] for name in before if Path(name).suffix
    }
    assert not (whole.journal.parent / "ablate.journal.lock").is_symlink()


def test_a_database_is_mended_without_a_backup(tmp_path, project):
    place = StoragePlace(f"sqlite:///{tmp_path}/ablate.db")
    stored = make_stored(project.study(), open_storage(place))
    trial = next(iter(stored.parts.values())).ask()
    trial.suggest_categorical("units", [4, 8, 16])
    done = mend(place, examine(place, NOW), NOW)
    assert (done.backup, done.closed) == (None, 1)
    assert examine(place, NOW) == Health(studies=1, trials=1)
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["data"]
