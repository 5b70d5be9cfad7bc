"""The door to artifacts: what goes in comes out, and nothing outside of their folder is touched."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import optuna
import pytest
from kept_study import RATE

import ablate
from ablate.store.artifacts import Artifact, ArtifactStore, artifact_files, named_in

SOURCES = Path(ablate.__file__).parent
ROWS = [["epoch", "loss"], [1, 0.5], [2, "a, b"]]


@pytest.fixture
def trial(kept):
    """One that is running."""
    return kept.begin()


@pytest.fixture
def outside(kept, trial):
    """A file of the user's, which a trial names as its own."""
    precious = kept.folder / "precious"
    precious.write_text("mine")
    named = Artifact("../../precious", "x.csv")
    assert Path(kept.artifacts.where(named)).resolve() == precious.resolve()
    meta = {"artifact_id": named.id, "filename": named.name, "mimetype": "", "encoding": None}
    kept.storage.set_trial_system_attr(trial._trial_id, "artifacts:x", json.dumps(meta))
    yield named
    assert precious.read_text() == "mine"


def test_a_table_is_read_as_it_was_written(kept, trial):
    kept.artifacts.upload_table(trial, "table.csv", ROWS)
    text = kept.artifacts.text(trial, "table.csv")
    assert text == 'epoch,loss\r\n1,0.5\r\n2,"a, b"\r\n'
    assert [one.name for one in kept.artifacts.of(trial)] == ["table.csv"]


def test_a_file_is_kept_under_its_own_name(kept, trial):
    (kept.folder / "model.keras").write_bytes(b"\x00weights")
    kept.artifacts.upload(trial, kept.folder / "model.keras", "application/zip")
    found = kept.artifacts.find(trial, "model.keras")
    with kept.artifacts.open(found) as file:
        assert file.read() == b"\x00weights"
    assert kept.artifacts.size(found) == 8
    assert Path(kept.artifacts.where(found)).parent == Path(kept.artifacts.where())


def test_what_is_no_text_or_not_there_has_no_text(kept, trial):
    assert kept.artifacts.text(trial, "table.csv") is None
    kept.artifacts.upload_table(trial, "table.csv", ROWS)
    found = kept.artifacts.find(trial, "table.csv")
    Path(kept.artifacts.where(found)).write_bytes(b"\xff\xfe")
    assert kept.artifacts.text(trial, "table.csv") is None


def test_what_was_removed_is_still_named_and_not_held(kept, trial):
    kept.artifacts.upload_table(trial, "table.csv", ROWS)
    found = kept.artifacts.find(trial, "table.csv")
    assert kept.artifacts.holds(found)
    for _ in range(2):
        kept.artifacts.remove(found)
    assert kept.artifacts.of(trial) == [found]
    assert not kept.artifacts.holds(found)
    assert kept.artifacts.size(found) is None
    assert kept.artifacts.text(trial, "table.csv") is None
    with pytest.raises(FileNotFoundError):
        kept.artifacts.open(found)


def test_what_lies_outside_of_the_folder_is_neither_read_nor_removed(kept, trial, outside):
    assert kept.artifacts.of(trial) == [outside]
    assert not kept.artifacts.holds(outside)
    assert kept.artifacts.size(outside) is None
    assert kept.artifacts.text(trial, "x.csv") is None
    kept.artifacts.remove(outside)


def test_an_artifact_is_looked_for_in_its_folder_only(tmp_path):
    (tmp_path / "elsewhere").touch()
    store = ArtifactStore(tmp_path / "artifacts")
    store.write("here", io.BytesIO(b"content"))
    assert store.path("here").read_bytes() == b"content"
    assert not store.path("gone").exists()
    assert store.path("../elsewhere") is store.path(str(tmp_path / "elsewhere")) is None


def test_artifacts_are_whole_or_absent(tmp_path):
    class Torn:
        def __init__(self):
            self.parts = [b"half"]

        def read(self, size=-1):
            if self.parts:
                return self.parts.pop()
            raise OSError("the disk is full")

    store = ArtifactStore(tmp_path)
    with pytest.raises(OSError, match="the disk is full"):
        store.write("artifact", Torn())
    assert list(tmp_path.iterdir()) == []


def test_artifacts_of_every_hand_are_named(kept, trial):
    kept.artifacts.upload_table(trial, "table.csv", ROWS)
    other = optuna.create_study(study_name="of another hand", storage=kept.storage)
    (kept.folder / "note.txt").write_text("note")
    options = {"artifact_store": kept.artifacts.store, "file_path": str(kept.folder / "note.txt")}
    named = {optuna.artifacts.upload_artifact(study_or_trial=other, **options)}
    named |= {one.id for one in kept.artifacts.of(trial)}
    assert kept.artifacts.named() == named
    assert named_in(kept.journal.read_bytes()) >= named
    assert {path.name for path in artifact_files(kept.place)} == named


def test_links_and_folders_are_no_artifact_files(kept):
    folder = Path(kept.artifacts.where())
    (folder / "folder").mkdir()
    (folder / "link").symlink_to(kept.journal)
    (folder / "file").touch()
    assert artifact_files(kept.place) == [folder / "file"]


def test_a_study_can_be_opened_before_it_has_artifacts(kept):
    Path(kept.artifacts.where()).rmdir()
    assert artifact_files(kept.place) == []
    trial = kept.stored.tuning[kept.stored.spec.cells[0]].ask(RATE)
    kept.artifacts.upload_table(trial, "table.csv", ROWS)
    assert len(artifact_files(kept.place)) == 1


def test_nobody_else_knows_how_artifacts_are_kept():
    knows = re.compile(r"\bArtifactStore\(|optuna\.artifacts|import artifacts\b|\.artifacts /")
    found = {path.name for path in SOURCES.rglob("*.py") if knows.search(path.read_text())}
    assert found == {"artifacts.py"}
