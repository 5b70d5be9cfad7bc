"""Artifacts on disk."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from kept_study import RATE

from ablate.housekeeping.kept import count_and_size, kept_artifacts, problem_of


@pytest.fixture
def artifacts(kept):
    return kept.artifacts


@pytest.fixture
def trial(kept):
    """A finished trial, frozen."""
    number = kept.tune().number
    return next(iter(kept.stored.parts.values())).trials[number]


def file_of(artifacts, trial, name):
    return next(found for found in kept_artifacts(trial, artifacts) if found.name == name)


def path_of(artifacts, trial, name):
    return Path(file_of(artifacts, trial, name).where)


def problem(artifacts, trial, name):
    return problem_of(trial, file_of(artifacts, trial, name), artifacts)


def test_the_artifacts_of_a_trial_have_their_sizes(kept, artifacts, trial):
    found = kept_artifacts(trial, artifacts)
    assert {one.name for one in found} == {"learning_curves.csv", "confusion_matrix.csv"}
    assert {Path(one.where) for one in found} == set(kept.place.artifacts.iterdir())
    sizes = [path.stat().st_size for path in kept.place.artifacts.iterdir()]
    assert count_and_size([trial, trial], artifacts) == (4, 2 * sum(sizes))
    assert [problem_of(trial, one, artifacts) for one in found] == [None, None]


@pytest.mark.parametrize("name", ["learning_curves.csv", "confusion_matrix.csv"])
def test_what_is_gone_is_missing(artifacts, trial, name):
    path_of(artifacts, trial, name).unlink()
    assert problem(artifacts, trial, name) == "is missing"
    assert count_and_size([trial], artifacts)[0] == 1


@pytest.mark.parametrize("name", ["learning_curves.csv", "confusion_matrix.csv"])
def test_wherever_a_table_is_cut_it_is_seen(artifacts, trial, name):
    path = path_of(artifacts, trial, name)
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        assert problem(artifacts, trial, name) == "is cut off", content[:length]


def upload(kept, name, content):
    trial = next(iter(kept.stored.parts.values())).ask(RATE)
    path = kept.folder / name
    path.write_bytes(content)
    kept.artifacts.upload(trial, path, "")
    return kept.storage.get_trial(trial._trial_id)


def test_a_model_that_is_cut_off_is_seen(kept, artifacts):
    with zipfile.ZipFile(kept.folder / "whole.keras", "w") as file:
        file.writestr("config.json", "{}" * 1000)
    content = (kept.folder / "whole.keras").read_bytes()
    assert problem(artifacts, upload(kept, "a.keras", content), "a.keras") is None
    assert problem(artifacts, upload(kept, "b.keras", content[:-30]), "b.keras") == "is cut off"


def test_files_of_others_are_cut_off_only_when_empty(kept, artifacts):
    assert problem(artifacts, upload(kept, "note.txt", b"note"), "note.txt") is None
    assert problem(artifacts, upload(kept, "none.txt", b""), "none.txt") == "is cut off"


def test_what_names_a_place_outside_of_the_folder_is_missing(kept, artifacts):
    trial = upload(kept, "note.txt", b"note")
    secret = kept.folder / "secret"
    secret.write_text("secret")
    for name in ("../../secret", str(secret)):
        meta = {"artifact_id": name, "filename": "x", "mimetype": "x", "encoding": None}
        kept.storage.set_trial_system_attr(trial._trial_id, f"artifacts:{name}", json.dumps(meta))
    found = kept_artifacts(kept.storage.get_trial(trial._trial_id), artifacts)
    assert [one.size for one in found] == [4, None, None]
