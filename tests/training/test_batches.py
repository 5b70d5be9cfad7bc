"""The order of the images, and that they are let go."""

from __future__ import annotations

import weakref

import numpy as np

from ablate.training.batches import Batches


def test_every_image_comes_once_an_epoch_in_an_order_of_the_seed():
    x, y = np.arange(10, dtype="float32"), np.arange(10, dtype="float32")
    batches = Batches(x, y, 4, seed=1)
    first = np.concatenate([batches[index][0] for index in range(len(batches))])
    assert [len(batches[index][0]) for index in range(len(batches))] == [4, 4, 2]
    assert sorted(first) == list(range(10))
    batches.on_epoch_end()
    second = np.concatenate([batches[index][0] for index in range(len(batches))])
    assert sorted(second) == list(range(10))
    assert list(first) != list(second)
    again = Batches(x, y, 4, seed=1)
    assert list(first[:4]) == list(again[0][1])


def test_after_the_training_the_images_are_let_go():
    x, y = np.zeros((10, 2), "float32"), np.zeros((10, 3), "float32")
    batches = Batches(x, y, 4, seed=1)
    images, labels = weakref.ref(x), weakref.ref(y)
    del x, y
    assert images() is not None
    batches.close()
    assert images() is None
    assert labels() is None
