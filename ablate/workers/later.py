"""Workers load what Keras imports but never uses by itself when somebody asks for it."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

LATER = ("matplotlib.pyplot", "matplotlib.patches")
"""For `keras.visualization` alone: a third of a second of 4.8 of imports, on a slow machine."""


def load_later() -> None:
    """Has the modules that are not yet loaded stay so until something of them is asked for."""
    if not any(isinstance(one, _Finder) for one in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def _load_now(name: str) -> ModuleType:
    """Takes all stand-ins away, and imports what one of them stands for."""
    sys.meta_path[:] = [one for one in sys.meta_path if not isinstance(one, _Finder)]
    for other in LATER:
        package, _, last = other.rpartition(".")
        if isinstance(sys.modules.get(other), _StandIn):
            del sys.modules[other]
            delattr(sys.modules[package], last)
    return importlib.import_module(name)


class _Finder:
    """Finds a stand-in for a module; is its loader, too."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        found = PathFinder.find_spec(name, path, target) if name in LATER else None
        return found and ModuleSpec(name, self, origin=found.origin)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        # `inspect` asks every module for it, and TensorFlow asks `inspect` where functions come from.
        module.__file__ = None if module.__spec__ is None else module.__spec__.origin


class _StandIn(ModuleType):
    """Gives what a module has, and loads it for that."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(_load_now(self.__name__), name)
