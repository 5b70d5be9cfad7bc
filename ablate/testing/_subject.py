"""What is checked, and how a promise that it does not keep is told."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from ablate import catalog
from ablate.errors import Problem

NOUNS: dict[catalog.Kind, str] = {
    "datasets": "data set",
    "architectures": "architecture",
    "report_formats": "report format",
}


@dataclass(frozen=True)
class Subject:
    """A data set, architecture or report format that is checked."""

    where: str
    """What every message begins with, for example ``data set line``."""
    module: ModuleType

    @classmethod
    def load(cls, kind: catalog.Kind, name: str) -> Subject:
        """The module that a study gets under that name.

        Raises:
            AssertionError: there is none, it cannot be imported, or it hides another one.
        """
        from importlib.metadata import entry_points

        where, group = f"{NOUNS[kind]} {name}", f"ablate.{kind}"
        table = f'[project.entry-points."{group}"] in pyproject.toml'
        found = catalog.find(kind, name)
        if found is None:
            hint = f"register it under {table}, and install the package again"
            raise broken(where, "is not installed", hint=hint)
        hidden = {entry.module for entry in entry_points(group=group, name=name)} - {found}
        if hidden:
            rule = f"{', '.join(sorted(hidden))} is never used: {found} has the same name"
            raise broken(where, rule, hint=f"register it under another name in {table}")
        try:
            return cls(where, importlib.import_module(found))
        except ImportError as error:
            rule = f"{found} cannot be imported: {error}"
            raise broken(where, rule, hint=f"look at {table}") from error

    def expect(self, kept: bool, rule: str, *, found: Any = None, hint: str = "") -> None:
        """Makes sure of a promise.

        Raises:
            AssertionError: it is not kept.
        """
        if not kept:
            raise self.broken(rule, found=found, hint=hint)

    def broken(self, rule: str, *, found: Any = None, hint: str = "") -> AssertionError:
        """A promise that is not kept, to be raised."""
        return broken(self.where, rule, found=found, hint=hint)


def broken(where: str, rule: str, *, found: Any = None, hint: str = "") -> AssertionError:
    """A promise that is not kept: what was expected, what was found and what to do."""
    return AssertionError(str(Problem(where, rule, found=found, hint=hint)))
