"""What the outputs of a network mean: one file for each task, found by its name."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from ablate.tasks._base import Task

__all__ = ["DEFAULT", "Task", "find", "names"]

DEFAULT = "classification"
"""The task of a data set that names none."""


@cache
def names() -> tuple[str, ...]:
    """All tasks, in alphabetical order."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in found if not name.startswith("_")))


@cache
def find(name: str) -> Task:
    """The task of a name.

    Raises:
        KeyError: there is none.
    """
    if name not in names():
        raise KeyError(name)
    task: Task = importlib.import_module(f"{__name__}.{name}").TASK
    return task
