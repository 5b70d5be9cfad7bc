import numpy as np

from ablate.datasets._base import Places
from ablate.datasets.digits import Options, load, shape


def test_the_published_scans_are_split_80_to_20_and_stratified():
    images = load(Options(), Places())
    told = shape(Options(), Places())
    assert (len(images.x_train), len(images.x_test)) == (told.train, told.test) == (1437, 360)
    assert np.abs(np.bincount(images.y_train) - 4 * np.bincount(images.y_test)).max() <= 4


def test_grey_levels_are_scaled_to_one():
    images = load(Options(), Places())
    assert images.x_train.dtype == np.float32
    assert len(np.unique(images.x_train)) == 17
    assert (images.x_train.min(), images.x_train.max()) == (0.0, 1.0)


def test_the_split_is_always_the_same():
    first, second = (load(Options(), Places()) for _ in range(2))
    assert np.array_equal(first.x_test, second.x_test)
