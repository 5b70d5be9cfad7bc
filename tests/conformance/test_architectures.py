"""Every architecture has a search space of its name, and builds what the space describes."""

import inspect
from pathlib import Path

import numpy as np
import pytest

from ablate import catalog
from ablate.config import load_search_space
from ablate.training.network import build_network

SHAPE, CLASSES = (28, 28, 1), 10
NAMES = list(catalog.available("architectures"))
SPACES = {
    name: load_search_space(catalog.shipped("search_spaces")[name])[0]
    for name in NAMES
    if name in catalog.shipped("search_spaces")
}


def build(name, **values):
    import keras

    keras.utils.clear_session(free_memory=False)
    return build_network(name, None, SHAPE, CLASSES, SPACES[name].complete(values))


@pytest.mark.parametrize("name", NAMES)
def test_a_search_space_has_the_name_of_the_architecture(name):
    assert SPACES[name].architecture == name
    assert SPACES[name].parameters


@pytest.mark.parametrize("name", NAMES)
def test_parameters_and_defaults_are_those_of_build(name):
    arguments = inspect.signature(catalog.load("architectures", name).build).parameters
    defaults = {key: argument.default for key, argument in list(arguments.items())[2:]}
    assert list(arguments)[:2] == ["input_shape", "num_classes"]
    assert SPACES[name].defaults == defaults
    types = {key: type(value) for key, value in SPACES[name].defaults.items()}
    assert types == {key: type(value) for key, value in defaults.items()}


@pytest.mark.parametrize("name", NAMES)
def test_the_catalog_reads_the_arguments_that_build_has(name):
    file = catalog.find_architecture(name, Path())
    assert catalog.build_arguments(file).names == set(SPACES[name].names)


@pytest.mark.parametrize("name", NAMES)
def test_the_default_network_gives_probabilities(name):
    model = build(name)
    images = np.random.default_rng(0).random((3, *SHAPE), np.float32)
    outputs = np.asarray(model(images, training=False))
    assert outputs.shape == (3, CLASSES)
    assert outputs.min() >= 0
    assert np.allclose(outputs.sum(axis=1), 1, atol=1e-5)
    assert model.name == name


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [
        (name, parameter.name, value)
        for name, space in SPACES.items()
        for parameter in space.parameters
        for value in parameter.domain.ends()
        if value != parameter.default
    ],
)
def test_every_choice_and_end_can_be_built(name, parameter, value):
    assert build(name, **{parameter: value}).output_shape == (None, CLASSES)


@pytest.mark.parametrize(
    ("name", "parameter"),
    [(n, p.name) for n, space in SPACES.items() for p in space.parameters if p.off is not None],
)
def test_off_takes_something_out_and_brings_nothing_new(name, parameter):
    kinds = [type(layer).__name__ for layer in build(name).layers]
    off = build(name, **{parameter: SPACES[name][parameter].off})
    left = [type(layer).__name__ for layer in off.layers]
    assert all(left.count(kind) <= kinds.count(kind) for kind in left)
