import gzip
import struct

import numpy as np
import pytest

from ablate.datasets import _files, fashion_mnist, mnist
from ablate.datasets._base import Places
from ablate.errors import InputError
from ablate.spec.data import DataShape

IDX = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}

pytestmark = pytest.mark.parametrize(
    "module", [mnist, fashion_mnist], ids=["mnist", "fashion_mnist"]
)


def name(module):
    return module.__name__.rpartition(".")[2]


def arrays(train=20, test=10):
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 256, (train, 28, 28), np.uint8),
        "y_train": np.arange(train, dtype=np.uint8) % 10,
        "x_test": rng.integers(0, 256, (test, 28, 28), np.uint8),
        "y_test": np.arange(test, dtype=np.uint8) % 10,
    }


def npz(folder, module, **changes):
    path = folder / f"{name(module)}.npz"
    np.savez_compressed(path, **arrays() | changes)
    return path


def idx(array):
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_idx(folder, spelling=lambda file: file, **changes):
    for key, array in (arrays() | changes).items():
        path = folder / spelling(IDX[key])
        content = idx(array) if isinstance(array, np.ndarray) else array
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def load(module, folder):
    return module.load(module.Options(), Places(home=folder))


def problem(module, folder):
    with pytest.raises(InputError) as caught:
        load(module, folder)
    return str(caught.value)


def check(images, module):
    expected = arrays()
    assert np.array_equal(images.x_train, expected["x_train"][..., None])
    assert np.array_equal(images.x_test, expected["x_test"][..., None])
    assert np.array_equal(images.y_train, expected["y_train"])
    assert np.array_equal(images.y_test, expected["y_test"])
    assert (images.x_train.dtype, images.y_train.dtype) == (np.uint8, np.int64)
    assert images.class_names == module.CLASS_NAMES
    assert len(images.class_names) == 10


def test_an_npz_file_is_read(module, tmp_path):
    npz(tmp_path, module)
    check(load(module, tmp_path), module)


@pytest.mark.parametrize(
    "spelling",
    [
        lambda file: file,
        lambda file: f"{file}.gz",
        lambda file: file.replace("-idx", ".idx"),
        lambda file: file.replace("-idx", ".idx") + ".gz",
    ],
    ids=["plain", "gzipped", "dotted", "dotted and gzipped"],
)
def test_idx_files_are_read_in_every_spelling(module, tmp_path, spelling):
    write_idx(tmp_path, spelling)
    check(load(module, tmp_path), module)


def test_the_npz_file_counts_more_than_idx_files(module, tmp_path):
    write_idx(tmp_path, x_train=b"broken")
    npz(tmp_path, module)
    check(load(module, tmp_path), module)


def test_the_source_names_the_files_and_changes_with_them(module, tmp_path):
    places = Places(home=tmp_path)
    path = npz(tmp_path, module)
    first = module.source(module.Options(), places)
    assert str(path) in first
    npz(tmp_path, module, y_train=arrays()["y_train"][::-1])
    assert module.source(module.Options(), places) != first


def test_without_a_folder_the_source_is_keras(module, tmp_path):
    expected = f"downloaded by keras.datasets.{name(module)}"
    assert module.source(module.Options(), Places()) == expected
    assert module.shape(module.Options(), Places()) == DataShape(60_000, 10_000, (28, 28, 1), 10)


def test_a_missing_folder_is_said(module, tmp_path):
    folder = tmp_path / "none"
    assert problem(module, folder) == f"{folder}: the folder for data files does not exist"
    for function in (module.source, module.shape):
        with pytest.raises(InputError, match="the folder for data files does not exist"):
            function(module.Options(), Places(home=folder))


def test_missing_files_are_named(module, tmp_path):
    file = "train-images-idx3-ubyte"
    expected = (
        f"the folder for data files holds neither {name(module)}.npz nor {file} (or {file}.gz)"
    )
    assert problem(module, tmp_path) == f"{tmp_path}: {expected}"
    write_idx(tmp_path)
    (tmp_path / IDX["y_test"]).unlink()
    file = "t10k-labels-idx1-ubyte"
    expected = (
        f"the folder for data files holds neither {name(module)}.npz nor {file} (or {file}.gz)"
    )
    assert problem(module, tmp_path) == f"{tmp_path}: {expected}"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"x_train": np.zeros((20, 27, 28), np.uint8)},
            ['x_train: must be uint8 images of shape (n, 28, 28), found "uint8 (20, 27, 28)"'],
        ),
        (
            {"x_test": np.zeros((10, 28, 28), np.float32)},
            ['x_test: must be uint8 images of shape (n, 28, 28), found "float32 (10, 28, 28)"'],
        ),
        (
            {"x_test": np.zeros((10, 784), np.uint8)},
            ['x_test: must be uint8 images of shape (n, 28, 28), found "uint8 (10, 784)"'],
        ),
        (
            {"y_train": np.zeros(19, np.uint8)},
            ['y_train: must hold one label for each of the 20 images, found "shape (19,)"'],
        ),
        (
            {"y_train": np.zeros((20, 10), np.uint8)},
            ['y_train: must hold one label for each of the 20 images, found "shape (20, 10)"'],
        ),
        (
            {"y_test": np.full(10, 10)},
            ['y_test: labels must lie between 0 and 9, found "10 to 10"'],
        ),
        (
            {"y_train": np.arange(20) - 11, "y_test": np.arange(10) + 1},
            [
                'y_train: labels must lie between 0 and 9, found "-11 to 8"',
                'y_test: labels must lie between 0 and 9, found "1 to 10"',
            ],
        ),
    ],
)
def test_wrong_arrays_are_said(module, tmp_path, changes, expected):
    path = npz(tmp_path, module, **changes)
    assert problem(module, tmp_path).splitlines() == [f"{path}: {line}" for line in expected]


def test_labels_that_are_no_whole_numbers_are_refused(module, tmp_path):
    npz(tmp_path, module, y_train=np.full(20, 0.5))
    assert "y_train" in problem(module, tmp_path)


def test_an_array_that_is_a_single_number_is_a_problem_and_no_crash(module, tmp_path):
    npz(tmp_path, module, x_train=np.uint8(3))
    assert "x_train" in problem(module, tmp_path)


def test_wrong_idx_shapes_name_the_folder(module, tmp_path):
    write_idx(tmp_path, x_train=np.zeros((20, 28, 27), np.uint8))
    assert problem(module, tmp_path) == (
        f"{tmp_path}: x_train: must be uint8 images of shape (n, 28, 28), "
        'found "uint8 (20, 28, 27)"'
    )


def test_a_missing_array_is_named_with_those_that_are_there(module, tmp_path):
    path = tmp_path / f"{name(module)}.npz"
    np.savez(path, x_train=arrays()["x_train"], images=np.zeros(1))
    assert problem(module, tmp_path) == (
        f"{path}: the file holds no array y_train, x_test, y_test; it holds: x_train, images"
    )


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "npy", "flipped"])
def test_a_damaged_npz_file_is_said(module, tmp_path, damage):
    path = npz(tmp_path, module)
    content = bytearray(path.read_bytes())
    if damage == "empty":
        content = b""
    elif damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "text":
        content = b"not found"
    elif damage == "npy":
        np.save(path.with_suffix(".npy"), np.zeros(3))
        content = path.with_suffix(".npy").read_bytes()
    else:
        for place in range(200, len(content) // 2, 7):
            content[place] ^= 0xFF
    path.write_bytes(content)
    found = problem(module, tmp_path)
    assert found.startswith(f"{path}: ")
    assert "the file cannot be read: " in found or "is not a .npz archive" in found


def test_pickled_objects_are_refused(module, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("unpickled",))

    path = npz(tmp_path, module, y_train=np.array([Bomb()] * 20, dtype=object))
    assert problem(module, tmp_path).startswith(f"{path}: y_train: holds Python objects, ")


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\x08",
        b"\0\0\x08\x01\0\0\0\x09abc",
        idx(np.zeros(20, np.uint8)) + b"x",
        b"\0\0\x0d\x01" + b"\0\0\0\x02" + b"\0" * 8,
        b"\1\0\x08\x01\0\0\0\x01a",
        b"<html>",
    ],
)
def test_a_damaged_idx_file_is_said(module, tmp_path, suffix, content):
    write_idx(tmp_path, lambda file: file + suffix, y_train=content)
    found = problem(module, tmp_path)
    assert found.startswith(f"{tmp_path / IDX['y_train']}{suffix}: ")


@pytest.mark.parametrize("damage", ["cut", "flipped", "plain"])
def test_a_damaged_gzip_file_is_said(module, tmp_path, damage):
    write_idx(tmp_path, lambda file: f"{file}.gz")
    path = tmp_path / f"{IDX['x_train']}.gz"
    content = bytearray(path.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "plain":
        content = idx(arrays()["x_train"])
    else:
        content = content[:10] + bytes(byte ^ 0xFF for byte in content[10:])
    path.write_bytes(content)
    assert problem(module, tmp_path).startswith(f"{path}: the file cannot be read: ")


def test_a_download_that_fails_says_how_to_go_without(module, monkeypatch):
    import keras

    def offline(*_):
        raise OSError("URL fetch failure\nsecond line")

    monkeypatch.setattr(getattr(keras.datasets, name(module)), "load_data", offline)
    with pytest.raises(InputError) as caught:
        _files.download(name(module))
    assert str(caught.value) == (
        f"keras.datasets.{name(module)}: the download of {name(module)} failed: URL fetch failure; "
        "name a folder that holds its files: ABLATE_DATA_HOME=folder, or data.home"
    )


def test_a_failure_without_words_is_still_said(module, monkeypatch):
    import keras

    def silent(*_):
        raise TimeoutError

    monkeypatch.setattr(getattr(keras.datasets, name(module)), "load_data", silent)
    with pytest.raises(InputError, match=f"the download of {name(module)} failed"):
        _files.download(name(module))
