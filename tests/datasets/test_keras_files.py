"""Keras's own data sets, from files as Keras downloads them: stand-ins of the same format."""

from __future__ import annotations

import importlib
import inspect
import io
import os
import pickle
import tarfile

import numpy as np
import pytest

from ablate.datasets import california_housing, cifar10, cifar100, imdb, reuters
from ablate.datasets._base import Places
from ablate.datasets._pickled import PickledError, pickled_array, read_pickled
from ablate.errors import InputError
from ablate.spec.data import DataShape

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (12, 3072), np.uint8)
NAMES = [f"kind {number}".encode() for number in range(10)]


def ragged(texts):
    array = np.empty(len(texts), object)
    array[:] = texts
    return array


def cifar10_files():
    """As they are in the archive: pickled, with keys of bytes."""
    files = {"batches.meta": {b"label_names": NAMES}}
    for number in range(5):
        held = {b"data": IMAGES[2 * number : 2 * number + 2], b"labels": [number, number + 5]}
        files[f"data_batch_{number + 1}"] = held
    files["test_batch"] = {b"data": IMAGES[10:], b"labels": [3, 4]}
    return files


def cifar100_files():
    names = {b"fine_label_names": [b"f%d" % n for n in range(100)]}
    names |= {b"coarse_label_names": [b"c%d" % n for n in range(20)]}
    part = {b"data": IMAGES[:4], b"fine_labels": [0, 99, 3, 4], b"coarse_labels": [0, 19, 1, 1]}
    return {"meta": names, "train": part, "test": part | {b"data": IMAGES[4:8]}}


def write_archive(path, folder, files, protocol=2):
    with tarfile.open(path, "w:gz") as archive:
        for name, held in files.items():
            content = held if isinstance(held, bytes) else pickle.dumps(held, protocol=protocol)
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def load(module, folder, **options):
    return module.load(module.Options(**options), Places(home=folder))


def problem(module, folder, **options):
    with pytest.raises(InputError) as caught:
        load(module, folder, **options)
    return str(caught.value)


@pytest.mark.parametrize("protocol", [2, 4])
def test_cifar10_is_read_from_its_archive(tmp_path, protocol):
    write_archive(tmp_path / "cifar-10-python.tar.gz", cifar10.FOLDER, cifar10_files(), protocol)
    found = load(cifar10, tmp_path)
    assert found.x_train.shape == (10, 32, 32, 3)
    assert np.array_equal(found.x_train[3, 5, 7], IMAGES[3].reshape(3, 32, 32)[:, 5, 7])
    assert found.y_train.tolist() == [0, 5, 1, 6, 2, 7, 3, 8, 4, 9]
    assert (found.x_train.dtype, found.y_train.dtype) == (np.uint8, np.int64)
    assert (found.y_test.tolist(), found.x_test.shape) == ([3, 4], (2, 32, 32, 3))
    assert found.class_names[:2] == ("kind 0", "kind 1")


@pytest.mark.parametrize("place", ["", "cifar-10-batches-py-target/"], ids=["unpacked", "Keras's"])
def test_cifar10_is_read_from_the_unpacked_folder(tmp_path, place):
    folder = tmp_path / f"{place}cifar-10-batches-py"
    folder.mkdir(parents=True)
    for name, held in cifar10_files().items():
        (folder / name).write_bytes(pickle.dumps(held, protocol=2))
    assert load(cifar10, tmp_path).y_test.tolist() == [3, 4]
    before = cifar10.source(cifar10.Options(), Places(home=tmp_path))
    os.utime(folder / "test_batch", (1, 1))
    assert cifar10.source(cifar10.Options(), Places(home=tmp_path)) != before


@pytest.mark.parametrize(
    ("labels", "expected", "classes"), [("fine", [0, 99, 3, 4], 100), ("coarse", [0, 19, 1, 1], 20)]
)
def test_cifar100_has_two_labels(tmp_path, labels, expected, classes):
    write_archive(tmp_path / "cifar-100-python.tar.gz", cifar100.FOLDER, cifar100_files())
    found = load(cifar100, tmp_path, labels=labels)
    assert (found.y_train.tolist(), len(found.class_names)) == (expected, classes)
    assert found.class_names[0] == f"{labels[0]}0"
    told = cifar100.shape(cifar100.Options(labels=labels), Places(home=tmp_path))
    assert told == DataShape(train=50_000, test=10_000, example=(32, 32, 3), classes=classes)


class Harm:
    """A pickle that would call a function."""

    def __reduce__(self):
        return os.mkdir, ("harmed",)


def test_nothing_that_a_file_names_is_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "cifar-10-python.tar.gz"
    write_archive(path, cifar10.FOLDER, cifar10_files() | {"test_batch": {b"data": Harm()}})
    assert problem(cifar10, tmp_path) == (
        f"{path}: cannot be read: it asks for posix.mkdir, which no array needs"
    )
    np.savez(tmp_path / "imdb.npz", x_train=ragged([Harm()]), y_train=[0], x_test=[[1]], y_test=[0])
    assert problem(imdb, tmp_path) == (
        f"{tmp_path / 'imdb.npz'}: the file cannot be read: it asks for posix.mkdir, "
        "which no array needs"
    )
    assert not (tmp_path / "harmed").exists()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"test_batch": b"no pickle"}, "{path}: cannot be read: the pickled data cannot be read: "),
        ({"test_batch": [1, 2]}, "{path}: cannot be read: it holds no dictionary"),
        (
            {"test_batch": {b"data": IMAGES[:2], b"labels": [3, 10]}},
            "{path}: test_batch: must hold data, uint8 (n, 3072), and labels from 0 to 9",
        ),
        (
            {"data_batch_2": {b"data": IMAGES[:2, :99], b"labels": [3, 1]}},
            "{path}: data_batch_2: must hold data, uint8 (n, 3072), and labels from 0 to 9",
        ),
    ],
    ids=["damaged", "a list", "a label too high", "other images"],
)
def test_a_damaged_archive_is_said(tmp_path, change, expected):
    path = tmp_path / "cifar-10-python.tar.gz"
    write_archive(path, cifar10.FOLDER, cifar10_files() | change)
    assert problem(cifar10, tmp_path).startswith(expected.format(path=path))


def test_an_archive_that_lacks_a_file_or_is_none_is_said(tmp_path):
    path = tmp_path / "cifar-10-python.tar.gz"
    files = cifar10_files()
    del files["data_batch_3"]
    write_archive(path, cifar10.FOLDER, files)
    assert "data_batch_3' not found" in problem(cifar10, tmp_path)
    path.write_bytes(b"no archive")
    assert problem(cifar10, tmp_path).startswith(f"{path}: cannot be read: ")


def test_a_folder_without_the_files_is_said(tmp_path):
    assert problem(cifar10, tmp_path) == (
        f"{tmp_path}: the folder for data files holds neither cifar-10-python.tar.gz nor a folder "
        "cifar-10-batches-py"
    )
    assert problem(imdb, tmp_path) == f"{tmp_path}: the folder for data files holds no imdb.npz"
    assert problem(reuters, tmp_path / "no") == (
        f"{tmp_path / 'no'}: the folder for data files does not exist"
    )


def write_imdb(folder, **changes):
    texts = ragged([[1, 14, 9000], [5], list(range(4, 14))])
    held = {"x_train": texts, "y_train": np.array([1, 0, 1]), "x_test": texts[:2]}
    np.savez(folder / "imdb.npz", **held | {"y_test": np.array([0, 1])} | changes)


def test_reviews_are_rows_of_word_ids(tmp_path):
    write_imdb(tmp_path)
    found = load(imdb, tmp_path, num_words=1000, length=5)
    assert found.x_train.tolist() == [[0, 1, 4, 17, 2], [0, 0, 0, 1, 8], [12, 13, 14, 15, 16]]
    assert found.x_train.dtype == np.int32
    assert (found.y_train.tolist(), found.y_test.tolist()) == ([1, 0, 1], [0, 1])
    assert found.class_names == ("negative", "positive")


def loader(monkeypatch, name, path):
    """Keras's own, which finds the stand-in where it would look for its download."""
    module = importlib.import_module(f"keras.src.datasets.{name}")
    monkeypatch.setattr(module, "get_file", lambda *_, **__: str(path))
    return module


def test_keras_reads_the_same(tmp_path, monkeypatch):
    write_imdb(tmp_path)
    keras_imdb = loader(monkeypatch, "imdb", tmp_path / "imdb.npz")
    (texts, y), _ = keras_imdb.load_data(num_words=1000)
    found = load(imdb, tmp_path, num_words=1000, length=11)
    rows = {
        tuple(row[row > 0].tolist()): label
        for row, label in zip(found.x_train, found.y_train, strict=True)
    }
    assert rows == dict(zip(map(tuple, texts), y, strict=True))

    np.savez(tmp_path / "reuters.npz", x=ragged([[n, n] for n in range(20)]), y=np.arange(20))
    keras_reuters = loader(monkeypatch, "reuters", tmp_path / "reuters.npz")
    _, (texts, y) = keras_reuters.load_data(num_words=12)
    found = load(reuters, tmp_path, num_words=12, length=3)
    assert (found.x_test.tolist(), found.y_test.tolist()) == ([*map(list, texts)], y.tolist())
    assert keras_reuters.get_label_names() == reuters.CLASS_NAMES

    x, y = RNG.random((700, 8)), np.arange(700.0)
    np.savez(tmp_path / "california_housing.npz", x=x, y=y)
    houses = loader(monkeypatch, "california_housing", tmp_path / "california_housing.npz")
    for version in ("large", "small"):
        (_, y_train), (x_test, _) = houses.load_data(version)
        found = load(california_housing, tmp_path, version=version)
        assert np.array_equal(found.y_train[:, 0], y_train)
        assert np.array_equal(found.x_test, x_test)

    write_archive(tmp_path / "cifar-100-python.tar.gz", cifar100.FOLDER, cifar100_files(), 4)
    with tarfile.open(tmp_path / "cifar-100-python.tar.gz") as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    keras_images = loader(monkeypatch, "cifar100", tmp_path / "unpacked")
    (x_train, y_train), _ = keras_images.load_data(label_mode="coarse")
    found = load(cifar100, tmp_path, labels="coarse")
    assert np.array_equal(found.x_train, x_train)
    assert np.array_equal(found.y_train, y_train[:, 0])


@pytest.mark.parametrize("module", [cifar10, cifar100, imdb, reuters, california_housing])
def test_keras_is_asked_for_its_own_file(module, monkeypatch, tmp_path):
    import keras

    asked = {}

    def get_file(**told):
        asked.update(told)
        raise OSError("no network\nof any kind")

    monkeypatch.setattr(keras.utils, "get_file", get_file)
    with pytest.raises(InputError) as caught:
        module.load(module.Options(), Places())
    name = module.FILE.name
    assert str(caught.value) == (
        f"{module.FILE.origin}{name}: the download of {name} failed: no network; name a folder that "
        "holds it: ABLATE_DATA_HOME=folder, or data.home"
    )
    own = module.__name__.rpartition(".")[2]
    written = inspect.getsource(importlib.import_module(f"keras.src.datasets.{own}"))
    assert asked["file_hash"] in written
    assert f'"{asked["fname"]}"' in written
    assert asked["extract"] == ("extract=True" in written)


def test_newswires_are_split_as_keras_splits_them(tmp_path):
    texts = ragged([[number] for number in range(20)])
    np.savez(tmp_path / "reuters.npz", x=texts, y=np.arange(20))
    found = load(reuters, tmp_path, length=2)
    assert (len(found.x_train), len(found.x_test), len(found.class_names)) == (16, 4, 46)
    order = np.arange(20)
    np.random.RandomState(113).shuffle(order)
    assert found.y_train.tolist() == order[:16].tolist()
    assert found.x_test.tolist() == [[1, number + 3] for number in order[16:]]
    assert reuters.shape(reuters.Options(length=2), Places(home=tmp_path)) == DataShape(
        train=8982, test=2246, example=(2,), classes=46
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"x_test": ragged([["no"], [1]])}, "x_test: must hold lists of whole numbers"),
        (
            {"y_test": np.array([0, 2])},
            "y_test: must hold a whole number from 0 to 1 for each of the 2",
        ),
        (
            {"y_test": np.array([0])},
            "y_test: must hold a whole number from 0 to 1 for each of the 2",
        ),
    ],
    ids=["texts", "another label", "too few labels"],
)
def test_wrong_reviews_are_said(tmp_path, changes, expected):
    write_imdb(tmp_path, **changes)
    assert expected in problem(imdb, tmp_path)


def test_houses_are_a_regression(tmp_path):
    x, y = RNG.random((700, 8)).astype(np.float32), np.arange(700.0)
    np.savez(tmp_path / "california_housing.npz", x=x, y=y)
    found = load(california_housing, tmp_path, version="small")
    assert (found.x_train.shape, found.y_test.shape) == ((480, 8), (120, 1))
    assert sorted(np.concatenate([found.y_train, found.y_test])[:, 0]) == list(range(600))
    assert np.allclose(found.x_train[0], x[int(found.y_train[0, 0])])
    assert found.fitted.scaled == (True,) * 8
    options = california_housing.Options()
    assert california_housing.shape(options, Places(home=tmp_path)) == DataShape(
        train=16512, test=4128, example=(8,), classes=1
    )
    np.savez(tmp_path / "california_housing.npz", x=x[:, :7], y=y)
    assert problem(california_housing, tmp_path).endswith(
        'must hold x, numbers (n, 8), and y, numbers (n,), found "(700, 7) and (700,)"'
    )


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("dtype", ["u1", "<i4", ">i8", "f4", "f8", "?"])
def test_arrays_are_read_in_every_protocol_up_to_four(protocol, dtype):
    array = np.asfortranarray(RNG.integers(0, 2, (3, 4)).astype(dtype))
    content = pickle.dumps(array, protocol=protocol)
    if protocol == 5:
        with pytest.raises(PickledError, match="_frombuffer"):
            read_pickled(content)
        return
    found = pickled_array(read_pickled(content))
    assert found.dtype == array.dtype
    assert np.array_equal(found, array)


@pytest.mark.parametrize("value", [3, [1, 2], {"a": 1}, "text", np.array(["text"])])
def test_what_is_no_array_of_numbers_is_refused(value):
    with pytest.raises(PickledError, match="it holds no array of numbers or lists"):
        pickled_array(read_pickled(pickle.dumps(value, protocol=2)))


@pytest.mark.parametrize("module", [cifar10, cifar100, imdb, reuters, california_housing])
def test_without_a_folder_keras_downloads(module):
    source = module.source(module.Options(), Places())
    assert source.startswith("downloaded by Keras from https://")
