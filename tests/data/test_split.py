"""What each seed draws of a data set, and how images are read."""

from __future__ import annotations

import numpy as np
import pytest
from hand_made import npz, settings

from ablate.data import prepared as data
from ablate.data import split as splits
from ablate.data.checks import check_split
from ablate.errors import InputError


def same_images(left, right):
    return all(
        np.array_equal(getattr(left, name)[:], getattr(right, name)[:])
        for name in ("x_train", "y_train", "x_val", "y_val")
    )


@pytest.mark.parametrize("name", ["digits", "lines"])
def test_training_and_validation_hold_every_image_once_and_every_class_alike(name, request):
    prepared = request.getfixturevalue(name)
    asked = settings(validation=0.2)
    split = splits.training_split(prepared, asked, 3)
    labels = prepared.array("y_train")
    assert len(split.y_val) == -(-len(labels) // 5)
    whole = np.bincount(labels)
    counts = np.bincount(split.y_val, minlength=len(whole))
    assert np.abs(counts - whole * 0.2).max() <= 1
    assert np.array_equal(np.bincount(split.y_train) + counts, whole)
    drawn = np.concatenate([split.x_train[:], split.x_val[:]]).reshape(len(labels), -1)
    stored = splits.scaled(prepared.array("x_train")).reshape(len(labels), -1)
    assert np.array_equal(np.sort(drawn, axis=0), np.sort(stored, axis=0))


def test_labels_stay_with_their_images(digits):
    split = splits.training_split(digits, settings(), 1)
    stored = dict(
        zip(
            (image.tobytes() for image in digits.array("x_train")),
            digits.array("y_train"),
            strict=True,
        )
    )
    assert all(
        stored[image.tobytes()] == label
        for image, label in zip(split.x_train[:], split.y_train, strict=True)
    )


def test_the_same_seed_draws_the_same_images(digits):
    asked = settings(per_class=30)
    assert same_images(*(splits.training_split(digits, asked, 5) for _ in range(2)))
    assert not same_images(*(splits.training_split(digits, asked, seed) for seed in (5, 6)))


def test_another_seed_splits_the_whole_set_otherwise(digits):
    first, second = (splits.training_split(digits, settings(), seed) for seed in (0, 1))
    assert not np.array_equal(first.x_val[:], second.x_val[:])


def test_per_class_counts_training_and_validation_together(digits):
    split = splits.training_split(digits, settings(per_class=30, validation=0.1), 0)
    assert np.array_equal(np.bincount(split.y_train), [27] * 10)
    assert np.array_equal(np.bincount(split.y_val), [3] * 10)
    images = np.concatenate([split.x_train[:], split.x_val[:]])
    assert len({image.tobytes() for image in images}) == 300


def test_images_of_bytes_are_scaled_to_one(lines):
    split = splits.training_split(lines, settings("line", validation=0.2), 0)
    assert (split.x_train[:].dtype, split.x_val[:].dtype) == (np.float32, np.float32)
    assert (split.x_train[:].min(), split.x_train[:].max()) == (0.0, 1.0)
    assert split.y_train.dtype == np.int64


def test_the_split_never_opens_the_test_files(tmp_path):
    asked = settings("line", images_per_class=5, validation=0.5)
    prepared = data.prepare(asked, tmp_path)
    for name in ("x_test", "y_test"):
        (prepared.folder / f"{name}.npy").unlink()
    assert data.find_prepared(asked, tmp_path) == prepared
    assert len(splits.training_split(prepared, asked, 0).y_train) == 144


def test_the_test_set_is_the_same_for_every_replicate(digits):
    whole = splits.test_set(digits, settings())
    assert np.array_equal(whole.x[:], digits.array("x_test"))
    assert np.array_equal(whole.y, digits.array("y_test"))
    first, second = (splits.test_set(digits, settings(test_per_class=7)) for _ in range(2))
    assert np.array_equal(first.x[:], second.x[:])
    assert np.array_equal(np.bincount(first.y), [7] * 10)


def test_test_images_are_scaled_like_training_images(lines):
    found = splits.test_set(lines, settings("line", images_per_class=10))
    assert lines.array("x_test").dtype == np.uint8
    assert (found.x[:].dtype, found.x[:].min(), found.x[:].max()) == (np.float32, 0.0, 1.0)


def test_a_share_too_small_for_every_class_is_said(digits):
    with pytest.raises(InputError) as caught:
        splits.training_split(digits, settings(per_class=5, validation=0.1), 0)
    assert str(caught.value) == (
        "digits: data.validation: a share of 0.1 of 50 training examples is 5 examples, fewer than the "
        "10 classes; set it to 0.2 or more"
    )


def test_a_share_too_large_for_every_class_is_said(digits):
    with pytest.raises(InputError) as caught:
        splits.training_split(digits, settings(per_class=5, validation=0.9), 0)
    assert str(caught.value) == (
        "digits: data.validation: a share of 0.9 of 50 training examples leaves 5 to train on, fewer "
        "than the 10 classes; set it to 0.8 or less"
    )


@pytest.mark.parametrize("per_class", [2, 3, 5, 12])
@pytest.mark.parametrize("share", [0.05, 0.1, 0.2, 0.34, 0.5, 0.67, 0.8, 0.95])
def test_what_is_not_refused_can_be_split(digits, per_class, share):
    asked = settings(per_class=per_class, validation=share)
    try:
        check_split(splits.drawing_of(digits, asked), digits.class_names, asked)
    except InputError as error:
        if "set it to" not in str(error):
            assert "take more examples of each class" in str(error)
            return
        remedy = float(str(error).partition("set it to ")[2].split()[0])
        asked = settings(per_class=per_class, validation=remedy)
    split = splits.training_split(digits, asked, 0)
    assert set(split.y_val) == set(split.y_train) == set(range(10))


def test_a_class_with_one_image_is_said(tmp_path):
    asked = npz(tmp_path, range(9), [0] * 8 + [1], [9], [0], validation=0.25)
    prepared = data.prepare(asked, tmp_path / "cache")
    with pytest.raises(InputError) as caught:
        splits.training_split(prepared, asked, 0)
    assert str(caught.value) == (
        "npz: data.validation: of each class one example is trained on and one validated, but there is "
        "only 1 training example of: 1; give it more examples, or leave it out"
    )


def test_only_the_images_asked_for_are_read_and_scaled(lines):
    images = splits.training_split(lines, settings("line", validation=0.2), 0).x_train
    assert isinstance(images.examples, np.memmap)
    assert images.shape == (len(images), 28, 28, 3)
    chosen = np.array([3, 0])
    assert images[chosen].dtype == np.float32
    assert np.array_equal(images[chosen], images[:][chosen])
    assert np.array_equal(images[2:4], images[:][2:4])
    whole = lines.array("x_train")[images.rows[chosen]].astype(np.float32) / np.float32(255)
    assert np.array_equal(images[chosen], whole), "the same to the last digit"
