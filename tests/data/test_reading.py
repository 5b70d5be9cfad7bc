"""What is read of a data set, and what is said to look wrong."""

from __future__ import annotations

import numpy as np
import pytest

from ablate.config import load_data_settings
from ablate.data.prepared import find_prepared, prepare
from ablate.data.reading import read_data
from ablate.data.split import training_split
from ablate.errors import InputError
from ablate.spec.data import DataSettings


def pictures(count, *image, dtype=np.uint8):
    """Ramps from dark to light, as smooth as pictures are."""
    ramp = np.linspace(0, 255, int(np.prod(image))).reshape(image)
    return np.broadcast_to(ramp, (count, *image)).astype(dtype)


def kept(folder, y_train, x_train=None, **options):
    images = pictures(len(y_train), 16, 16) if x_train is None else x_train
    np.savez(folder / "a.npz", x_train=images, y_train=y_train, x_test=images, y_test=y_train)
    found = load_data_settings("npz", {"file": "a.npz", "validation": 0.5, **options}, {})
    return found.model_copy(update={"folder": str(folder)})


def warnings(folder, y_train, x_train=None):
    found = read_data(kept(folder, y_train, x_train))
    assert found is not None
    return found.warnings


EVEN = np.arange(80) % 4


def test_shape_kind_range_and_classes_are_told(tmp_path):
    names = np.array(["cat", "dog", "owl"])
    found = read_data(kept(tmp_path, names[[0, 1, 2, 0, 1, 0, 2, 0]]))
    assert (found.example, found.kind, found.values) == ((16, 16, 1), "uint8", (0.0, 1.0))
    assert found.classes == {"cat": (4, 4), "dog": (2, 2), "owl": (2, 2)}
    assert found.warnings == ()


def test_only_what_is_drawn_is_counted(tmp_path):
    found = read_data(kept(tmp_path, EVEN, per_class=7))
    assert found.classes == dict.fromkeys("0123", (7, 20))


def test_what_is_prepared_reads_the_same(tmp_path):
    asked = kept(tmp_path, EVEN)
    first = read_data(asked, tmp_path / "cache")
    assert find_prepared(asked, tmp_path / "cache") is None, "nothing is kept"
    prepared = prepare(asked, tmp_path / "cache")
    assert read_data(asked, tmp_path / "cache") == first
    assert first.digest == prepared.digest


def test_a_file_that_was_written_again_is_read_again(tmp_path):
    assert len(read_data(kept(tmp_path, EVEN)).classes) == 4
    assert len(read_data(kept(tmp_path, np.arange(90) % 5)).classes) == 5


def test_what_would_be_downloaded_is_not_read(tmp_path):
    assert read_data(DataSettings(dataset="mnist")) is None


def test_measurements_taken_for_classes_are_doubted(tmp_path):
    targets = np.repeat(np.arange(62) * 3 - 7, 2)
    assert warnings(tmp_path, targets) == (
        "the labels are 62 different whole numbers for 124 images, each taken for a class of its "
        'own: if they are measurements, set task = "regression" under [study]',
    )


def test_measurements_that_cannot_be_split_are_doubted_first(tmp_path):
    with pytest.raises(InputError) as caught:
        read_data(kept(tmp_path, np.arange(62) * 3))
    assert str(caught.value) == (
        "npz: data.validation: of each class one example is trained on and one validated, but there is "
        "only 1 training example of: 0, 3, 6, 9, 12, 15, 18, 21, ...; the labels are 62 different whole "
        "numbers for 62 images, each taken for a class of its own: if they are measurements, set task = "
        '"regression" under [study]'
    )


@pytest.mark.parametrize(
    "labels",
    [np.repeat(np.arange(62), 10), np.array([f"c{i}" for i in range(62)] * 2), np.arange(40) % 20],
    ids=["enough images", "names", "few classes"],
)
def test_classes_are_not_doubted(tmp_path, labels):
    assert warnings(tmp_path, labels) == ()


@pytest.mark.parametrize("image", [(3, 28, 28), (1, 28, 28), (4, 12, 9)])
def test_channels_first_are_doubted(tmp_path, image):
    height, width, channels = image
    assert warnings(tmp_path, EVEN, pictures(80, *image)) == (
        f"an image is taken for {height} pixels high and {width} wide, with {channels} channels: if "
        "its channels come first, write it as numpy.moveaxis(images, 1, -1)",
    )


@pytest.mark.parametrize("image", [(28, 28, 3), (28, 28, 1), (1, 28, 1), (28, 28)])
def test_channels_last_are_not_doubted(tmp_path, image):
    assert warnings(tmp_path, EVEN, pictures(80, *image)) == ()


def test_floats_from_0_to_255_are_doubted(tmp_path):
    told = "pixels reach from 0 to 255; networks expect about 0 to 1"
    remedy = "floats are taken as they are, so divide them by 255, or store them as uint8"
    found = warnings(tmp_path, EVEN, pictures(80, 16, 16, dtype=np.float32))
    assert found == (f"{told}: {remedy}",)


def test_bytes_that_are_no_pixels_are_doubted(tmp_path):
    tokens = np.random.default_rng(0).integers(0, 200, (80, 1, 40)).astype(np.uint8)
    assert warnings(tmp_path, EVEN, tokens) == (
        "the uint8 values are divided by 255 as pixels are, but neighbours are no more alike than "
        "any two: if they are token ids or codes, store them as floats, as the network is to get "
        "them",
    )
    assert warnings(tmp_path, EVEN, tokens % 17) == (
        "the uint8 values reach only to 16, and are divided by 255: store what is not from 0 to 255 "
        "as floats from 0 to 1",
    )


@pytest.mark.parametrize("dataset", ["digits", "line"])
def test_what_is_right_is_not_doubted(dataset):
    assert read_data(load_data_settings(dataset, {}, {})).warnings == ()


@pytest.mark.parametrize(
    ("y_train", "x_train", "options"),
    [
        (EVEN, pictures(80, 16, 16, dtype=np.int64), {}),
        (EVEN, pictures(80, 16, 16, dtype=np.uint16), {}),
        (np.array([0, 1] * 4 + [2]), None, {}),
        (EVEN, None, {"validation": 0.02}),
        (EVEN, None, {"validation": 0.99}),
        (EVEN, None, {"per_class": 30}),
        (EVEN, None, {"per_class": 1}),
    ],
    ids=["int64", "uint16", "one image", "small share", "large share", "too many", "one each"],
)
def test_what_is_read_is_refused_as_a_run_refuses_it(tmp_path, y_train, x_train, options):
    asked = kept(tmp_path, y_train, x_train, **options)
    with pytest.raises(InputError) as read:
        read_data(asked)
    with pytest.raises(InputError) as run:
        training_split(prepare(asked, tmp_path / "cache"), asked, 0)
    assert str(read.value) == str(run.value)
