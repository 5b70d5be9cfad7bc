"""The storage: opening, mending, and what cannot be one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import optuna
import pytest
from hand_made import make_stored

from ablate.errors import InputError
from ablate.store.place import (
    StoragePlace,
    journal_lock,
    mend_journal,
    mend_torn_line,
    open_existing,
    open_storage,
    study_summaries,
)
from ablate.store.studies import find_study, study_names


@pytest.fixture
def journal(project):
    """The journal of a study that was begun."""
    make_stored(project.study(), open_storage(project.place))
    return project.folder / "runs" / "ablate.journal"


@pytest.mark.parametrize("tail", [b'{"op_code": 4, "worker', b"\x00\x00\x00", b"{"])
def test_a_torn_last_line_is_removed(journal, project, tail):
    whole = journal.read_bytes()
    journal.write_bytes(whole + tail)
    assert mend_torn_line(journal)
    assert journal.read_bytes() == whole
    assert not mend_torn_line(journal)
    assert study_names(open_existing(project.place)) == ["dense"]


def test_a_whole_record_without_a_line_end_is_kept(journal):
    whole = journal.read_bytes()
    journal.write_bytes(whole.rstrip(b"\n"))
    assert mend_torn_line(journal)
    assert journal.read_bytes() == whole


def test_a_lock_leads_to_its_journal_from_everywhere(journal, monkeypatch):
    """Else Optuna waits for ever for one that a killed process has left over."""
    monkeypatch.chdir(journal.parent.parent)
    lock = journal_lock(Path("runs/ablate.journal"))
    lock.acquire()
    assert Path(f"{journal}.lock").resolve() == journal.resolve()
    lock.release()


def test_a_damaged_journal_is_refused(journal, project):
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([lines[0], b"\0\n", *lines[1:]]))
    with pytest.raises(InputError) as caught:
        open_existing(project.place)
    assert str(caught.value) == (
        f"storage {journal}: is damaged: Optuna cannot read it; see what can be done: ablate doctor"
    )


def test_a_lock_that_a_killed_writer_left_does_not_hold_up_anyone(journal, project):
    relative = StoragePlace(os.path.relpath(journal))
    lock = journal.with_name(f"{journal.name}.lock")
    lock.symlink_to(
        "runs/nowhere"
    )  # as a relative path made it: for Optuna a reason to wait for ever
    with journal.open("ab") as file:
        file.write(b"{")
    assert mend_journal(relative)
    held = journal_lock(Path(relative.url))
    held.acquire()
    assert lock.stat().st_ino == journal.stat().st_ino, "one that Optuna can tell the age of"
    held.release()
    assert not lock.is_symlink()


def test_only_a_journal_needs_mending(journal, project, tmp_path):
    assert not mend_torn_line(tmp_path / "never there")
    with journal.open("ab") as file:
        file.write(b"{")
    assert not mend_journal(StoragePlace("sqlite:///nowhere.db"))
    assert mend_journal(project.place)
    assert not mend_journal(project.place)


def test_everything_else_lies_beside_the_journal():
    place = StoragePlace("elsewhere/ablate.journal")
    assert (place.artifacts, place.cache) == (Path("elsewhere/artifacts"), Path("elsewhere/data"))
    assert StoragePlace("sqlite:///some/where.db").logs == Path("runs/logs")


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
    with pytest.raises(InputError, match=r"storage sqlite:.*: cannot be opened"):
        open_storage(StoragePlace(f"sqlite:///{tmp_path}/none/there.db"))


def test_a_database_keeps_studies_too(tmp_path, project):
    place = StoragePlace(f"sqlite:///{tmp_path}/ablate.db")
    make_stored(project.study(), open_storage(place))
    found = find_study(open_existing(place), "dense")
    assert found.spec == project.study()
    (first,) = found.parts.values()
    assert json.dumps(first.user_attrs["question"]) == json.dumps(project.study().question())


def test_summaries_are_those_of_optuna_but_copy_no_trial(tmp_path, monkeypatch):
    storage = open_storage(StoragePlace(str(tmp_path / "runs" / "ablate.journal")))
    for name, count in (("many", 3), ("empty", 0)):
        study = optuna.create_study(study_name=name, storage=storage)
        study.set_user_attr("phase", "tune")
        study.add_trials([optuna.trial.create_trial(value=float(k)) for k in range(count)])

    def said(summary):
        return summary.study_name, summary.user_attrs, summary.n_trials, summary.datetime_start

    optunas = [said(summary) for summary in optuna.get_all_study_summaries(storage)]

    def refuse(self, memo):
        raise AssertionError("a trial was copied")

    monkeypatch.setattr(optuna.trial.FrozenTrial, "__deepcopy__", refuse, raising=False)
    assert [said(summary) for summary in study_summaries(storage)] == optunas
