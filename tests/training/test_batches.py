"""The order of the images, what a batch holds, and that images are let go."""

from __future__ import annotations

import weakref

import numpy as np

from ablate import tasks
from ablate.data.split import Rows
from ablate.training.batches import Batches


def encoded(classes):
    return lambda labels: tasks.find("classification").encoded(labels, classes)


def numbered(count):
    """Images that say their own number."""
    return Rows(np.arange(count, dtype=np.float32).reshape(count, 1, 1, 1), np.arange(count))


def drawn(batches):
    return [int(image[0, 0, 0]) for index in range(len(batches)) for image in batches[index][0]]


def test_every_image_comes_once_an_epoch_in_an_order_of_the_seed():
    batches = Batches(numbered(10), np.zeros(10, np.int64), encoded(2), 4, seed=1)
    first = drawn(batches)
    assert [len(batches[index][0]) for index in range(len(batches))] == [4, 4, 2]
    assert sorted(first) == list(range(10))
    batches.on_epoch_end()
    second = drawn(batches)
    assert sorted(second) == list(range(10))
    assert first != second
    assert drawn(Batches(numbered(10), np.zeros(10, np.int64), encoded(2), 4, seed=1)) == first


def test_without_a_seed_every_epoch_has_the_images_as_they_lie():
    batches = Batches(numbered(5), np.zeros(5, np.int64), encoded(2), 2)
    assert drawn(batches) == [0, 1, 2, 3, 4]
    batches.on_epoch_end()
    assert drawn(batches) == [0, 1, 2, 3, 4]


def test_a_batch_holds_its_images_scaled_and_their_labels():
    images = np.full((3, 2, 2, 1), 51, np.uint8)
    x, y = Batches(Rows(images, np.array([2, 0])), np.array([1, 2]), encoded(3), 8)[0]
    assert (x.dtype, x.shape, float(x.max())) == (np.float32, (2, 2, 2, 1), np.float32(0.2))
    assert y.tolist() == [[0, 1, 0], [0, 0, 1]]


def test_labels_become_rows():
    assert encoded(3)(np.array([2, 0])).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert encoded(3)(np.zeros(0, np.int64)).shape == (0, 3)


def test_after_the_training_the_images_are_let_go():
    images, labels = np.zeros((10, 2, 2, 1), np.float32), np.zeros(10, np.int64)
    batches = Batches(Rows(images, np.arange(10)), labels, encoded(3), 4, seed=1)
    seen = [weakref.ref(images), weakref.ref(labels)]
    del images, labels
    assert all(one() is not None for one in seen)
    batches.close()
    assert all(one() is None for one in seen)
