"""Search-space files: ``search_spaces/NAME.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ablate.catalog import ArchitectureFile, build_arguments, find_architecture, shipped
from ablate.config.toml import read_toml
from ablate.config.validation import validate
from ablate.errors import InputError, Problem, did_you_mean
from ablate.space import Choices, Domain, Frozen, Parameter, Range, Scalar, SearchSpace
from ablate.spec import TrainingSettings

RESERVED = {"trials", "sampler", "pruner", "parameters", "design", "seeds"}
"""Names with a meaning of their own in a study file."""
OWN_KEYS = ("default", "off", "when")
TABLE_RULE = "must be a table: { low = ..., high = ... } or { choices = [...] }"


class _Header(Frozen):
    architecture: str
    description: str = ""
    parameters: Mapping[str, Any]


def find_search_space(name: str, folder: Path) -> Path:
    """The file of a shipped search space, or of a path (ending in .toml) relative to `folder`.

    Raises:
        InputError: there is no such search space.
    """
    if name.endswith(".toml"):
        path = folder / name
        if not path.is_file():
            raise InputError(Problem(str(path), "there is no such search space"))
        return path
    known = shipped("search_spaces")
    if name not in known:
        rule = "unknown search space"
        hint = did_you_mean(name, known)
        raise InputError(Problem(name, rule, hint=f"{hint} A file of yours ends in .toml"))
    return known[name]


def load_search_space(path: Path) -> tuple[SearchSpace, ArchitectureFile]:
    """Reads and checks a search space, and finds the architecture that it describes.

    Raises:
        InputError: anything in the file is wrong.
    """
    where = str(path)
    problems: list[Problem] = []
    header = validate(_Header, read_toml(path), where, "", problems)
    if header is None:
        raise InputError(*problems)
    parameters = [
        parameter
        for name, table in header.parameters.items()
        if (parameter := parse_parameter(name, table, where, f"parameters.{name}", problems))
    ]
    ordered = _conditions_first(parameters, set(header.parameters), where, problems)
    architecture = None
    try:
        architecture = find_architecture(header.architecture, path.parent)
        problems += _not_taken(architecture, header, where)
    except InputError as error:
        problems += [
            Problem(where, f"{p.where}: {p.rule}", "architecture", p.found, p.hint)
            for p in error.problems
            if isinstance(p, Problem)
        ]
    if problems or architecture is None:
        raise InputError(*problems)
    space = SearchSpace(
        name=path.stem,
        description=header.description,
        architecture=header.architecture,
        parameters=tuple(ordered),
    )
    return space, architecture


def parse_parameter(
    name: str, table: Any, where: str, key: str, problems: list[Problem], needs_default: bool = True
) -> Parameter | None:
    """A parameter from its table; adds what is wrong to `problems` and then returns None.

    Args:
        name: the parameter's name.
        table: ``{ low, high, step, log }`` or ``{ choices }``, with default, off and when.
        where: the file.
        key: the table's dotted key.
        problems: what is wrong with the file so far.
        needs_default: whether the table must name a default; else it is the domain's first value.
    """
    before = len(problems)
    if not isinstance(table, Mapping):
        problems.append(Problem(where, TABLE_RULE, key, table))
        return None
    if not name.isidentifier():
        problems.append(Problem(where, "a parameter's name must be a Python name", key))
    if name in RESERVED:
        problems.append(Problem(where, "this name has a meaning of its own in study files", key))
    domain = parse_domain(
        {k: v for k, v in table.items() if k not in OWN_KEYS}, where, key, problems
    )
    own: dict[str, Any] = {"default": table.get("default"), "off": table.get("off")}
    if own["default"] is None and not needs_default:
        own["default"] = domain.ends()[0] if domain is not None else None
    elif own["default"] is None:
        problems.append(Problem(where, "is required", f"{key}.default"))
    for own_key, value in own.items():
        if domain is not None and value is not None and value not in domain:
            rule = f"must lie in the domain ({domain})"
            problems.append(Problem(where, rule, f"{key}.{own_key}", value))
    when = _condition(table.get("when", {}), where, f"{key}.when", problems)
    if domain is None or len(problems) > before:
        return None
    if isinstance(domain, Range) and not domain.is_integer:
        own = {k: float(v) if v is not None else None for k, v in own.items()}
    return Parameter(name=name, domain=domain, when=when, **own)


def parse_domain(
    table: Mapping[str, Any], where: str, key: str, problems: list[Problem]
) -> Domain | None:
    """A domain from its keys; adds what is wrong to `problems` and then returns None."""
    model: type[Range] | type[Choices] = Choices if "choices" in table else Range
    return validate(model, table, where, key, problems)


def _condition(
    table: Any, where: str, key: str, problems: list[Problem]
) -> dict[str, tuple[Scalar, ...]]:
    if not isinstance(table, Mapping):
        rule = "must be a table: { other_parameter = value } or { other_parameter = [values] }"
        problems.append(Problem(where, rule, key, table))
        return {}
    return {
        name: tuple(values) if isinstance(values, list) else (values,)
        for name, values in table.items()
    }


def _conditions_first(
    parameters: list[Parameter], names: set[str], where: str, problems: list[Problem]
) -> list[Parameter]:
    """The parameters in an order in which each condition's parameter precedes its user."""
    by_name = {parameter.name: parameter for parameter in parameters}
    for parameter in parameters:
        for other, values in parameter.when.items():
            key = f"parameters.{parameter.name}.when.{other}"
            if other not in names:
                problems.append(
                    Problem(where, "unknown parameter", key, hint=did_you_mean(other, names))
                )
            elif other in by_name:
                domain = by_name[other].domain
                problems += [
                    Problem(where, f"must lie in the domain of {other} ({domain})", key, value)
                    for value in values
                    if value not in domain
                ]
    ordered: dict[str, Parameter] = {}
    waiting = dict(by_name)
    while ready := [
        p for p in waiting.values() if all(o in ordered or o not in by_name for o in p.when)
    ]:
        for parameter in ready:
            ordered[parameter.name] = waiting.pop(parameter.name)
    if waiting:
        rule = f"these parameters wait for each other: {', '.join(waiting)}"
        problems.append(Problem(where, rule, "parameters"))
    return list(ordered.values())


def _not_taken(architecture: ArchitectureFile, header: _Header, where: str) -> list[Problem]:
    """Parameters that the build function does not take, or that training already has."""
    problems = [
        Problem(
            where, "this name is a training setting; rename the parameter", f"parameters.{name}"
        )
        for name in header.parameters
        if name in TrainingSettings.model_fields
    ]
    taken = build_arguments(architecture)
    if taken is None:
        return problems
    rule = f"{header.architecture} takes no such parameter"
    return problems + [
        Problem(where, rule, f"parameters.{name}", hint=did_you_mean(name, taken))
        for name in header.parameters
        if name not in taken
    ]
