"""Images in folders, one for each class."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image

from ablate.data import split as splits
from ablate.data.prepared import prepare
from ablate.datasets._base import Places
from ablate.datasets.image_folder import Options, load, shape, source
from ablate.errors import InputError
from ablate.spec.data import DataSettings


def draw(folder, count, colour, size=(6, 4), suffix="png", mode="RGB"):
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        Image.new(mode, size, colour).save(folder / f"{number:02}.{suffix}")


@pytest.fixture
def pets(tmp_path):
    draw(tmp_path / "pets" / "cat", 10, (250, 0, 0))
    draw(tmp_path / "pets" / "dog", 15, (0, 200, 0), suffix="bmp")
    return tmp_path


def read(folder, places=None, **options):
    given = {"directory": "pets", "image_size": (4, 6), **options}
    return load(Options(**given), places or Places(folder=folder))


def problems(folder, **options):
    with pytest.raises(InputError) as caught:
        read(folder, **options)
    return [str(one).removeprefix(str(folder)) for one in caught.value.problems]


def test_classes_are_folders_and_a_share_is_tested(pets):
    found = read(pets)
    assert found.class_names == ("cat", "dog")
    assert (found.x_train.shape, found.x_test.shape) == ((20, 4, 6, 3), (5, 4, 6, 3))
    assert (np.bincount(found.y_train).tolist(), np.bincount(found.y_test).tolist()) == (
        [8, 12],
        [2, 3],
    )
    assert (found.x_train.dtype, found.y_train.dtype) == (np.uint8, np.int64)
    for x, y in ((found.x_train, found.y_train), (found.x_test, found.y_test)):
        assert np.array_equal(x[y == 0][:, 0, 0], np.tile([250, 0, 0], ((y == 0).sum(), 1)))
        assert np.array_equal(x[y == 1][:, 0, 0], np.tile([0, 200, 0], ((y == 1).sum(), 1)))
    told = shape(Options(directory="pets", image_size=(4, 6)), Places(folder=pets))
    assert (told.train, told.test, told.example, told.classes) == (20, 5, (4, 6, 3), 2)


def test_pixels_are_those_that_pillow_gives(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    for name in ("a", "b"):
        draw(tmp_path / "pets" / name, 3, 0)
    Image.fromarray(pixels).save(tmp_path / "pets" / "a" / "00.png")
    found = read(tmp_path, Places(folder=tmp_path, folded=True), interpolation="bicubic")
    expected = Image.fromarray(pixels).resize((6, 4), Image.Resampling.BICUBIC)
    assert np.array_equal(found.x_train[0], np.asarray(expected))
    grey = read(
        tmp_path, Places(folder=tmp_path, folded=True), color_mode="grayscale", image_size=(9, 7)
    )
    assert np.array_equal(grey.x_train[0, ..., 0], np.asarray(Image.fromarray(pixels).convert("L")))
    assert read(
        tmp_path, Places(folder=tmp_path, folded=True), color_mode="rgba"
    ).x_train.shape == (
        6,
        4,
        6,
        4,
    )


def test_parts_may_have_folders_of_their_own(tmp_path):
    for part, count in (("train", 6), ("validation", 2), ("test", 3)):
        for name in ("cat", "dog"):
            draw(tmp_path / "pets" / part / name, count, 0)
    found = read(tmp_path)
    assert [len(y) for y in (found.y_train, found.y_val, found.y_test)] == [12, 4, 6]
    options = Options(directory="pets", image_size=(4, 6))
    told = shape(options, Places(folder=tmp_path))
    assert (told.train, told.validation, told.test) == (12, 4, 6)
    asked = DataSettings(dataset="image_folder", folder=str(tmp_path), options=options.model_dump())
    split = splits.training_split(prepare(asked, tmp_path / "cache"), asked, 1)
    assert (len(split.x_train), len(split.x_val)) == (12, 4)


def test_a_file_that_changes_makes_it_another_data_set(pets):
    options, places = Options(directory="pets", image_size=(4, 6)), Places(folder=pets)
    before = source(options, places)
    assert source(options, places) == before
    os.utime(pets / "pets" / "cat" / "03.png", (1, 1))
    assert source(options, places) != before


def test_other_files_are_left_alone(pets):
    (pets / "pets" / "cat" / "notes.txt").write_text("no image")
    (pets / "pets" / ".hidden").mkdir()
    assert len(read(pets).y_train) == 20


def test_broken_images_are_named(pets):
    for number in range(9):
        (pets / "pets" / "dog" / f"{number:02}.bmp").write_bytes(b"no image")
    found = problems(pets)
    assert len(found) == 9
    assert found[0].startswith("/pets/dog/00.bmp: cannot be read: cannot identify image file")
    assert found[8] == "pets: 1 more image cannot be read"


@pytest.mark.parametrize(
    ("pixels", "suffix", "kind"),
    [
        (np.full((4, 6), 4000, np.uint16), "png", "numbers of more than 8 bits (mode I;16)"),
        (np.full((4, 6), 4000, np.int32), "tif", "numbers of more than 8 bits (mode I)"),
        (np.full((4, 6), 0.5, np.float32), "tif", "floats (mode F)"),
    ],
)
@pytest.mark.parametrize("color_mode", ["rgb", "grayscale"])
def test_images_of_more_than_bytes_are_named_and_not_clipped(
    pets, pixels, suffix, kind, color_mode
):
    Image.fromarray(pixels).save(pets / "pets" / "cat" / f"deep.{suffix}")
    assert problems(pets, color_mode=color_mode) == [
        f"/pets/cat/deep.{suffix}: cannot be read: its pixels are {kind}, which bytes would clip; save "
        'them as bytes from 0 to 255, or give floats by dataset = "npz"'
    ]


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA"])
def test_all_other_images_are_brought_to_bytes(pets, mode):
    Image.new(mode, (6, 4)).save(pets / "pets" / "cat" / "other.png")
    assert len(read(pets).y_train) == 20


@pytest.mark.parametrize(
    ("make", "options", "expected"),
    [
        (lambda root: None, {}, ["/pets: there is no such folder"]),
        (
            lambda root: draw(root / "cat", 3, 0),
            {},
            [
                "/pets: must hold a folder of images for each class, and at least two; it holds cat alone"
            ],
        ),
        (
            lambda root: (draw(root / "cat", 3, 0), (root / "dog").mkdir()),
            {},
            [
                "/pets/dog: holds no images; it may hold *.bmp, *.gif, *.jpeg, *.jpg, *.png, *.tif, "
                "*.tiff, *.webp"
            ],
        ),
        (
            lambda root: [
                draw(root / part / name, 3, 0)
                for part, names in (("train", "ab"), ("test", "abc"))
                for name in names
            ],
            {},
            ["/pets/test/c: is no class of the training images: a, b"],
        ),
        (
            lambda root: [draw(root / "train" / name, 3, 0) for name in "ab"],
            {"test_share": 0.5},
            [
                "/pets: data.test_share: stands beside the folder train, whose test images lie in test; "
                "leave it out"
            ],
        ),
        (
            lambda root: (draw(root / "cat", 2, 0), draw(root / "dog", 9, 0)),
            {},
            [
                "pets: of each class one image is trained on, one validated and one tested, but there are "
                "fewer of: cat; give it more images, or leave it out"
            ],
        ),
    ],
)
def test_a_wrong_folder_is_said(tmp_path, make, options, expected):
    make(tmp_path / "pets")
    assert problems(tmp_path, **options) == expected
