"""Storages that are looked at and not changed."""

from __future__ import annotations

import pytest
from hand_made import make_stored

from ablate.errors import InputError
from ablate.housekeeping.reading import is_empty, open_to_read, shown
from ablate.store.place import StoragePlace, open_storage
from ablate.store.studies import find_study


def test_what_is_read_is_what_is_stored_and_a_cut_off_line_stays(whole):
    whole.journal.write_bytes(whole.journal.read_bytes() + b'{"op_code": 4, "wor')
    before = whole.files()
    found = find_study(open_to_read(whole.place), "dense")
    assert found.spec == whole.stored.spec
    trials = [trial for study in found.parts.values() for trial in study.trials]
    assert [trial.user_attrs["outcome"] for trial in trials] == ["complete"] * 8
    assert whole.files() == before


def test_writing_is_refused(whole):
    (study, *_) = find_study(open_to_read(whole.place), "dense").parts.values()
    before = whole.files()
    with pytest.raises(AssertionError, match="is not written"):
        study.ask()
    assert whole.files() == before


def test_a_damaged_journal_is_refused(whole):
    lines = whole.journal.read_bytes().splitlines(keepends=True)
    whole.journal.write_bytes(b"".join([*lines[:5], b"\0\n", *lines[5:]]))
    with pytest.raises(InputError) as caught:
        open_to_read(whole.place)
    assert str(caught.value) == (
        f"storage {whole.journal}: line 6 is no record, and nothing behind it can be read; "
        "see what can be done: ablate doctor"
    )


def test_records_that_optuna_makes_nothing_of_are_refused(tmp_path):
    path = tmp_path / "journal"
    path.write_text('{"op_code":99,"worker_id":"x"}\n')
    with pytest.raises(InputError, match="Optuna cannot read it: AssertionError"):
        open_to_read(StoragePlace(str(path)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: None, "there is no such file: nothing has been run here yet; run a study first"),
        (lambda p: p.mkdir(), "is a folder; name a file, for example runs/ablate.journal"),
        (lambda p: p.write_text("hello\n"), "is not an Optuna journal; name another file"),
    ],
)
def test_what_is_no_storage_is_refused(tmp_path, make, message):
    path = tmp_path / "storage"
    make(path)
    with pytest.raises(InputError) as caught:
        open_to_read(StoragePlace(str(path)))
    assert str(caught.value).startswith(f"storage {path}: {message}")


def test_a_database_file_is_not_made_by_looking(tmp_path):
    place = StoragePlace(f"sqlite:///{tmp_path}/ablate.db")
    assert is_empty(place)
    with pytest.raises(InputError, match="there is no such file: nothing has been run here yet"):
        open_to_read(place)
    assert list(tmp_path.iterdir()) == []


def test_a_database_is_read(tmp_path, project):
    place = StoragePlace(f"sqlite:///{tmp_path}/ablate.db")
    make_stored(project.study(), open_storage(place))
    assert not is_empty(place)
    assert find_study(open_to_read(place), "dense").spec == project.study()


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("runs/ablate.journal", "runs/ablate.journal"),
        ("postgresql://me:secret@host:5/db?password=secret", "postgresql://me:***@host:5/db"),
        ("://secret", "database"),
    ],
)
def test_a_name_holds_no_password(url, name):
    assert shown(StoragePlace(url)) == name
    assert not is_empty(StoragePlace("postgresql://host/db"))
