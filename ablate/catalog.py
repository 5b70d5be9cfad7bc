"""What can be found by name: data sets, architectures, report formats, shipped TOML files.

A file's name is its registered name; names with a leading underscore are helpers. Other
packages add theirs by an entry-point group. Finding imports nothing: a module is imported
only when it is used.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import pkgutil
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Literal

from ablate.errors import InputError, Problem, did_you_mean

Kind = Literal["datasets", "architectures", "report_formats"]
_FOLDERS = {
    "datasets": "ablate.datasets",
    "architectures": "ablate.architectures",
    "report_formats": "ablate.report.formats",
}


def available(kind: Kind) -> dict[str, str]:
    """Every name of a kind with its module's dotted path, sorted by name."""
    from importlib.metadata import entry_points

    found = _shipped_modules(kind)
    for entry in entry_points(group=f"ablate.{kind}"):
        found.setdefault(entry.name, entry.module)
    return dict(sorted(found.items()))


def find(kind: Kind, name: str) -> str | None:
    """The dotted path of the module that a name stands for; None where there is no such name.

    Other packages are asked, which takes a while, only for a name that is not shipped.
    """
    return _shipped_modules(kind).get(name) or available(kind).get(name)


def _shipped_modules(kind: Kind) -> dict[str, str]:
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


def file_digest(file: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


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


@dataclass(frozen=True)
class BuildArguments:
    """The hyperparameters that a build function takes."""

    names: frozenset[str]
    required: frozenset[str]
    """Those without a default."""
    takes_any: bool
    """Whether it takes others too (``**parameters``)."""


def build_arguments(file: ArchitectureFile) -> BuildArguments:
    """What a build function takes besides the image shape and the classes, read without running it.

    Raises:
        InputError: the file is not Python, or does not define the function.
    """
    try:
        tree = ast.parse(file.source.read_bytes(), filename=str(file.source))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f"{file.source}: line {line}" if line else str(file.source)
        reason = getattr(error, "msg", str(error))
        raise InputError(Problem(where, f"not valid Python: {reason}")) from error
    defined = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if file.function not in defined:
        hint = did_you_mean(file.function, defined)
        rule = f"no function {file.function} is defined there"
        raise InputError(Problem(str(file.source), rule, hint=hint))
    arguments = defined[file.function].args
    positional = [argument.arg for argument in arguments.posonlyargs + arguments.args]
    if positional[:2] != ["input_shape", "num_classes"]:
        rule = f"{file.function} must start with the arguments input_shape and num_classes"
        found = ", ".join(positional[:2])
        raise InputError(Problem(str(file.source), rule, found=found))
    without_default = positional[2 : len(positional) - len(arguments.defaults)]
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    without_default += [argument.arg for argument, default in keywords if default is None]
    keyword_only = [argument.arg for argument in arguments.kwonlyargs]
    return BuildArguments(
        names=frozenset(positional[2:] + keyword_only),
        required=frozenset(without_default),
        takes_any=arguments.kwarg is not None,
    )
