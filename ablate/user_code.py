"""A user's Python file: digested, its arguments read without running it, and imported."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from ablate.errors import InputError, Problem, did_you_mean


def file_digest(file: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


@dataclass(frozen=True)
class BuildArguments:
    """The hyperparameters that a build function takes."""

    names: frozenset[str]
    required: frozenset[str]
    """Those without a default."""
    takes_any: bool
    """Whether it takes others too (``**parameters``)."""


def build_arguments(file: Path, function: str) -> BuildArguments:
    """What a build function takes besides the image shape and the classes, read without running it.

    Raises:
        InputError: the file is not Python, or does not define the function.
    """
    try:
        tree = ast.parse(file.read_bytes(), filename=str(file))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f"{file}: line {line}" if line else str(file)
        reason = getattr(error, "msg", str(error))
        raise InputError(Problem(where, f"not valid Python: {reason}")) from error
    defined = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if function not in defined:
        hint = did_you_mean(function, defined)
        rule = f"no function {function} is defined there"
        raise InputError(Problem(str(file), rule, hint=hint))
    arguments = defined[function].args
    positional = [argument.arg for argument in arguments.posonlyargs + arguments.args]
    if positional[:2] != ["input_shape", "num_classes"]:
        rule = f"{function} must start with the arguments input_shape and num_classes"
        found = ", ".join(positional[:2])
        raise InputError(Problem(str(file), rule, found=found))
    without_default = positional[2 : len(positional) - len(arguments.defaults)]
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    without_default += [argument.arg for argument, default in keywords if default is None]
    keyword_only = [argument.arg for argument in arguments.kwonlyargs]
    return BuildArguments(
        names=frozenset(positional[2:] + keyword_only),
        required=frozenset(without_default),
        takes_any=arguments.kwarg is not None,
    )


def load(file: Path) -> ModuleType:
    """Imports a file, which may import its neighbours."""
    name = f"ablate_user_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    folder = str(file.parent)
    sys.path.insert(0, folder)
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(folder)
    return module
