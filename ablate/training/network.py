"""Builds the network of a trial."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ablate import catalog
from ablate.spec.space import Scalar
from ablate.spec.training import TrainingSettings
from ablate.training.flops import count_flops
from ablate.training.outputs import fault_of_activation
from ablate.training.user_compile import fault_of_compile
from ablate.user_code.imported import load


class InfeasibleError(Exception):
    """A configuration cannot be built; the text says why."""


class ModelError(Exception):
    """What `build` returned cannot be trained; the text says why."""


@dataclass(frozen=True)
class NetworkSize:
    """What a network weighs."""

    parameters: int
    trainable_parameters: int
    flops: int | None
    momentum: float | None
    """The largest among its batch norms, whose averages follow slowest; None where it has none."""


def build_network(
    architecture: str,
    source: str | None,
    input_shape: tuple[int, ...],
    num_classes: int,
    parameters: Mapping[str, Scalar],
    training: TrainingSettings | None = None,
) -> keras.Model:
    """Builds a network.

    Args:
        architecture: the name of an architecture, or ``file.py:function``.
        source: the Python file of a user's own architecture.
        input_shape: height, width and channels.
        num_classes: how many class probabilities come out.
        parameters: hyperparameters of `build`.
        training: how it will be trained, for a `build` that asks for some of it; the defaults unless
            given.

    Raises:
        InfeasibleError: `build` raised ValueError, or some layer has nothing left to work on.
        ModelError: `build` returned something else than a network, not compiled, that gives
            probabilities of these classes.
    """
    build = find_build(architecture, source)
    try:
        model = _called(build, input_shape, num_classes, parameters, training or TrainingSettings())
    except ValueError as error:
        raise InfeasibleError(_first_line(error)) from error
    if not isinstance(model, keras.Model):
        raise ModelError(f"build returned {type(model).__name__}, not a keras.Model")
    if fault := fault_of_compile(model):
        raise ModelError(fault)
    outputs = _built(model, input_shape)
    _check_inputs(model, input_shape)
    for layer in model.layers:
        output = getattr(layer, "output", None)
        if not isinstance(output, list | tuple | dict) and 0 in (
            getattr(output, "shape", None) or ()
        ):
            raise InfeasibleError(f"nothing is left of the image after layer {layer.name}")
    if not isinstance(outputs, tuple) or outputs != (None, num_classes):
        rule = f"build returned a network with output shape {outputs}, but the data have {num_classes} classes"
        hint = f'; end it in Dense({num_classes}, "softmax")' if outputs == (None, 1) else ""
        raise ModelError(f"{rule}{hint}")
    if fault := fault_of_activation(model):
        raise ModelError(fault)
    return model


def _called(
    build: Callable[..., Any],
    input_shape: tuple[int, ...],
    num_classes: int,
    parameters: Mapping[str, Scalar],
    training: TrainingSettings,
) -> Any:
    """What `build` returns, given the hyperparameters and by name what else it asks for."""
    offered = {
        **{name: getattr(training, name) for name in TrainingSettings.model_fields},
        "input_shape": input_shape,
        "num_classes": num_classes,
        "output_shape": (num_classes,),
    }
    first: list[Any] = []
    given: dict[str, Any] = dict(parameters)
    arguments = inspect.signature(build).parameters
    if any(one.kind is one.VAR_KEYWORD for one in arguments.values()):  # as of a decorator
        given = {"input_shape": input_shape, "num_classes": num_classes, **given}
    for name, one in arguments.items():
        if name in offered and name not in given:
            given[name] = offered[name]
        if one.kind is one.POSITIONAL_ONLY and name in given:
            first.append(given.pop(name))
    return build(*first, **given)


def _check_inputs(model: keras.Model, input_shape: tuple[int, ...]) -> None:
    """Makes sure that a network takes the images, and nothing else.

    Raises:
        ModelError: it does not.
    """
    inputs = getattr(model, "inputs", None) or ()
    if len(inputs) > 1:
        names = ", ".join(one.name for one in inputs)
        raise ModelError(
            f"build returned a network with {len(inputs)} inputs ({names}), but there is one to "
            "give: the images"
        )
    for one in inputs:
        taken = tuple(one.shape[1:])
        fits = len(taken) == len(input_shape) and all(
            size in (None, given) for size, given in zip(taken, input_shape, strict=True)
        )
        if not fits:
            raise ModelError(
                f"build returned a network for inputs of shape {taken}, but the images are "
                f"{input_shape}: begin with keras.Input(input_shape)"
            )


def _built(model: keras.Model, input_shape: tuple[int, ...]) -> Any:
    """Has a network its weights, and says the shape of what it gives, the images' number as None.

    Raises:
        InfeasibleError: it cannot be called on such images.
    """
    if not model.built and isinstance(model, keras.Sequential):
        model.build((None, *input_shape))
    shape = getattr(model, "output_shape", None)
    if shape is not None:
        return shape
    # A subclassed network has no graph: what it gives shows when it is called.
    try:
        outputs = model(np.zeros((1, *input_shape), np.float32), training=False)
    except ValueError as error:
        raise InfeasibleError(_first_line(error)) from error
    return keras.tree.map_structure(lambda one: (None, *one.shape[1:]), outputs)


def find_build(architecture: str, source: str | None) -> Callable[..., Any]:
    """The function that builds an architecture."""
    if source is None:
        build: Callable[..., Any] = catalog.load("architectures", architecture).build
        return build
    user_build: Callable[..., Any] = getattr(load(Path(source)), architecture.rpartition(":")[2])
    return user_build


def measure(model: keras.Model) -> NetworkSize:
    """Counts a network's weights and work."""
    return NetworkSize(
        parameters=int(model.count_params()),
        trainable_parameters=sum(math.prod(w.shape) for w in model.trainable_weights),
        # What a subclassed network does with its layers is not known.
        flops=count_flops(model) if hasattr(model, "output_shape") else None,
        momentum=largest_momentum(batch_norms(model)),
    )


def batch_norms(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    """The batch norms whose averages training moves, however deep; frozen ones hold theirs."""
    return [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization) and layer.built and layer.trainable
    ]


def largest_momentum(norms: Sequence[keras.layers.BatchNormalization]) -> float | None:
    """That of the averages that follow slowest; None where there are none."""
    return max((float(norm.momentum) for norm in norms), default=None)


def _first_line(error: Exception) -> str:
    """What went wrong, in a line: Keras puts the layer before it, in bold letters after it."""
    lines = [line.strip() for line in re.sub(r"\x1b\[\d+m", "", str(error)).splitlines()]
    found = [line for line in lines if line]
    if len(found) > 1 and found[0].startswith("Exception encountered when calling"):
        return found[1]
    return found[0] if found else type(error).__name__
