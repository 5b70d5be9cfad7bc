"""What a study keeps of the user's code, and how it is compared with what lies there now."""

from __future__ import annotations

import hashlib
import shutil

import pytest
from hand_made import compare, make_stored
from optuna.storages import InMemoryStorage

from ablate.errors import InputError
from ablate.store.attributes import KEPT_CODE
from ablate.store.code import kept_code, stored_name
from ablate.store.question import check_question


@pytest.fixture
def stored(project):
    return make_stored(compare(project), InMemoryStorage())


@pytest.fixture
def first(stored):
    return next(iter(stored.parts.values()))


def keep(stored, first, file):
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    KEPT_CODE.add(first, stored_name(stored.spec, file), digest)
    return digest


def test_additions_do_not_overwrite_each_other(first):
    for path, digest in (("b.py", "2"), ("a.py", "1"), ("b.py", "3"), ("b.py", "2")):
        KEPT_CODE.add(first, path, digest)
    assert KEPT_CODE.of(first) == {"a.py": "1", "b.py": "2"}
    KEPT_CODE.add(first, "b.py", "1")
    assert KEPT_CODE.of(first)["b.py"] == "1", "the lower one counts, for everybody"


def test_files_are_known_by_their_path_from_the_networks(project, stored, first):
    folder = project.folder
    for file in ("blocks.py", "parts/deep.py", "../elsewhere.py"):
        KEPT_CODE.add(first, stored_name(stored.spec, folder / file), file)
    assert list(KEPT_CODE.of(first)) == ["blocks.py", "parts/deep.py", "../elsewhere.py"]
    own = stored.spec.architectures[0].digest
    assert kept_code(stored.spec, first) == {
        folder / "blocks.py": "blocks.py",
        folder / "parts" / "deep.py": "parts/deep.py",
        folder.parent / "elsewhere.py": "../elsewhere.py",
        folder / "models.py": own,
    }


def test_the_code_may_be_moved_as_a_whole_and_the_study_file_by_itself(project, stored, first):
    blocks = project.folder / "blocks.py"
    blocks.write_text("")
    keep(stored, first, blocks)
    nets = project.folder / "nets"
    nets.mkdir()
    for name in ("models.py", "blocks.py", "space.toml"):
        shutil.move(project.folder / name, nets / name)
    moved = compare(project, 'study.search_space="nets/space.toml"')
    check_question(first._storage, moved)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda file: file.write_text("#"), "{} has changed since the study dense was begun"),
        (lambda file: file.unlink(), "{} is gone, which the study dense was begun with"),
    ],
)
def test_code_that_is_another_is_another_question(project, stored, first, edit, message):
    files = [project.folder / name for name in ("blocks.py", "deep.py", "same.py")]
    for file in files:
        file.write_text("raise RuntimeError('is never run here')")
        keep(stored, first, file)
    check_question(first._storage, compare(project))
    for file in files[:2]:
        edit(file)
    with pytest.raises(InputError) as caught:
        check_question(first._storage, compare(project))
    hint = "rename the study to keep both, or run with --fresh to delete the old one's trials"
    assert str(caught.value).splitlines() == [
        f"{project.study_file}: study.search_space: {message.format(file)}; {hint}"
        for file in files[:2]
    ]
