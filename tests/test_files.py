import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.files import folder_name, replacing, write_text


def test_a_text_is_written_whole(tmp_path):
    path = tmp_path / "deep" / "a.txt"
    write_text(path, "ü\n")
    assert path.read_bytes() == "ü\n".encode()
    write_text(path, "new")
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, fault):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(fault), replacing(path) as file:
        file.write(b"new")
        raise fault
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_appears_only_when_it_is_whole(tmp_path):
    path = tmp_path / "a.txt"
    with replacing(path) as file:
        file.write(b"new")
        assert not path.exists()
    assert path.read_text() == "new"


def test_a_new_file_has_the_usual_rights(tmp_path):
    (tmp_path / "plain").touch()
    write_text(tmp_path / "ours", "")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "ours")}
    assert len(modes) == 1


def test_a_long_name_can_be_written(tmp_path):
    path = tmp_path / ("a" * 250)
    write_text(path, "x")
    assert path.read_text() == "x"


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("mnist_search", "mnist_search"),
        ("A-1", "A-1"),
        ("a b", "a_b-"),
        ("../x", "x-"),
        ("con", "con-"),
        ("COM1", "COM1-"),
        ("ü", "study-"),
        ("_", "study-"),
        ("a" * 61, "a" * 60 + "-"),
    ],
)
def test_a_name_becomes_a_folder(name, folder):
    assert folder_name(name).startswith(folder)


@given(st.text(min_size=1, max_size=100))
def test_any_name_is_one_short_plain_folder(name):
    folder = folder_name(name)
    assert 0 < len(folder) <= 70
    assert set(folder) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


names = st.text("ab. /ü_", min_size=1, max_size=6)


@given(names, names)
def test_names_that_differ_stay_different(left, right):
    assert (folder_name(left) == folder_name(right)) == (left == right)
