"""A user's images in a folder of ``.npy`` files, which are used where they lie."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from ablate.data import prepared as data
from ablate.data import split
from ablate.data.card import data_card
from ablate.data.in_place import InPlace
from ablate.datasets._base import Places
from ablate.datasets._labels import KINDS, TO_CLASSES
from ablate.datasets.npz import Options, load, shape, source
from ablate.errors import InputError
from ablate.spec.data import DataSettings, DataShape

Y_TRAIN, Y_TEST = np.array([0, 1, 2, 0, 1, 2]), np.array([2, 1, 0])
IMAGES = (np.arange(9 * 4 * 5) % 251).reshape(9, 4, 5).astype(np.uint8)


def write(folder, dtype=np.uint8, **changes):
    """The folder ``mine`` of four arrays; a change to None leaves one out."""
    images = IMAGES.astype(dtype)
    arrays = {"x_train": images[:6], "y_train": Y_TRAIN, "x_test": images[6:], "y_test": Y_TEST}
    path = folder / "mine"
    path.mkdir(exist_ok=True)
    for name, array in (arrays | changes).items():
        if array is not None:
            np.save(path / f"{name}.npy", array)
    return path


def asked(folder, file="mine", **table):
    return DataSettings(dataset="npz", folder=str(folder), options={"file": file}, **table)


def said(folder, function=load, **options):
    """What is wrong with a folder, a line for each problem, without where the folder is."""
    with pytest.raises(InputError) as caught:
        function(Options.model_validate({"file": "mine", **options}), Places(folder=folder))
    return str(caught.value).replace(str(folder / "mine"), "mine").splitlines()


# Reading


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32, np.float64])
def test_images_are_mapped_as_they_are(tmp_path, dtype):
    write(tmp_path, dtype)
    options, places = Options(file="mine"), Places(folder=tmp_path)
    loaded = load(options, places)
    assert shape(options, places) == DataShape(6, 3, (4, 5, 1), 3)
    assert isinstance(loaded.x_train, np.memmap)
    assert loaded.x_train.dtype == dtype
    assert np.array_equal(loaded.x_train[..., 0], IMAGES[:6].astype(dtype))
    assert np.array_equal(loaded.y_train, Y_TRAIN)


def test_arrays_may_have_other_names_and_be_flattened(tmp_path):
    folder = write(tmp_path, x_train=None, x_test=IMAGES[6:].reshape(3, 20))
    np.save(folder / "images.npy", IMAGES[:6].reshape(6, 20))
    options = Options(file="mine", x_train="images", image_shape=(4, 5))
    loaded = load(options, Places(folder=tmp_path))
    assert np.array_equal(loaded.x_train[..., 0], IMAGES[:6])
    assert shape(options, Places(folder=tmp_path)).example == (4, 5, 1)


def test_one_hot_labels_and_class_names_are_as_in_an_archive(tmp_path):
    write(tmp_path, y_train=np.eye(3)[Y_TRAIN], y_test=np.eye(3)[Y_TEST])
    options = Options(file="mine", class_names=("cat", "dog", "owl"))
    loaded = load(options, Places(folder=tmp_path))
    assert (loaded.y_test.tolist(), loaded.class_names) == ([2, 1, 0], ("cat", "dog", "owl"))


@pytest.mark.parametrize("function", [source, shape, load])
def test_all_missing_files_are_named(tmp_path, function):
    write(tmp_path, x_test=None, y_train=None)
    assert said(tmp_path, function) == [
        "mine: the folder holds no x_test.npy, y_train.npy; it holds: x_train.npy, y_test.npy"
    ]


def test_a_folder_of_many_other_files_is_not_listed_whole(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    assert said(tmp_path) == [
        "mine: the folder holds no x_train.npy, x_test.npy, y_train.npy, y_test.npy"
    ]
    for number in range(20):
        np.save(folder / f"{number:02}.npy", IMAGES[0])
    (line,) = said(tmp_path)
    assert line.endswith(
        "it holds: 00.npy, 01.npy, 02.npy, 03.npy, 04.npy, 05.npy, 06.npy, 07.npy, ..."
    )


@pytest.mark.parametrize("function", [shape, load])
def test_all_files_that_cannot_be_used_are_said_at_once(tmp_path, function):
    folder = write(tmp_path, x_test=np.asfortranarray(IMAGES[6:]))
    np.save(folder / "x_train.npy", np.array([{}] * 6, object), allow_pickle=True)
    (folder / "y_train.npy").write_bytes(b"0, 1, 2")
    whole = (folder / "y_test.npy").read_bytes()
    (folder / "y_test.npy").write_bytes(whole[:-1])
    lines = said(tmp_path, function)
    assert lines[0] == (
        "mine/x_train.npy: the file cannot be read: "
        "Array can't be memory-mapped: Python objects in dtype."
    )
    assert lines[1] == (
        'mine/x_test.npy: images must lie one after the other, found "Fortran order"; '
        "write them again: numpy.save(file, numpy.ascontiguousarray(images))"
    )
    assert lines[2] == "mine/y_train.npy: is not a .npy file; numpy.save writes one"
    assert lines[3].startswith("mine/y_test.npy: the file cannot be read: Failed to read all data")
    assert len(lines) == 4


@pytest.mark.parametrize("function", [shape, load])
def test_images_that_are_cut_are_said(tmp_path, function):
    file = write(tmp_path) / "x_train.npy"
    file.write_bytes(file.read_bytes()[:-1])
    assert said(tmp_path, function) == [
        "mine/x_train.npy: the file cannot be read: mmap length is greater than file size"
    ]


def test_all_arrays_that_are_wrong_are_said_at_once(tmp_path):
    broken = IMAGES[:6].astype(float)
    broken[5, 3, 4] = np.inf
    write(tmp_path, x_train=broken, x_test=IMAGES[6:].astype(np.int64), y_test=Y_TEST / 2)
    assert said(tmp_path) == [
        'mine: x_train: images must not hold NaN or infinity, found "float64 (6, 4, 5)"',
        'mine: x_test: images must be uint8 or float, found "int64 (3, 4, 5)"; save pixels from 0 to '
        "255 with x_test.astype(numpy.uint8); for other whole numbers set input_shape = [4, 5]",
        f'mine: y_test: {KINDS}, found "0.5 (float64)"; {TO_CLASSES}',
    ]


def test_values_too_large_for_float32_are_said(tmp_path):
    write(tmp_path, x_test=np.full((3, 4, 5), 1e39))
    assert said(tmp_path) == [
        'mine: x_test: images must not hold NaN or infinity, found "float64 (3, 4, 5)"'
    ]


def test_labels_that_do_not_fit_are_said(tmp_path):
    write(tmp_path, y_train=Y_TRAIN[:5])
    assert said(tmp_path) == [
        'mine: y_train: must hold one label for each of the 6 images, found "5 labels"'
    ]


# Preparing


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_the_digest_is_that_of_the_same_arrays_in_an_archive(tmp_path, dtype):
    folder = write(tmp_path, dtype)
    np.savez(tmp_path / "a.npz", **{path.stem: np.load(path) for path in folder.iterdir()})
    digests = {
        data.prepare(asked(tmp_path, file), tmp_path / "cache").digest for file in ("mine", "a.npz")
    }
    assert len(digests) == 1


def test_images_are_read_where_they_lie_and_labels_are_kept(tmp_path):
    folder = write(tmp_path, np.float64)
    prepared = data.prepare(asked(tmp_path), tmp_path / "cache")
    assert data.find_prepared(asked(tmp_path), tmp_path / "cache") == prepared
    assert sorted(path.name for path in prepared.folder.iterdir()) == [
        "data.json",
        "y_test.npy",
        "y_train.npy",
    ]
    images = prepared.array("x_test")
    assert isinstance(images, np.memmap)
    assert images.filename == str(folder / "x_test.npy")
    assert np.array_equal(images[..., 0], IMAGES[6:])
    with pytest.raises(ValueError, match="read-only"):
        images[0] = 0


def test_batches_of_floats_are_float32(tmp_path):
    write(tmp_path, np.float64)
    settings = asked(tmp_path, validation=0.5)
    found = split.training_split(data.prepare(settings, tmp_path / "cache"), settings, 0)
    batch = found.x_train[np.array([1, 0])]
    assert batch.dtype == np.float32
    assert np.array_equal(batch[..., 0], IMAGES[found.x_train.rows[[1, 0]]])


def test_a_part_of_a_file_is_copied(tmp_path):
    images = np.load(write(tmp_path) / "x_train.npy", mmap_mode="r")
    assert InPlace.of(images) is not None
    assert InPlace.of(images.reshape(6, 20)) is not None
    for other in (images[:3], images[3:], images[::-1], images[..., :2], images.T, images + 1):
        assert InPlace.of(other) is None
    changeable = np.load(tmp_path / "mine" / "x_train.npy", mmap_mode="c")
    assert InPlace.of(changeable) is None, "memory may differ from the file"


def test_a_folder_whose_files_change_is_prepared_anew(tmp_path):
    folder = write(tmp_path)
    first = data.prepare(asked(tmp_path), tmp_path / "cache")
    write(tmp_path, x_train=IMAGES[3:])
    os.utime(folder / "x_train.npy", ns=(0, 0))
    second = data.prepare(asked(tmp_path), tmp_path / "cache")
    assert first.digest != second.digest
    assert np.array_equal(second.array("x_train")[..., 0], IMAGES[3:])
    rule = "was changed since the data set was prepared; the examples are read from it"
    with pytest.raises(InputError) as caught:
        first.array("x_train")
    assert str(caught.value).startswith(f"{folder / 'x_train.npy'}: {rule}; ")


def test_a_file_that_is_gone_is_named(tmp_path):
    folder = write(tmp_path)
    prepared = data.prepare(asked(tmp_path), tmp_path / "cache")
    (folder / "x_test.npy").unlink()
    assert len(prepared.array("x_train")) == 6
    with pytest.raises(InputError) as caught:
        prepared.array("x_test")
    assert str(caught.value) == (
        f"{folder / 'x_test.npy'}: is gone; the examples are read from it, there is no copy; "
        "put it back and run again"
    )
    with pytest.raises(InputError, match=r"the folder holds no x_test\.npy"):
        data.find_prepared(asked(tmp_path), tmp_path / "cache")


def test_a_folder_that_was_moved_is_prepared_at_its_new_place(tmp_path):
    (tmp_path / "old").mkdir()
    write(tmp_path / "old")
    first = data.prepare(asked(tmp_path / "old"), tmp_path / "cache")
    (tmp_path / "old").rename(tmp_path / "new")
    second = data.prepare(asked(tmp_path / "new"), tmp_path / "cache")
    assert second.digest == first.digest
    assert np.array_equal(second.array("x_train")[..., 0], IMAGES[:6])


def test_what_an_earlier_version_prepared_is_read(tmp_path):
    """Every array was copied then, and ``data.json`` said nothing of where they lie."""
    np.savez(tmp_path / "a.npz", x_train=IMAGES, y_train=Y_TRAIN.repeat(2)[:9], x_test=IMAGES[:3],
             y_test=Y_TEST)  # fmt: skip
    settings = asked(tmp_path, "a.npz")
    prepared = data.prepare(settings, tmp_path / "cache")
    about = json.loads((prepared.folder / "data.json").read_text())
    assert about.pop("in_place") == {}
    assert set(about) == {"digest", "source", "class_names", "class_counts"}
    (prepared.folder / "data.json").write_text(json.dumps(about))
    assert data.find_prepared(settings, tmp_path / "cache") == prepared
    assert np.array_equal(prepared.array("x_train")[..., 0], IMAGES)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_a_card_of_images_in_place_is_that_of_an_archive(tmp_path, dtype):
    nearly = (IMAGES[:3] * (1 if dtype == np.uint8 else 1 + 1e-12)).astype(dtype)
    folder = write(tmp_path, dtype, x_test=nearly)
    np.savez(tmp_path / "a.npz", **{path.stem: np.load(path) for path in folder.iterdir()})
    cards = []
    for file in ("mine", "a.npz"):
        settings = asked(tmp_path, file)
        card = data_card(data.prepare(settings, tmp_path / "cache"), settings).as_dict()
        cards.append({**card, "source": "", "digest": ""})
    assert cards[0] == cards[1]
    assert cards[0]["leaked"] == 3, "what is equal in float32 is a copy"


MEASURED = """
import sys, threading
from pathlib import Path
import numpy as np, psutil
from ablate.data.prepared import prepare
from ablate.workers.executors.memory import held_memory
from ablate.spec.data import DataSettings

folder = Path(sys.argv[1])
def settings(name):
    return DataSettings(dataset="npz", folder=str(folder), options={"file": name})
prepare(settings("few"), folder / "cache")  # imports what is needed
process, most, is_over = psutil.Process(), [], threading.Event()
def watch():
    while not is_over.wait(0.005):
        most.append(held_memory(process))
before = held_memory(process)
watching = threading.Thread(target=watch)
watching.start()
prepared = prepare(settings("many"), folder / "cache")
is_over.set()
watching.join()
print(max(most) - before, sum(path.stat().st_size for path in prepared.folder.iterdir()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells mapped pages apart")
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_memory_and_disk_do_not_grow_with_the_images(tmp_path, dtype):
    for name, count in (("few", 4), ("many", 2**28 // 2**16 // np.dtype(dtype).itemsize)):
        labels = np.arange(count) % 2
        folder = tmp_path / name
        folder.mkdir()
        # A sparse file: 256 MiB that take no room.
        np.lib.format.open_memmap(folder / "x_train.npy", "w+", dtype, (count, 256, 256))
        np.save(folder / "y_train.npy", labels)
        np.save(folder / "x_test.npy", np.zeros((2, 256, 256), dtype))
        np.save(folder / "y_test.npy", labels[:2])
    process = subprocess.run(
        [sys.executable, "-c", MEASURED, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert process.returncode == 0, process.stderr
    grown, written = map(int, process.stdout.split())
    assert grown < 32 * 2**20
    assert written < 2**20
