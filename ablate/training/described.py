"""All that a Keras network consists of, written down: two that read the same compute the same.

A network's own configuration is not enough for that. It leaves out what was changed on a layer or
a variable afterwards, calls two functions of one name the same, and does not tell which layers are
shared. So every object is walked that can be reached from the network, attribute by attribute.
"""

from __future__ import annotations

import inspect
import sys
from itertools import chain
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import keras

from ablate.backends import BACKENDS

_TRACING = (backend.modules for backend in BACKENDS.values() if backend.traces)
OURS = ("keras", *chain(*_TRACING), "builtins", "collections", "inspect")
"""Where the classes and functions come from that are known to compute what their name says. Of the
objects of others than Keras's only containers are written: a function that was compiled or given
some of its arguments does not tell which it is."""
OWN = ("ablate.training.outputs", "ablate.training.metrics", "ablate.training.optimizer")
"""Where metrics and schedules of ablate's own come from, which hold what Keras's do."""
OPAQUE = ("threading", "_thread", "weakref", "abc")
"""Where classes come from that have no part in what is computed."""
KNOWN = ("_DefaultDistributionStrategy",)
"""Classes of TensorFlow's of which every network holds the same object."""
KERAS = str(Path(keras.__file__).parent)
HIDDEN = ("_value", "_tracker", "_initial_seed", "_trainable_variables_indices", "_nodes")
"""Attributes that may differ: the value of a variable, and what only keeps books of the others by
numbers that are drawn anew for each."""

TENSORFLOWS = "_self_"
"""How attributes begin in which TensorFlow notes once more what an object holds."""


class UnknownError(Exception):
    """Something is reached whose work is not known: a user's code, or an array of numbers."""


def described(network: keras.Model) -> Any:
    """A network as plain JSON.

    Raises:
        UnknownError: not all of it is Keras's own, or it holds numbers outside of its variables.
        RecursionError: it is too deep.
    """
    return _Walk().write(network)


class _Walk:
    """Writes each object once, and then by its number, so that it shows what is shared."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._written: list[Any] = []
        """What was written, so that no other object gets the address of one that is gone."""

    def write(self, thing: Any) -> Any:
        if thing is None or isinstance(thing, bool | int | float | str | bytes | complex):
            return repr(thing)
        if isinstance(thing, FunctionType) and not _is_found(thing):
            return self._inner_function(thing)
        if isinstance(thing, FunctionType | BuiltinFunctionType | type):
            return _name(thing)
        if isinstance(thing, MethodType):
            return [self.write(thing.__self__), self.write(thing.__func__)]
        module = type(thing).__module__
        package = "keras" if module in OWN else module.partition(".")[0]
        if package not in OURS + OPAQUE:
            raise UnknownError(type(thing))
        if id(thing) in self._numbers:
            return self._numbers[id(thing)]
        self._numbers[id(thing)] = len(self._written)
        self._written.append(thing)
        return [type(thing).__qualname__, self._parts(thing, package)]

    def _inner_function(self, function: FunctionType) -> Any:
        """A function that was made inside another, of Keras's code, with what it encloses."""
        if not function.__code__.co_filename.startswith(KERAS):
            raise UnknownError(function)
        cells = [cell.cell_contents for cell in function.__closure__ or ()]
        cells += function.__defaults__ or ()
        return [function.__code__.co_qualname, [self.write(one) for one in cells]]

    def _parts(self, thing: Any, package: str) -> Any:
        if isinstance(thing, dict):
            return [[self.write(key), self.write(value)] for key, value in thing.items()]
        if isinstance(thing, set | frozenset):
            return sorted(str(self.write(one)) for one in thing)
        if isinstance(thing, list | tuple):
            return [self.write(one) for one in thing]
        if isinstance(thing, ModuleType):
            return thing.__name__
        if package in OPAQUE or isinstance(thing, inspect.Signature):
            return None
        if type(thing).__name__ in KNOWN:
            return None
        if package != "keras":
            raise UnknownError(type(thing))
        if isinstance(thing, keras.initializers.Initializer):
            return None  # what it draws are values of variables
        held = getattr(thing, "__dict__", {})
        return {name: self.write(held[name]) for name in held if not _is_hidden(name)}


def _is_hidden(attribute: str) -> bool:
    return attribute in HIDDEN or attribute.startswith(TENSORFLOWS)


def _is_found(thing: Any) -> bool:
    """Whether a function or class is what its full name says, and comes from a known package."""
    module = str(getattr(thing, "__module__", None))
    found: Any = sys.modules.get(module)
    for name in thing.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is thing and module.partition(".")[0] in OURS + OPAQUE


def _name(thing: Any) -> str:
    if not _is_found(thing):
        raise UnknownError(thing)
    return f"{thing.__module__}.{thing.__qualname__}"
