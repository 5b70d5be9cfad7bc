import json
from dataclasses import asdict

import numpy as np
import pytest

from ablate import data
from ablate.config import load_data_settings
from ablate.data_card import data_card
from ablate.datasets._base import DataShape
from ablate.errors import InputError
from ablate.spec import DataSettings


def settings(dataset="digits", **table):
    return load_data_settings(dataset, table, {})


def npz(folder, x_train, y_train, x_test, y_test, **table):
    """Settings for images of 2x2 pixels, each all of one grey."""
    arrays = {
        name: np.array(values, np.uint8)[:, None, None] * np.ones((1, 2, 2), np.uint8)
        for name, values in (("x_train", x_train), ("x_test", x_test))
    }
    np.savez(folder / "a.npz", y_train=np.array(y_train), y_test=np.array(y_test), **arrays)
    return DataSettings(
        dataset="npz",
        folder=str(folder),
        options={"file": "a.npz", **table.pop("options", {})},
        **table,
    )


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def digits(cache):
    return data.prepare(settings(), cache)


@pytest.fixture(scope="session")
def lines(cache):
    return data.prepare(settings("line", images_per_class=10), cache)


def same_images(left, right):
    return all(
        np.array_equal(getattr(left, name), getattr(right, name))
        for name in ("x_train", "y_train", "x_val", "y_val")
    )


# Preparing


def test_prepared_data_are_what_the_data_set_holds(digits):
    shapes = {n: digits.array(n).shape for n in ("x_train", "y_train", "x_test", "y_test")}
    assert shapes == {
        "x_train": (1437, 8, 8, 1),
        "y_train": (1437,),
        "x_test": (360, 8, 8, 1),
        "y_test": (360,),
    }
    assert digits.class_names == tuple("0123456789")
    assert len(digits.digest) == 64


def test_prepared_arrays_are_mapped_and_cannot_be_written(digits):
    images = digits.array("x_train")
    assert isinstance(images, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        images[0] = 0


def test_a_data_set_is_prepared_once(tmp_path):
    asked = settings("line", images_per_class=2)
    assert data.find_prepared(asked, tmp_path) is None
    first = data.prepare(asked, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert data.prepare(asked, tmp_path) == data.find_prepared(asked, tmp_path) == first
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    assert list(tmp_path.iterdir()) == [first.folder]


def test_other_options_are_prepared_apart(tmp_path):
    first = data.prepare(settings("line", images_per_class=2), tmp_path)
    second = data.prepare(settings("line", images_per_class=2, seed=1), tmp_path)
    assert first.folder != second.folder
    assert first.digest != second.digest


def test_a_changed_file_is_prepared_anew(tmp_path):
    first = data.prepare(npz(tmp_path, [1, 2], [0, 1], [3], [0]), tmp_path / "cache")
    second = data.prepare(npz(tmp_path, [1, 2, 4], [0, 1, 0], [3], [0]), tmp_path / "cache")
    assert len(second.array("y_train")) == 3
    assert first.digest != second.digest


def test_the_digest_is_that_of_the_images_wherever_they_lie(tmp_path):
    digests = set()
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        asked = npz(tmp_path / name, [1, 2], [0, 1], [3], [0])
        digests.add(data.prepare(asked, tmp_path / "cache").digest)
    assert len(digests) == 1


def test_a_preparation_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(InputError, match="the training images must belong to at least two classes"):
        data.prepare(npz(tmp_path, [1, 2], [1, 1], [3], [1]), tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*"))


@pytest.mark.parametrize(
    "asked",
    [
        settings(),
        settings(per_class=20, test_per_class=3),
        settings("line", images_per_class=10, validation=0.2),
        settings("line", images_per_class=10, per_class=2, validation=0.5),
    ],
)
def test_shape_tells_what_will_be_drawn(asked, cache):
    prepared = data.prepare(asked, cache)
    split = data.training_split(prepared, asked, 0)
    labels = data.test_set(prepared, asked).y
    assert data.shape(asked) == DataShape(
        train=len(split.y_train) + len(split.y_val),
        test=len(labels),
        image=split.x_train.shape[1:],
        classes=len(split.class_names),
    )


# Splitting


@pytest.mark.parametrize("name", ["digits", "lines"])
def test_training_and_validation_hold_every_image_once_and_every_class_alike(name, request):
    prepared = request.getfixturevalue(name)
    asked = settings(validation=0.2)
    split = data.training_split(prepared, asked, 3)
    labels = prepared.array("y_train")
    assert len(split.y_val) == -(-len(labels) // 5)
    whole = np.bincount(labels)
    counts = np.bincount(split.y_val, minlength=len(whole))
    assert np.abs(counts - whole * 0.2).max() <= 1
    assert np.array_equal(np.bincount(split.y_train) + counts, whole)
    drawn = np.concatenate([split.x_train, split.x_val]).reshape(len(labels), -1)
    stored = data._scaled(prepared.array("x_train"), np.arange(len(labels))).reshape(
        len(labels), -1
    )
    assert np.array_equal(np.sort(drawn, axis=0), np.sort(stored, axis=0))


def test_labels_stay_with_their_images(digits):
    split = data.training_split(digits, settings(), 1)
    stored = dict(
        zip(
            (image.tobytes() for image in digits.array("x_train")),
            digits.array("y_train"),
            strict=True,
        )
    )
    assert all(
        stored[image.tobytes()] == label
        for image, label in zip(split.x_train, split.y_train, strict=True)
    )


def test_the_same_seed_draws_the_same_images(digits):
    asked = settings(per_class=30)
    assert same_images(*(data.training_split(digits, asked, 5) for _ in range(2)))
    assert not same_images(*(data.training_split(digits, asked, seed) for seed in (5, 6)))


def test_another_seed_splits_the_whole_set_otherwise(digits):
    first, second = (data.training_split(digits, settings(), seed) for seed in (0, 1))
    assert not np.array_equal(first.x_val, second.x_val)


def test_per_class_counts_training_and_validation_together(digits):
    split = data.training_split(digits, settings(per_class=30, validation=0.1), 0)
    assert np.array_equal(np.bincount(split.y_train), [27] * 10)
    assert np.array_equal(np.bincount(split.y_val), [3] * 10)
    images = np.concatenate([split.x_train, split.x_val])
    assert len({image.tobytes() for image in images}) == 300


def test_images_of_bytes_are_scaled_to_one(lines):
    split = data.training_split(lines, settings("line", validation=0.2), 0)
    assert (split.x_train.dtype, split.x_val.dtype) == (np.float32, np.float32)
    assert (split.x_train.min(), split.x_train.max()) == (0.0, 1.0)
    assert split.y_train.dtype == np.int64


def test_the_split_never_opens_the_test_files(tmp_path):
    asked = settings("line", images_per_class=5, validation=0.5)
    prepared = data.prepare(asked, tmp_path)
    for name in ("x_test", "y_test"):
        (prepared.folder / f"{name}.npy").unlink()
    assert data.find_prepared(asked, tmp_path) == prepared
    assert len(data.training_split(prepared, asked, 0).y_train) == 144


def test_the_test_set_is_the_same_for_every_replicate(digits):
    whole = data.test_set(digits, settings())
    assert np.array_equal(whole.x, digits.array("x_test"))
    assert np.array_equal(whole.y, digits.array("y_test"))
    first, second = (data.test_set(digits, settings(test_per_class=7)) for _ in range(2))
    assert np.array_equal(first.x, second.x)
    assert np.array_equal(np.bincount(first.y), [7] * 10)


def test_test_images_are_scaled_like_training_images(lines):
    found = data.test_set(lines, settings("line", images_per_class=10))
    assert lines.array("x_test").dtype == np.uint8
    assert (found.x.dtype, found.x.min(), found.x.max()) == (np.float32, 0.0, 1.0)


def test_a_share_too_small_for_every_class_is_said(digits):
    with pytest.raises(InputError) as caught:
        data.training_split(digits, settings(per_class=5, validation=0.1), 0)
    assert str(caught.value).startswith(
        "digits: data.validation: a stratified share of 0.1 for validation cannot be drawn: "
    )


def test_a_class_with_one_image_is_said(tmp_path):
    asked = npz(tmp_path, range(9), [0] * 8 + [1], [9], [0], validation=0.25)
    prepared = data.prepare(asked, tmp_path / "cache")
    with pytest.raises(InputError) as caught:
        data.training_split(prepared, asked, 0)
    assert str(caught.value).startswith(
        "npz: data.validation: a stratified share of 0.25 for validation cannot be drawn: "
    )


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"per_class": 200}, "digits: data.per_class: class 8 has only 139 images, found 200"),
        (
            {"test_per_class": 60},
            "digits: data.test_per_class: class 2 has only 35 images, found 60",
        ),
    ],
)
def test_a_class_with_too_few_images_is_named(cache, counts, expected):
    for find in (data.prepare, data.find_prepared):
        with pytest.raises(InputError) as caught:
            find(settings(**counts), cache)
        assert str(caught.value) == expected


def test_both_counts_are_checked_at_once(cache):
    with pytest.raises(InputError) as caught:
        data.prepare(settings(per_class=200, test_per_class=60), cache)
    assert len(str(caught.value).splitlines()) == 2


# The data card


def test_a_card_counts_copies_and_leaks(tmp_path):
    asked = npz(
        tmp_path,
        x_train=[1, 1, 1, 2, 3, 4],
        y_train=[0, 0, 1, 1, 2, 2],
        x_test=[1, 4, 9, 9],
        y_test=[0, 2, 2, 2],
        options={"class_names": ["cat", "dog", "owl"]},
    )
    prepared = data.prepare(asked, tmp_path / "cache")
    card = data_card(prepared, asked)
    assert (card.image, card.train, card.test, card.classes) == ((2, 2, 1), 6, 4, 3)
    assert (card.duplicates, card.leaked) == (2, 2)
    assert (card.per_class_train, card.per_class_test) == ((2, 2), (0, 3))
    assert (card.missing_train, card.missing_test) == ((), ("dog",))
    assert card.values == (1 / 255, 4 / 255)
    assert card.digest == prepared.digest
    assert card.warnings == (
        "2 of 4 test images (50.0%) are exact copies of training images: test scores reward memory",
        "no test images of: dog",
    )


def test_a_class_without_training_images_is_named(tmp_path):
    asked = npz(tmp_path, [1, 2], [0, 1], [3], [7])
    card = data_card(data.prepare(asked, tmp_path / "cache"), asked)
    assert (card.missing_train, card.missing_test) == (("7",), ("0", "1"))
    assert card.warnings == ("no training images of: 7", "no test images of: 0, 1")


def test_pixels_far_from_zero_to_one_are_said(tmp_path):
    images = np.zeros((4, 2, 2), np.float32)
    images[0] = 255
    np.savez(
        tmp_path / "a.npz", x_train=images, x_test=images[1:2] + 1, y_train=[0, 1, 0, 1], y_test=[0]
    )
    asked = DataSettings(dataset="npz", folder=str(tmp_path), options={"file": "a.npz"})
    card = data_card(data.prepare(asked, tmp_path / "cache"), asked)
    assert card.values == (0.0, 255.0)
    assert "pixels reach from 0 to 255; networks expect about 0 to 1" in card.warnings


def test_a_card_counts_only_what_is_drawn(digits):
    asked = settings(per_class=30, test_per_class=5)
    card = data_card(digits, asked)
    assert (card.train, card.test) == (300, 50)
    assert (card.per_class_train, card.per_class_test) == ((30, 30), (5, 5))
    assert card.warnings == ()


def test_a_card_is_plain_json(digits):
    card = data_card(digits, settings())
    plain = json.loads(json.dumps(card.as_dict()))
    assert plain == json.loads(json.dumps({**asdict(card), "warnings": []}))
    assert (plain["train"], plain["leaked"], plain["values"]) == (1437, 0, [0.0, 1.0])
