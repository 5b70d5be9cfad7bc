"""Whether an architecture builds what its search space describes."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate import catalog
from ablate.config import load_search_space
from ablate.errors import InputError
from ablate.spec.space import Scalar, SearchSpace, label
from ablate.testing._subject import Subject
from ablate.user_code.arguments import OFFERED

if TYPE_CHECKING:
    import keras


def check_architecture(
    name: str,
    search_space: str | PathLike[str] | None = None,
    *,
    input_shape: tuple[int, int, int] = (28, 28, 1),
    num_classes: int = 10,
) -> None:
    """Checks that an architecture can be built as its search space says; trains nothing.

    It is built with its defaults, for one more class and one more channel, and with every choice
    and both ends of each parameter. Loads Keras.

    Args:
        name: the name under which it is registered.
        search_space: the file of its search space; None for the shipped one of the same name.
        input_shape: height, width and channels of images that it is meant for.
        num_classes: how many classes they have.

    Raises:
        AssertionError: a promise is not kept; says which, and what to do.
    """
    subject = Subject.load("architectures", name)
    space = _search_space(subject, name, search_space)
    _check_arguments(subject, name, space)
    builder = _Builder(subject, name, space, input_shape, num_classes)
    _check_default(builder)
    _check_sizes(builder)
    for parameter in space.parameters:
        for value in parameter.domain.ends():
            if value != parameter.default:
                builder.build({parameter.name: value})
        if parameter.off is not None:
            _check_off(builder, parameter.name, parameter.off)


def _search_space(
    subject: Subject, name: str, search_space: str | PathLike[str] | None
) -> SearchSpace:
    path = search_space or catalog.shipped("search_spaces").get(name)
    if path is None:
        hint = f'name its file: check_architecture("{name}", "{name}.toml")'
        raise subject.broken("no search space of that name ships with ablate", hint=hint)
    try:
        space, _ = load_search_space(Path(path))
    except InputError as error:
        raise subject.broken(str(error)) from error
    rule = f'{path} must say architecture = "{name}"'
    subject.expect(space.architecture == name, rule, found=space.architecture)
    hint = "name at least one under [parameters]"
    subject.expect(bool(space.parameters), f"{path} has no parameter", hint=hint)
    return space


def _check_arguments(subject: Subject, name: str, space: SearchSpace) -> None:
    arguments = inspect.signature(subject.module.build).parameters
    first, own = list(arguments)[:2], dict(list(arguments.items())[2:])
    rule = "build must begin with the arguments input_shape and num_classes"
    if first[:1] == ["input_shape"] and "output_shape" in arguments:  # for tasks of every kind
        own = {name: one for name, one in arguments.items() if name not in OFFERED}
    else:
        subject.expect(first == ["input_shape", "num_classes"], rule, found=", ".join(first))
    rule = f"build must take the parameters of its search space, {', '.join(space.names)}, alone"
    subject.expect(set(own) == set(space.names), rule, found=", ".join(own))
    for parameter, value in space.defaults.items():
        found = own[parameter].default
        same = type(found) is type(value) and found == value
        rule = f"{parameter} must have the default of the search space, {label(value)}, in build"
        subject.expect(same, rule, found=None if found is inspect.Parameter.empty else found)
    read = catalog.arguments_of(catalog.find_architecture(name, Path())).names
    rule = "build must be written with all its arguments, because they are read without running it"
    subject.expect(read == set(space.names), rule, found=", ".join(sorted(read)))


@dataclass(frozen=True)
class _Builder:
    """Builds an architecture as a worker does."""

    subject: Subject
    name: str
    space: SearchSpace
    input_shape: tuple[int, int, int]
    num_classes: int

    def build(self, values: Mapping[str, Scalar]) -> keras.Model:
        """The network of these values and else the defaults.

        Raises:
            AssertionError: it cannot be built.
        """
        from ablate.training.network import InfeasibleError, ModelError

        try:
            return self.build_for(self.input_shape, self.num_classes, values)
        except (InfeasibleError, ModelError) as error:
            told = " ".join(f"{name}={label(value)}" for name, value in values.items())
            rule = f"cannot be built with {told or 'its defaults'}: {error}"
            hint = "mend build, or take the value out of the search space" if values else ""
            raise self.subject.broken(rule, hint=hint) from error

    def build_for(
        self, input_shape: tuple[int, ...], num_classes: int, values: Mapping[str, Scalar]
    ) -> keras.Model:
        """The network for other images or classes.

        Raises:
            InfeasibleError, ModelError: it cannot be built.
        """
        import keras

        from ablate.training.network import build_network

        keras.utils.clear_session(
            free_memory=False
        )  # as many networks are built as there are values
        complete = self.space.complete(values)
        return build_network(self.name, None, input_shape, num_classes, complete)


def _check_default(builder: _Builder) -> None:
    """The default network has the architecture's name and gives probabilities."""
    import numpy as np

    subject, model = builder.subject, builder.build({})
    images = np.random.default_rng(0).random((3, *builder.input_shape), np.float32)
    outputs = np.asarray(model(images, training=False))
    sums = outputs.sum(axis=1)
    rule = "must give probabilities: numbers from 0 to 1 that add up to 1 for each image"
    found = f"{outputs.min():.3g} to {outputs.max():.3g}, sums {sums.min():.3g} to {sums.max():.3g}"
    fits = outputs.min() >= 0 and np.allclose(sums, 1, atol=1e-5)
    subject.expect(bool(fits), rule, found=found, hint='end in Dense(num_classes, "softmax")')
    rule = f'the network must have the name of the architecture: keras.Model(name="{builder.name}")'
    subject.expect(model.name == builder.name, rule, found=model.name)


def _check_sizes(builder: _Builder) -> None:
    """It heeds how many classes there are, and what the images are like."""
    from ablate.training.network import InfeasibleError, ModelError

    subject, (*size, channels) = builder.subject, builder.input_shape
    classes = builder.num_classes + 1
    try:
        builder.build_for(builder.input_shape, classes, {})
    except (InfeasibleError, ModelError) as error:
        hint = "give the last layer num_classes units"
        raise subject.broken(
            f"cannot be built for {classes} classes: {error}", hint=hint
        ) from error
    other = (*size, channels + 1)
    try:
        model = builder.build_for(other, builder.num_classes, {})
    except InfeasibleError:
        return  # it says itself that it is not for such images
    except ModelError as error:
        raise subject.broken(f"cannot be built for images of {other}: {error}") from error
    rule = f"built for images of {other}, it must take such images"
    fits = model.input_shape == (None, *other)
    subject.expect(fits, rule, found=str(model.input_shape))


def _check_off(builder: _Builder, parameter: str, off: Scalar) -> None:
    """A value that takes a component out brings no other in."""
    kinds, left = _layers(builder.build({})), _layers(builder.build({parameter: off}))
    more = sorted({kind for kind in left if left.count(kind) > kinds.count(kind)})
    rule = f"{parameter}={label(off)}, its off value, must bring no layer that the default lacks"
    hint = "name the value that takes the component out"
    builder.subject.expect(not more, rule, found=", ".join(more), hint=hint)


def _layers(model: Any) -> list[str]:
    return [type(layer).__name__ for layer in model.layers]
