"""A user's Python files are imported afresh and digested as they are executed."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import os
import py_compile
import sys
import zipfile

import pytest

from ablate.errors import InputError
from ablate.user_code.imported import UserCode, afresh, load


def test_a_file_imports_its_neighbours(tmp_path):
    (tmp_path / "neighbour_of_mine.py").write_text("WIDTH = 7\n")
    (tmp_path / "mine.py").write_text("from neighbour_of_mine import WIDTH\n")
    assert load(tmp_path / "mine.py").WIDTH == 7


def test_an_edited_file_is_read_again(tmp_path):
    file = tmp_path / "mine.py"
    for width in (1, 22):
        file.write_text(f"WIDTH = {width}\n")
        assert width == load(file).WIDTH


def write(folder, **files):
    for name, text in files.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def digests(folder, names):
    return {
        folder / name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names
    }


def imported(folder, use=lambda module: module.WIDTH, folders=None, **files):
    """What a network's file gives, and the digests of what was executed."""
    write(folder, **files)
    path = sys.path[:]
    with UserCode(folder / "mine.py", folders or (folder,)) as code:
        value = use(load(folder / "mine.py"))
        code.meet_others()
    left = [m for m in sys.modules.values() if str(folder) in str(getattr(m, "__file__", ""))]
    assert (left, sys.path) == ([], path)
    return value, code.digests


@pytest.mark.parametrize(
    ("mine", "others"),
    [
        ("from blocks import WIDTH", {"blocks": "WIDTH = 7"}),
        (
            "from pack.inner import WIDTH",
            {
                "pack/__init__": "",
                "pack/inner": "from .deep import WIDTH",
                "pack/deep": "WIDTH = 7",
            },
        ),
        ("from plain.blocks import WIDTH", {"plain/blocks": "WIDTH = 7"}),
        ("import importlib\nWIDTH = importlib.import_module('blocks').W", {"blocks": "W = 7"}),
        (
            "from importlib.util import module_from_spec, spec_from_file_location\n"
            "spec = spec_from_file_location('any', __file__.replace('mine', 'blocks'))\n"
            "module = module_from_spec(spec)\nspec.loader.exec_module(module)\nWIDTH = module.W",
            {"blocks": "W = 7"},
        ),
    ],
    ids=["neighbour", "package", "package without __init__", "by name", "by path"],
)
def test_every_module_of_the_users_own_is_digested(tmp_path, mine, others):
    width, found = imported(tmp_path, mine=mine, **others)
    assert width == 7
    assert found == digests(tmp_path, ["mine.py", *(f"{name}.py" for name in others)])


def test_imports_inside_of_functions_are_digested_too(tmp_path):
    mine = "def build():\n    from blocks import WIDTH\n    return WIDTH"
    width, found = imported(tmp_path, lambda module: module.build(), mine=mine, blocks="WIDTH = 7")
    assert (width, found) == (7, digests(tmp_path, ["mine.py", "blocks.py"]))


def test_modules_below_the_studys_folder_are_the_users_wherever_the_network_lies(
    tmp_path, monkeypatch
):
    monkeypatch.syspath_prepend(tmp_path / "library")
    write(tmp_path / "library", wide="WIDTH = 7")
    net = tmp_path / "nets"
    folders = (net, tmp_path)
    _, found = imported(net, folders=folders, mine="from wide import WIDTH")
    assert found == digests(tmp_path, ["nets/mine.py", "library/wide.py"])
    with UserCode(net / "mine.py", (net,)) as code:
        load(net / "mine.py")
    assert code.digests == digests(net, ["mine.py"])
    monkeypatch.delitem(sys.modules, "wide")


@pytest.mark.parametrize("folder", ["venv/lib/site-packages", "vendored"])
def test_what_is_installed_below_the_folder_is_not_the_users(tmp_path, monkeypatch, folder):
    library = tmp_path / folder
    (library / "wide-1.0.dist-info").mkdir(parents=True)
    write(library, wide="WIDTH = 7")
    monkeypatch.syspath_prepend(library)
    write(tmp_path, mine="from wide import WIDTH\nimport json, numpy")
    with UserCode(tmp_path / "mine.py", (tmp_path,)) as code:
        load(tmp_path / "mine.py")
    assert code.digests == digests(tmp_path, ["mine.py"])
    monkeypatch.delitem(sys.modules, "wide")


def test_each_time_what_lies_there_is_executed_whatever_bytecode_was_kept(tmp_path):
    write(tmp_path, mine="from blocks import WIDTH", blocks="WIDTH = 1")
    blocks = tmp_path / "blocks.py"
    py_compile.compile(str(blocks))
    time = blocks.stat().st_mtime
    write(tmp_path, blocks="WIDTH = 2")  # as long, and as old
    os.utime(blocks, (time, time))
    width, found = imported(tmp_path)
    assert (width, found[blocks]) == (2, digests(tmp_path, ["blocks.py"])[blocks])
    assert imported(tmp_path, blocks="WIDTH = 3")[0] == 3
    assert imported(tmp_path, other="")[0] == 3


def test_two_folders_have_their_own_modules_of_one_name(tmp_path):
    for width, name in enumerate("ab"):
        folder = tmp_path / name
        found = imported(folder, mine="from blocks import WIDTH", blocks=f"WIDTH = {width}")
        assert found == (width, digests(folder, ["mine.py", "blocks.py"]))


def test_a_module_that_was_imported_for_something_else_is_that_again_afterwards(
    tmp_path, monkeypatch
):
    monkeypatch.syspath_prepend(tmp_path)
    write(tmp_path, mine="from pack import blocks")
    write(tmp_path / "pack", __init__="", blocks="WIDTH = 1")
    before = importlib.import_module("pack.blocks")
    with UserCode(tmp_path / "mine.py", (tmp_path,)) as code:
        assert load(tmp_path / "mine.py").blocks is not before
    assert len(code.digests) == 3
    assert sys.modules["pack"].blocks is before
    assert importlib.import_module("pack.blocks") is before
    for name in ("pack", "pack.blocks"):
        monkeypatch.delitem(sys.modules, name)


def test_what_is_no_source_has_a_digest_as_well(tmp_path):
    archive = tmp_path / "library.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("zipped.py", "WIDTH = 7")
    write(tmp_path, compiled="HEIGHT = 5")
    py_compile.compile(str(tmp_path / "compiled.py"), cfile=str(tmp_path / "compiled.pyc"))
    (tmp_path / "compiled.py").unlink()
    mine = (
        "import sys\nsys.path.insert(0, __file__.replace('mine.py', 'library.zip'))\n"
        "from zipped import WIDTH\nfrom compiled import HEIGHT"
    )
    width, found = imported(tmp_path, mine=mine)
    assert (width, found) == (7, digests(tmp_path, ["mine.py", "library.zip", "compiled.pyc"]))


def test_an_editor_cannot_get_between_what_is_digested_and_what_is_executed(tmp_path):
    """Nor what asks for a function's source, as `tf.function` does."""
    mine = (
        "from pathlib import Path\nPath(__file__).write_text('WIDTH = 2')\nWIDTH = 1\n"
        "def build():\n    return 'as executed'\n"
    )
    digest = hashlib.sha256(mine.encode()).hexdigest()
    found = imported(tmp_path, lambda m: (m.WIDTH, inspect.getsource(m.build)), mine=mine)
    assert found == (
        (1, "def build():\n    return 'as executed'\n"),
        {tmp_path / "mine.py": digest},
    )


def test_a_file_that_is_executed_twice_must_be_the_same(tmp_path):
    write(tmp_path, mine="import blocks", blocks="")
    with UserCode(tmp_path / "mine.py", (tmp_path,)):
        module = load(tmp_path / "mine.py")
        write(tmp_path, blocks="WIDTH = 2")
        with pytest.raises(InputError, match=r"blocks\.py: was changed while the study ran"):
            importlib.reload(module.blocks)


def test_a_file_is_told_of_before_it_is_executed(tmp_path):
    mark = tmp_path / "executed"
    write(tmp_path, mine="import blocks", blocks=f"open({str(mark)!r}, 'w')")
    told = []

    def meet(file, digest):
        told.append((file, digest))
        if file.name == "blocks.py":
            raise InputError("not that one")

    with (
        pytest.raises(InputError, match="not that one"),
        afresh(str(tmp_path / "mine.py"), str(tmp_path / "study.toml"), meet),
    ):
        load(tmp_path / "mine.py")
    assert told == list(digests(tmp_path, ["mine.py", "blocks.py"]).items())
    assert not mark.exists()
    assert "blocks" not in sys.modules


def test_an_architecture_that_is_not_the_users_is_left_alone(tmp_path):
    with afresh(None, str(tmp_path / "study.toml")) as code:
        assert code is None


@pytest.mark.parametrize("source", [None, "net/mine.py"], ids=["a shipped network", "ones own"])
def test_files_that_are_executed_with_it_may_lie_anywhere(tmp_path, source):
    files = ["one/first.py", "one/helper_of_first.py", "two/second.py"]
    write(
        tmp_path,
        **{"one/first": "from helper_of_first import WIDTH", "one/helper_of_first": "WIDTH = 7"},
        **{"two/second": "WIDTH = 8", "net/mine": "WIDTH = 9"},
    )
    (tmp_path / "study").mkdir()
    own = None if source is None else str(tmp_path / source)
    others = [str(tmp_path / file) for file in (files[0], files[2])]
    with afresh(own, str(tmp_path / "study" / "study.toml"), others=others) as code:
        widths = [load(tmp_path / file).WIDTH for file in (files[0], files[2])]
    assert widths == [7, 8]
    assert code.digests == digests(tmp_path, files)
