import json
import os
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hand_made import npz, settings
from PIL import Image

from ablate.data import prepared as data
from ablate.data import split
from ablate.data.card import data_card, find_card, keep_card
from ablate.data.reading import read_data
from ablate.errors import InputError
from ablate.spec.data import DataSettings, DataShape

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


def csv_file(folder, labels):
    rows = "".join(f"{x},{y}\n" for x, y in zip("123456", labels, strict=True))
    (folder / "a.csv").write_text(f"x,y\n{rows}")
    options = {"file": "a.csv", "target": ["y"], "test_share": 0.34}
    return DataSettings(dataset="csv", folder=str(folder), options=options)


def npz_file(folder, labels):
    return npz(folder, range(6), labels, [1], [0])


def image_files(folder, labels):
    for number, label in enumerate(labels):
        file = folder / "a" / str(number % 2) / f"{number}.bmp"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4), 100 * label).save(file)
    options = {"directory": "a", "image_size": [4, 4], "test_share": 0.34}
    return DataSettings(dataset="image_folder", folder=str(folder), options=options)


@pytest.mark.parametrize("make", [csv_file, npz_file, image_files])
def test_files_of_one_name_size_and_time_in_two_folders_are_two_data_sets(tmp_path, make):
    digests = set()
    for name, labels in (("here", [0, 1] * 3), ("there", [1, 0] * 3), ("moved", [0, 1] * 3)):
        (tmp_path / name).mkdir()
        asked = make(tmp_path / name, labels)
        for file in (tmp_path / name).rglob("*.*"):
            os.utime(file, (1, 1))
        found = data.prepare(asked, tmp_path / "cache")
        assert data.find_prepared(asked, tmp_path / "cache") == found
        digests.add(found.digest)
    assert len(digests) == 2, "equal examples are the same data, wherever they lie"


def test_a_data_set_that_ships_is_prepared_once_for_all_folders(tmp_path):
    asked = settings("line", images_per_class=2)
    first = data.prepare(asked, tmp_path)
    elsewhere = asked.model_copy(update={"folder": str(tmp_path)})
    assert data.find_prepared(elsewhere, tmp_path) == first


def test_the_digest_is_that_of_the_images_wherever_they_lie(tmp_path):
    digests = set()
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        asked = npz(tmp_path / name, [1, 2], [0, 1], [3], [0])
        digests.add(data.prepare(asked, tmp_path / "cache").digest)
    assert len(digests) == 1


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="files are named by Linux")
def test_all_of_it_is_on_the_disk_before_it_is_found(tmp_path, monkeypatch):
    done, flush, rename = [], os.fsync, Path.rename

    def fsync(descriptor):
        done.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        flush(descriptor)

    def renamed(path, target):
        done.append(path)
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "rename", renamed)
    found = data.prepare(npz(tmp_path, [1, 2], [0, 1], [3], [0]), tmp_path / "cache")
    *files, folder, moved, above = done
    arrays = {file.name for file in files if file.suffix == ".npy"}
    assert arrays == {file.name for file in found.folder.glob("*.npy")}
    assert [file.name for file in files if "data.json" in file.name]
    assert folder == moved == files[0].parent
    assert above == tmp_path / "cache"


def test_a_preparation_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(
        InputError, match="the training examples must belong to at least two classes"
    ):
        data.prepare(npz(tmp_path, [1, 2], [1, 1], [3], [1]), tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*"))


def numbers(tmp_path, x_train, **arrays):
    y = np.arange(len(x_train)) % 2
    np.savez(tmp_path / "a.npz", x_train=x_train, y_train=y, **arrays)
    return DataSettings(dataset="npz", folder=str(tmp_path), options={"file": "a.npz"})


def test_whole_numbers_that_32_bits_do_not_hold_are_refused(tmp_path):
    times = 1_700_000_000_000 + np.arange(12).reshape(6, 2)
    asked = numbers(tmp_path, times, x_test=np.full((2, 2), 2**31, np.uint32), y_test=[0, 1])
    for look in (read_data, lambda asked: data.prepare(asked, tmp_path / "cache")):
        with pytest.raises(InputError) as caught:
            look(asked)
        rule = "a network gets whole numbers from -2147483648 to 2147483647"
        hint = "take off the lowest, number them anew, or give floats, of which it gets float32"
        assert [str(problem) for problem in caught.value.problems] == [
            f'npz: x_train: {rule}, found "1700000000000 to 1700000000011"; {hint}',
            f'npz: x_test: {rule}, found "2147483648 to 2147483648"; {hint}',
        ]


def test_whole_numbers_that_32_bits_just_hold_reach_the_network(tmp_path):
    held = np.array([[-(2**31)], [2**31 - 1], [0], [5]])
    asked = numbers(tmp_path, held, x_val=held, y_val=[0, 1, 0, 1])
    found = split.training_split(data.prepare(asked, tmp_path / "cache"), asked, 0)
    assert np.array_equal(found.x_train[:], held)


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
    found = split.training_split(prepared, asked, 0)
    labels = split.test_set(prepared, asked).y
    assert data.shape(asked) == DataShape(
        train=len(found.y_train) + len(found.y_val),
        test=len(labels),
        example=found.x_train.shape[1:],
        classes=len(found.class_names),
    )


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"per_class": 200}, "digits: data.per_class: class 8 has only 139 examples, found 200"),
        (
            {"test_per_class": 60},
            "digits: data.test_per_class: class 2 has only 35 examples, found 60",
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
    told = "pixels reach from 0 to 255; networks expect about 0 to 1"
    remedy = "floats are taken as they are, so divide them by 255, or store them as uint8"
    assert f"{told}: {remedy}" in card.warnings


def test_a_card_counts_only_what_is_drawn(digits):
    asked = settings(per_class=30, test_per_class=5)
    card = data_card(digits, asked)
    assert (card.train, card.test) == (300, 50)
    assert (card.per_class_train, card.per_class_test) == ((30, 30), (5, 5))
    assert card.warnings == ()


def test_a_card_is_plain_json(digits):
    card = data_card(digits, settings())
    plain = json.loads(json.dumps(card.as_dict()))
    left_out = ("doubts", "task", "targets")
    known = {name: value for name, value in asdict(card).items() if name not in left_out}
    assert plain == json.loads(json.dumps({**known, "warnings": []}))
    assert (plain["train"], plain["leaked"], plain["values"]) == (1437, 0, [0.0, 1.0])


@pytest.fixture
def many(tmp_path, monkeypatch):
    """Examples of which a card looks at a half."""
    x_train, x_test = list(range(100)) * 2, list(range(50, 150))
    asked = npz(tmp_path, x_train, [0, 1] * 100, x_test, [0, 1] * 50)
    monkeypatch.setattr("ablate.data.card.LOOKED_AT", 150 * 4)
    return data.prepare(asked, tmp_path / "cache"), asked


def test_of_too_many_images_a_sample_is_looked_at(many):
    card = data_card(*many)
    assert (card.train, card.test, card.sample) == (200, 100, (100, 50))
    assert card == data_card(*many), "the same is drawn again"
    assert 0 < card.duplicates < 50
    assert card.per_class_train == (100, 100), "images are counted on all labels"
    assert 0 < card.leaked < 50
    assert card.warnings == (
        f"{card.leaked} of 50 test images ({card.leaked / 50:.1%}) are exact copies of a sample of "
        "100 training images: test scores reward memory",
    )


def test_images_that_just_fit_are_all_looked_at(many, monkeypatch):
    monkeypatch.setattr("ablate.data.card.LOOKED_AT", 300 * 4)
    card = data_card(*many)
    assert (card.sample, card.duplicates, card.leaked) == (None, 100, 50)
    assert card.values == (0.0, 99 / 255)


def test_few_images_drawn_of_too_many_are_all_looked_at(many):
    prepared, asked = many
    card = data_card(prepared, asked.model_copy(update={"per_class": 10, "test_per_class": 5}))
    assert (card.train, card.test, card.sample) == (20, 10, None)
    drawn = split.drawn(np.asarray(prepared.array("y_train")), 10, seed=0)
    assert card.values[1] == prepared.array("x_train")[drawn].max() / 255


def test_a_card_that_an_earlier_version_kept_is_read(digits):
    asked = settings(per_class=7)
    card = json.loads(json.dumps(keep_card(digits, asked)))
    file = digits.folder / "card-7-all.json"
    del card["sample"]
    file.write_text(json.dumps(card))
    assert find_card(digits, asked) == keep_card(digits, asked) == card


def test_a_copy_that_an_earlier_version_made_without_a_validation_part_is_not_taken(
    tmp_path, monkeypatch
):
    """Versions before the first with validation parts left such arrays in the file unread."""
    from ablate.datasets import npz

    x, y = np.arange(24.0).reshape(12, 2), np.arange(12) % 2
    held = {"x_train": x, "y_train": y, "x_test": x, "y_test": y}
    np.savez(tmp_path / "a.npz", **held, x_val=x[:4], y_val=y[:4])
    options = npz.Options(file="a.npz").model_dump()
    asked = DataSettings(dataset="npz", folder=str(tmp_path), options=options)
    with monkeypatch.context() as earlier:
        whole = npz.Names.held
        earlier.setattr(
            npz.Names,
            "held",
            lambda called, groups, weights, names: whole(
                called, groups, weights, [one for one in names if not one.endswith("_val")]
            ),
        )
        before = data.prepare(asked, tmp_path / "cache")
    assert not before.has_validation
    now = data.prepare(asked, tmp_path / "cache")
    assert now.has_validation
    assert now.folder != before.folder
