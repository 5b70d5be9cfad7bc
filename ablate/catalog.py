"""What can be found by name: data sets, architectures, report formats, shipped TOML files.

A file's name is its registered name; names with a leading underscore are helpers. Other
packages add theirs by an entry-point group. Finding imports nothing: a module is imported
only when it is used.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Literal

from ablate.errors import InputError, Problem, did_you_mean
from ablate.files import file_digest
from ablate.user_code.arguments import BuildArguments, build_arguments

Kind = Literal["datasets", "architectures", "report_formats"]
_FOLDERS = {
    "datasets": "ablate.datasets",
    "architectures": "ablate.architectures",
    "report_formats": "ablate.report.formats",
}


def available(kind: Kind) -> dict[str, str]:
    """Every name of a kind with its module's dotted path, sorted by name."""
    from importlib.metadata import entry_points

    found = shipped_modules(kind)
    for entry in entry_points(group=f"ablate.{kind}"):
        found.setdefault(entry.name, entry.module)
    return dict(sorted(found.items()))


def find(kind: Kind, name: str) -> str | None:
    """The dotted path of the module that a name stands for; None where there is no such name.

    Other packages are asked, which takes a while, only for a name that is not shipped.
    """
    return shipped_modules(kind).get(name) or available(kind).get(name)


def shipped_modules(kind: Kind) -> dict[str, str]:
    """The names of a kind that come with ablate, each with its module's dotted path."""
    package = _FOLDERS[kind]
    folder = Path(__file__).parent.joinpath(*package.split(".")[1:])
    return {
        module.name: f"{package}.{module.name}"
        for module in pkgutil.iter_modules([str(folder)])
        if not module.name.startswith("_")
    }


def load(kind: Kind, name: str) -> ModuleType:
    """Imports the module that a name stands for.

    Raises:
        InputError: there is no such name.
    """
    module = find(kind, name)
    if module is None:
        word = kind.removesuffix("s").replace("_", " ").replace("dataset", "data set")
        hint = did_you_mean(name, available(kind))
        raise InputError(Problem(name, f"unknown {word}", hint=hint))
    return importlib.import_module(module)


def shipped(folder: Literal["studies", "search_spaces"]) -> dict[str, Path]:
    """The TOML files that come with ablate, by name."""
    root = Path(str(files(f"ablate.{folder}")))
    return {path.stem: path for path in sorted(root.glob("*.toml"))}


@dataclass(frozen=True)
class ArchitectureFile:
    """Where an architecture is written."""

    source: Path
    """The Python file."""
    function: str
    """The function in it that builds the network."""
    is_users: bool
    """Whether the file is the user's own, named by its path."""

    @property
    def digest(self) -> str:
        """SHA-256 of the file."""
        return file_digest(self.source)


def find_architecture(architecture: str, folder: Path) -> ArchitectureFile:
    """Finds an architecture by name, or as ``file.py:function`` relative to `folder`.

    Raises:
        InputError: there is no such name or file.
    """
    if ".py" in architecture:
        file, _, function = architecture.rpartition(":")
        if not file or not function.isidentifier():
            rule = 'an architecture in a file is written "file.py:function"'
            raise InputError(Problem(architecture, rule))
        source = (folder / file).resolve()
        if not source.is_file():
            raise InputError(Problem(str(source), "there is no such file"))
        return ArchitectureFile(source, function, is_users=True)
    module = find("architectures", architecture)
    if module is None:
        hint = did_you_mean(architecture, available("architectures"))
        raise InputError(Problem(architecture, "unknown architecture", hint=hint))
    spec = importlib.util.find_spec(module)
    assert spec is not None and spec.origin is not None
    return ArchitectureFile(Path(spec.origin), "build", is_users=False)


def arguments_of(architecture: ArchitectureFile) -> BuildArguments:
    """What the function that builds an architecture takes besides the image shape and the classes.

    Raises:
        InputError: the file is not Python, or does not define the function.
    """
    return build_arguments(architecture.source, architecture.function)
