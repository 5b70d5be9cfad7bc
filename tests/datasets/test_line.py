import hashlib
import time

import numpy as np
import pytest

from ablate.datasets._base import Places
from ablate.datasets.line import (
    ANGLES,
    CLASSES,
    COLOURS,
    LENGTHS,
    WIDTHS,
    Options,
    draw,
    load,
    shape,
    source,
)

PLACES = Places()


@pytest.fixture(scope="module")
def images():
    return load(Options(images_per_class=20), PLACES)


def ink_of(length, width, angle, count=40, whole_pixel=False, seed=0):
    return draw(np.random.default_rng(seed), count, length, width, angle, whole_pixel)


def moments(ink):
    """Area, centre and axes of one image's ink, from its first and second moments.

    Returns the area in pixels, and the angle in degrees, length and width of the rectangle with
    the same second moments.
    """
    weight = ink.astype(float) / 255
    rows, columns = np.mgrid[: ink.shape[0], : ink.shape[1]]
    area = weight.sum()
    x, y = (columns * weight).sum() / area, -(rows * weight).sum() / area
    dx, dy = columns - x, -rows - y
    xx, yy, xy = ((weight * m).sum() / area for m in (dx * dx, dy * dy, dx * dy))
    values, vectors = np.linalg.eigh([[xx, xy], [xy, yy]])
    angle = np.rad2deg(np.arctan2(vectors[1, 1], vectors[0, 1])) % 180
    return area, angle, np.sqrt(12 * values[1]), np.sqrt(12 * values[0])


def test_there_are_96_classes():
    assert len(CLASSES) == len(set(CLASSES)) == 96
    assert (len(LENGTHS), len(WIDTHS), len(ANGLES), len(COLOURS)) == (2, 2, 12, 2)


def test_a_small_set_has_the_bytes_it_always_had():
    images = load(Options(images_per_class=2), PLACES)
    digest = hashlib.sha256(images.x_train.tobytes() + images.x_test.tobytes()).hexdigest()
    assert digest == "730f0dec832daf765647c28898db4dad24c9a7fd6e63e0673e90a23d7adb6653"


def test_the_same_seed_draws_the_same_bytes_and_another_seed_others(images):
    again, other = (load(Options(images_per_class=20, seed=seed), PLACES) for seed in (0, 1))
    for name in ("x_train", "y_train", "x_test", "y_test"):
        assert np.array_equal(getattr(images, name), getattr(again, name))
    assert not np.array_equal(images.x_train, other.x_train)


def test_options_stand_in_the_source():
    sources = {
        source(Options(**options), PLACES)
        for options in ({}, {"seed": 1}, {"whole_pixel": True}, {"images_per_class": 10})
    }
    assert len(sources) == 4


@pytest.mark.parametrize(("count", "train"), [(2, 1), (5, 3), (10, 6), (20, 12)])
def test_60_percent_of_each_class_are_for_training(count, train):
    made = load(Options(images_per_class=count), PLACES)
    assert np.array_equal(np.bincount(made.y_train), [train] * 96)
    assert np.array_equal(np.bincount(made.y_test), [count - train] * 96)
    told = shape(Options(images_per_class=count), PLACES)
    assert (told.train, told.test) == (len(made.x_train), len(made.x_test))


def test_images_are_bytes_and_classes_have_names(images):
    assert images.x_train.shape == (96 * 12, 28, 28, 3)
    assert images.x_train.dtype == np.uint8
    assert images.y_train.dtype == np.int64
    assert len(set(images.class_names)) == 96
    assert images.class_names[0] == "short thin 0 degrees red"
    assert images.class_names[-1] == "long thick 165 degrees blue"


def test_the_colour_fills_one_channel(images):
    for label, (_, _, _, colour) in enumerate(CLASSES):
        ink = images.x_train[images.y_train == label].max(axis=(0, 1, 2))
        assert ink[COLOURS[colour]] > 200
        assert np.delete(ink, COLOURS[colour]).max() == 0


@pytest.mark.parametrize("width", WIDTHS.values())
@pytest.mark.parametrize("length", LENGTHS.values())
def test_the_whole_line_lies_inside_the_image(length, width):
    """A line cut by the edge would lack ink; thin diagonals vary more, but not in the mean."""
    for angle in ANGLES:
        areas = ink_of(length, width, angle, 200).sum(axis=(1, 2)) / 255 / (length * width)
        assert abs(areas.mean() - 1) < 0.02, angle
        if width > 1 or angle % 90 != 45:
            assert np.abs(areas - 1).max() < 0.06, angle


@pytest.mark.parametrize("width", WIDTHS.values())
@pytest.mark.parametrize("length", LENGTHS.values())
def test_length_and_angle_are_those_of_the_class(length, width):
    for angle in ANGLES:
        for ink in ink_of(length, width, angle, 20):
            _, measured, long, _ = moments(ink)
            assert abs((measured - angle + 90) % 180 - 90) < 4, angle
            assert abs(long - length) < 0.5, angle


def test_images_differ_within_a_class(images):
    everything = np.concatenate([images.x_train, images.x_test])
    assert len({image.tobytes() for image in everything}) == len(everything)


def test_centres_reach_over_the_whole_image():
    ink = ink_of(7, 1, 0, 500).max(axis=0)
    assert ink.any(axis=0).sum() == 28
    assert ink.any(axis=1).sum() >= 27


def test_whole_pixel_lines_have_hard_edges_and_copies():
    made = load(Options(images_per_class=100, whole_pixel=True), PLACES)
    assert set(np.unique(made.x_train)) == {0, 255}
    assert len({image.tobytes() for image in made.x_train}) < 0.95 * len(made.x_train)
    for label, (length, width, angle, _) in enumerate(CLASSES):
        areas = (made.x_train[made.y_train == label] > 0).sum(axis=(1, 2, 3))
        assert len(set(areas.tolist())) == 1, "no line is cut by the edge"
        if angle in (0, 90):
            assert areas[0] == LENGTHS[length] * WIDTHS[width]


def test_all_96000_images_are_drawn_in_15_seconds():
    start = time.perf_counter()
    made = load(Options(), PLACES)
    assert time.perf_counter() - start < 15
    assert (len(made.x_train), len(made.x_test)) == (57_600, 38_400)
