"""The arguments that a user's build function takes, read without running its file."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from pathlib import Path

from ablate.errors import InputError, Problem, did_you_mean

TRAIN = "train"
"""What a network is trained on: offered as well, unless a search space has a parameter of the name."""
OFFERED = ("input_shape", "num_classes", "output_shape", "output_activation", TRAIN)
"""What every build function is offered by name, besides training settings: the shape of an example, how
many classes there are, the shape of what the network gives for one, the activation that its task
asks of the last layer, and what it is trained on."""


@dataclass(frozen=True)
class BuildArguments:
    """What a build function takes besides what is `OFFERED`."""

    names: frozenset[str]
    """Hyperparameters, and training settings that it asks for."""
    required: frozenset[str]
    """Those without a default."""
    takes_any: bool
    """Whether it takes others too (``**parameters``)."""


def build_arguments(file: Path, function: str) -> BuildArguments:
    """What a build function takes, read without running it.

    It may be defined in the file, be another name or a ``functools.partial`` of one that is, or be
    imported from a file beside it.

    Raises:
        InputError: the file is not Python, or holds no such function.
    """
    return _arguments(file, function, ())


def _arguments(file: Path, function: str, above: tuple[tuple[Path, str], ...]) -> BuildArguments:
    """The arguments of what a name of a file stands for; `above` are the names that led there."""
    tree = _parsed(file)
    found = next((node for node in reversed(tree.body) if function in _bound(node)), None)
    if found is None:
        names = {name for node in tree.body for name in _bound(node) if _is_function(node)}
        hint = did_you_mean(function, names)
        raise InputError(Problem(str(file), f"no function {function} is defined there", hint=hint))
    names_seen = (*above, (file, function))
    value = getattr(found, "value", None)
    match found:
        case ast.FunctionDef():
            return _read(found.args)
        case ast.ImportFrom():
            name = next(a.name for a in found.names if (a.asname or a.name) == function)
            source = _beside(names_seen, found)
            if source is None or (source, name) in names_seen:
                module = "." * found.level + (found.module or "")
                raise _not_readable(file, function, f"imported from {module}, not a file beside it")
            return _arguments(source, name, names_seen)
        case ast.ClassDef():
            raise _not_readable(file, function, "a class")
        case ast.Import():
            raise _not_readable(file, function, "a module")
    match value:
        case ast.Lambda():
            return _read(value.args)
        case ast.Name(id=name) if (file, name) not in names_seen:
            return _arguments(file, name, names_seen)
        case ast.Call(args=[ast.Name(id=name)]) if _is_partial(value) and name != function:
            inner = _arguments(file, name, names_seen)
            given = {keyword.arg for keyword in value.keywords if keyword.arg is not None}
            return replace(inner, required=inner.required - given)
    raise _not_readable(file, function, "made by what the file does when it runs")


def _parsed(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_bytes(), filename=str(file))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f"{file}: line {line}" if line else str(file)
        reason = getattr(error, "msg", str(error))
        raise InputError(Problem(where, f"not valid Python: {reason}")) from error


def _bound(node: ast.stmt) -> set[str]:
    """The names that a statement gives a value."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {node.name}
        case ast.Assign():
            return {target.id for target in node.targets if isinstance(target, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
        case ast.Import() | ast.ImportFrom():
            return {alias.asname or alias.name for alias in node.names}
    return set()


def _is_function(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef)


def _is_partial(call: ast.Call) -> bool:
    return ast.unparse(call.func) in ("partial", "functools.partial")


def _beside(names_seen: tuple[tuple[Path, str], ...], node: ast.ImportFrom) -> Path | None:
    """The file that is imported from, below the folder of the first one; None where there is none.

    That folder is where Python looks when the file runs; only a package's files know of neighbours.
    """
    (first, _), (file, _) = names_seen[0], names_seen[-1]
    if node.level and file == first:
        return None
    folder = file.parents[node.level - 1] if node.level else first.parent
    path = folder.joinpath(*(node.module or "").split("."))
    places = (path / "__init__.py", path.with_name(f"{path.name}.py"))
    return next((place for place in places if place.is_file()), None)


def _not_readable(file: Path, function: str, kind: str) -> InputError:
    rule = f"{function} is {kind}: what it takes cannot be read without running it"
    hint = f"define a function there: def {function}(input_shape, num_classes, *, ...)"
    return InputError(Problem(str(file), rule, hint=hint))


def _read(arguments: ast.arguments) -> BuildArguments:
    """A function's arguments, but those that every network is offered."""
    positional = [argument.arg for argument in arguments.posonlyargs + arguments.args]
    without_default = positional[: len(positional) - len(arguments.defaults)]
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    without_default += [argument.arg for argument, default in keywords if default is None]
    keyword_only = [argument.arg for argument in arguments.kwonlyargs]
    return BuildArguments(
        names=frozenset(positional + keyword_only).difference(OFFERED)
        | ({TRAIN} & {*positional, *keyword_only}),
        required=frozenset(without_default).difference(OFFERED),
        takes_any=arguments.kwarg is not None,
    )
