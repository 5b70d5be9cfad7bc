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

from ablate import catalog, tasks
from ablate.document.words import called
from ablate.spec.data import InputShape
from ablate.spec.space import Scalar
from ablate.spec.training import TrainingSettings
from ablate.tasks import Task
from ablate.training.flops import count_flops
from ablate.training.outputs import any_examples, fault_of_activation
from ablate.training.user_compile import fault_of_compile
from ablate.user_code.imported import load

CLASSIFICATION = tasks.find(tasks.DEFAULT)


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
    input_shape: InputShape,
    values: int,
    parameters: Mapping[str, Scalar],
    training: TrainingSettings | None = None,
    task: Task = CLASSIFICATION,
    train: Any = None,
) -> keras.Model:
    """Builds a network.

    Args:
        architecture: the name of an architecture, or ``file.py:function``.
        source: the Python file of a user's own architecture.
        input_shape: the shape of one example; of several inputs each, by name.
        values: how many classes, labels or numbers there are.
        parameters: hyperparameters of `build`.
        training: how it will be trained, for a `build` that asks for some of it; the defaults unless
            given.
        task: what its outputs mean.
        train: what it is trained on, for a `build` that asks for it, as for `Normalization.adapt`:
            `TrainingData`, or the user's own stream.

    Raises:
        InfeasibleError: `build` raised ValueError, or some layer has nothing left to work on.
        ModelError: `build` returned something else than a network that gives what the task says,
            or one whose own optimizer and loss take the place of what the study says.
    """
    build = find_build(architecture, source)
    try:
        offered = _offered(input_shape, values, training or TrainingSettings(), task, train)
        model = _called(build, offered, parameters)
    except ValueError as error:
        raise InfeasibleError(_first_line(error)) from error
    if not isinstance(model, keras.Model):
        raise ModelError(f"build returned {type(model).__name__}, not a keras.Model")
    if count := _several(getattr(model, "output_shape", None)):
        rule = f"build returned a network with {count} outputs, and a {task.name} has one"
        raise ModelError(f"{rule}: return the one that is measured")
    asked = inspect.signature(build).parameters
    if fault := fault_of_compile(model, training or TrainingSettings(), task, asked):
        raise ModelError(fault)
    outputs = _built(model, input_shape)
    _check_inputs(model, input_shape)
    for layer in model.layers:
        output = getattr(layer, "output", None)
        if not isinstance(output, list | tuple | dict) and 0 in (
            getattr(output, "shape", None) or ()
        ):
            example = called(input_shape).removesuffix("s")
            raise InfeasibleError(f"nothing is left of the {example} after layer {layer.name}")
    if not isinstance(outputs, tuple) or outputs != (None, task.units(values)):
        raise ModelError(_fault_of_shape(outputs, values, task))
    if fault := fault_of_activation(model, task):
        raise ModelError(fault)
    return model


def _several(outputs: Any) -> int | None:
    """How many outputs a network has; None where it has one."""
    shapes = list(outputs.values()) if isinstance(outputs, Mapping) else outputs
    is_several = isinstance(shapes, list | tuple) and len(shapes) > 1
    return len(shapes) if is_several and isinstance(shapes[0], list | tuple) else None


def _fault_of_shape(outputs: Any, values: int, task: Task) -> str:
    """Why a network of such outputs does not fit its task."""
    has = {"distribution": f"{values} classes", "numbers": f"{values} numbers to predict"}
    told = has.get(task.outputs, f"{values} labels")
    if task.has_classes and task.outputs == "shares":
        told = f"one probability to give, that of the positive class (task = {task.name!r})"
    rule = f"build returned a network with output shape {outputs}, but the data have {told}"
    if outputs == (None, 1) or task.outputs != "distribution":
        rule += f"; end it in {task.ending(values)}"
    if outputs == (None, 1) and values == 2 and task.outputs == "distribution":
        rule += ', or set task = "binary_classification" under [study]'
    return rule


ACTIVATIONS = {"distribution": "softmax", "shares": "sigmoid", "numbers": "linear"}
"""That of a last layer, for what a task's networks give."""


def _offered(
    input_shape: InputShape,
    values: int,
    training: TrainingSettings,
    task: Task,
    train: Any,
) -> dict[str, Any]:
    """All that a `build` may ask for besides its hyperparameters, by name."""
    classes = {} if task.outputs == "numbers" else {"num_classes": values}
    return {
        **{name: getattr(training, name) for name in TrainingSettings.model_fields},
        **classes,
        "input_shape": input_shape,
        "output_shape": (task.units(values),),
        "output_activation": ACTIVATIONS[task.outputs],
        **({} if train is None else {"train": train}),
    }


def _called(
    build: Callable[..., Any], offered: Mapping[str, Any], parameters: Mapping[str, Scalar]
) -> Any:
    """What `build` returns, given the hyperparameters and by name what else it asks for.

    Raises:
        ModelError: it asks for a number of classes, and there are none.
    """
    first: list[Any] = []
    given: dict[str, Any] = dict(parameters)
    arguments = inspect.signature(build).parameters
    if any(one.kind is one.VAR_KEYWORD for one in arguments.values()):  # as of a decorator
        usual = {name: offered[name] for name in ("input_shape", "num_classes") if name in offered}
        given = {**usual, **given}
    asked = arguments.get("num_classes")
    if "num_classes" not in offered and asked is not None and asked.default is asked.empty:
        rule = "build asks for num_classes, but the targets are numbers and no classes"
        raise ModelError(f"{rule}: ask for output_shape, and end it in Dense(*output_shape)")
    for name, one in arguments.items():
        if name in offered and name not in given:
            given[name] = offered[name]
        if one.kind is one.POSITIONAL_ONLY and name in given:
            first.append(given.pop(name))
    return build(*first, **given)


def _check_inputs(model: keras.Model, input_shape: InputShape) -> None:
    """Makes sure that a network takes the examples, and nothing else.

    Raises:
        ModelError: it does not.
    """
    inputs = getattr(model, "inputs", None) or ()
    if isinstance(input_shape, Mapping):
        _check_names([one.name for one in inputs], input_shape)
        return
    if len(inputs) > 1:
        names = ", ".join(one.name for one in inputs)
        raise ModelError(
            f"build returned a network with {len(inputs)} inputs ({names}), but there is one to "
            f"give: the {called(input_shape)}"
        )
    for one in inputs:
        taken = tuple(one.shape[1:])
        fits = len(taken) == len(input_shape) and all(
            size in (None, given) for size, given in zip(taken, input_shape, strict=True)
        )
        if not fits:
            raise ModelError(
                f"build returned a network for inputs of shape {taken}, but the "
                f"{called(input_shape)} are {input_shape}: begin with keras.Input(input_shape)"
            )


def _check_names(names: Sequence[str], input_shape: Mapping[str, tuple[int, ...]]) -> None:
    """Makes sure that a network's inputs are called like those of the data.

    Raises:
        ModelError: they are not.
    """
    if names and set(names) != set(input_shape):
        has, asked = ", ".join(sorted(input_shape)), ", ".join(sorted(names))
        raise ModelError(
            f"build returned a network with the inputs {asked}, but the data have {has}: give each "
            "keras.Input the name of its input"
        )


def _built(model: keras.Model, input_shape: InputShape) -> Any:
    """Has a network its weights, and says the shape of what it gives, the images' number as None.

    Raises:
        InfeasibleError: it cannot be called on such images.
    """
    is_one = not isinstance(input_shape, Mapping)
    if not model.built and isinstance(model, keras.Sequential) and is_one:
        model.build((None, *input_shape))
    shape = getattr(model, "output_shape", None)
    if shape is not None:
        return shape
    # A subclassed network has no graph: what it gives shows when it is called.
    try:
        outputs = model(any_examples(input_shape, 1, np.random.default_rng(0)), training=False)
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


def asks_for_data(architecture: str, source: str | None, parameters: Mapping[str, Scalar]) -> bool:
    """Whether a `build` asks for what it is trained on, and means no hyperparameter of that name."""
    build = find_build(architecture, source)
    return "train" in inspect.signature(build).parameters and "train" not in parameters


def measure(model: keras.Model) -> NetworkSize:
    """Counts a network's weights and work."""
    return NetworkSize(
        parameters=int(model.count_params()),
        trainable_parameters=sum(math.prod(w.shape) for w in model.trainable_weights),
        flops=count_flops(model),
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
