"""Every data set that needs no file of the user's and no download keeps the promises of `_base`."""

import json

import numpy as np
import pytest

from ablate import catalog
from ablate.datasets._base import DatasetOptions, DataShape, Images, Places

SMALL = {"line": {"images_per_class": 4}}
"""Options that keep a data set small."""
NEEDS_FILES = {"fashion_mnist", "mnist", "npz"}


@pytest.fixture(params=catalog.available("datasets"))
def module(request):
    return catalog.load("datasets", request.param)


@pytest.fixture(scope="module", params=sorted(set(catalog.available("datasets")) - NEEDS_FILES))
def made(request):
    module = catalog.load("datasets", request.param)
    options = module.Options(**SMALL.get(request.param, {}))
    return module, options, module.load(options, Places())


def test_a_data_set_defines_options_source_shape_and_load(module):
    assert issubclass(module.Options, DatasetOptions)
    assert all(callable(getattr(module, name)) for name in ("source", "shape", "load"))
    assert module.__doc__


def test_options_do_not_take_the_names_of_the_data_table(module):
    common = {"dataset", "per_class", "test_per_class", "validation", "home", "folder", "options"}
    assert not common & set(module.Options.model_fields)


def test_options_survive_json(made):
    module, options, _ = made
    assert module.Options.model_validate(json.loads(options.model_dump_json())) == options


def test_the_source_is_one_line_of_words(made):
    module, options, _ = made
    source = module.source(options, Places())
    assert source
    assert source.isprintable()
    assert source == module.source(options, Places())


def test_shape_agrees_with_load(made):
    module, options, images = made
    assert module.shape(options, Places()) == DataShape(
        train=len(images.x_train),
        test=len(images.x_test),
        image=images.x_train.shape[1:],
        classes=len(images.class_names),
    )


def test_images_and_labels_have_the_common_form(made):
    _, _, images = made
    assert isinstance(images, Images)
    for x, y in ((images.x_train, images.y_train), (images.x_test, images.y_test)):
        assert x.ndim == 4
        assert x.shape[1:] == images.x_train.shape[1:]
        assert x.dtype in (np.uint8, np.float32)
        assert y.dtype == np.int64
        assert y.shape == (len(x),)
        assert set(y.tolist()) == set(range(len(images.class_names)))
        if x.dtype == np.float32:
            assert 0 <= x.min() < x.max() <= 1
    assert len(set(images.class_names)) == len(images.class_names)


def test_loading_twice_gives_the_same(made):
    module, options, images = made
    again = module.load(options, Places())
    for name in ("x_train", "y_train", "x_test", "y_test"):
        assert np.array_equal(getattr(again, name), getattr(images, name))
