"""Networks that are trained again without being traced and compiled again.

Keras traces a program for each network that is fitted, and compiles it: of a short training most
of its time, and with TensorFlow memory that never comes back. Two trainings of one configuration
differ in nothing but the values of their variables. So the network of an earlier training is
kept, and gets the values that a new one has been given.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import keras

from ablate.spec import TrainingSettings

MOST_BYTES = 2**30
"""Memory that the kept networks of a worker may hold together."""
PROGRAM_BYTES = 24 * 2**20
"""About what the traced program of a network holds, besides its variables."""
IN_VARIABLES = {"learning_rate", "decay_rate", "epochs", "batch_size"}
"""Training settings that a compiled network holds in variables, or not at all."""
OF_CALLBACKS = {"plateau", "early_stopping", "checkpoint"}
"""Training settings that the compiled network knows nothing of."""
OURS = ("keras", "tensorflow", "jax", "jaxlib", "builtins", "collections", "inspect", "threading")
"""Where the classes and functions come from that a network may consist of and be kept."""
TUPLES = {"__tuple__", "__keras_tensor__"}
"""What stands for no class in a network's configuration."""


@dataclass
class KeptNetworks:
    """Compiled networks, the one that was used last at the end."""

    most_bytes: int = MOST_BYTES
    _kept: dict[str, keras.Model] = field(default_factory=dict)
    _bytes: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._kept)

    def exchange(self, model: keras.Model, settings: TrainingSettings) -> keras.Model:
        """A network to be trained in place of one that was just built and compiled.

        Args:
            model: the new network, compiled as the settings say.
            settings: how it is trained.

        Returns:
            An earlier network with all values of the new one, where the two are the same but for
            their values; otherwise the new one, which is kept where that can be.
        """
        model.optimizer.build(model.trainable_variables)
        key = _description(model, settings)
        if key is None:
            return model
        network = self._kept.pop(key, None)
        if network is None:
            network = model
            self._bytes[key] = _size(model)
        else:
            for variable, value in zip(_variables(network), _variables(model), strict=True):
                variable.assign(value)
        self._kept[key] = network
        self._forget_oldest()
        return network

    @contextmanager
    def forgotten_on_error(self, model: keras.Model) -> Iterator[None]:
        """Keeps a network no longer where an exception leaves it in an unknown state."""
        try:
            yield
        except BaseException:
            for key in [key for key, kept in self._kept.items() if kept is model]:
                del self._kept[key], self._bytes[key]
            raise

    def _forget_oldest(self) -> None:
        while sum(self._bytes.values()) > self.most_bytes:
            oldest = next(iter(self._kept))
            del self._kept[oldest], self._bytes[oldest]


def _size(model: keras.Model) -> int:
    """About how many bytes a network holds."""
    values: int = sum(math.prod(one.shape) for one in _variables(model))
    return PROGRAM_BYTES + 4 * values


def _variables(model: keras.Model) -> list[Any]:
    return [*model.variables, *model.optimizer.variables]


def _description(model: keras.Model, settings: TrainingSettings) -> str | None:
    """All of a compiled network but the values of its variables; None where that is not known.

    A network's configuration tells everything of Keras's own layers, and nothing of what a user's
    code does or holds.
    """
    if not all(_is_kerass(layer) for layer in model._flatten_layers()):
        return None
    try:
        config = model.get_config()
        compiled = settings.model_dump(exclude=IN_VARIABLES | OF_CALLBACKS)
        if not all(_is_known(one) for one in _objects(config)):
            return None
        return json.dumps([type(model).__name__, config, compiled])
    except (NotImplementedError, TypeError, ValueError):  # what cannot be written down
        return None


def _objects(config: Any) -> Iterator[Mapping[str, Any]]:
    """The classes and functions in a configuration, as Keras writes them."""
    if isinstance(config, dict):
        if "class_name" in config:
            yield config
        for value in config.values():
            yield from _objects(value)
    elif isinstance(config, list | tuple):
        for value in config:
            yield from _objects(value)


def _is_known(written: Mapping[str, Any]) -> bool:
    """Whether it is a class of Keras's, and no array, lambda or function."""
    if written["class_name"] in TUPLES:
        return True
    return str(written.get("module") or "").partition(".")[0] == "keras"


def _is_kerass(layer: Any) -> bool:
    """Whether a layer is of Keras's own, and holds nothing that its configuration does not tell.

    A function called ``relu`` is written as Keras's own is, and what `adapt` has learnt is held as
    a constant.
    """
    return (
        _is_of_ours(type(layer))
        and not hasattr(layer, "adapt")
        and all(_is_plain(value) for value in vars(layer).values())
    )


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple | set | frozenset):
        return all(_is_plain(one) for one in value)
    if isinstance(value, dict):
        return all(_is_plain(one) for one in value.values())
    if isinstance(value, FunctionType | BuiltinFunctionType | MethodType | type):
        return _is_of_ours(value)
    if isinstance(value, keras.Variable | keras.KerasTensor):
        return True
    is_array = hasattr(value, "shape") and hasattr(value, "dtype")
    return _is_of_ours(type(value)) and not (is_array and not _is_of_ours(type(value), ("keras",)))


def _is_of_ours(thing: Any, packages: tuple[str, ...] = OURS) -> bool:
    return str(thing.__module__).partition(".")[0] in packages
