"""Search-space files: ``search_spaces/NAME.toml``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ablate.catalog import ArchitectureFile, arguments_of, find_architecture, shipped
from ablate.config.toml import read_toml
from ablate.config.validation import validate
from ablate.errors import InputError, Problem, did_you_mean, no_file
from ablate.spec.identity import WORDS
from ablate.spec.space import Choices, Domain, Frozen, Parameter, Range, Scalar, SearchSpace
from ablate.spec.training import SETTINGS, TrainingSettings
from ablate.user_code.arguments import OFFERED

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
        if path.is_dir():
            raise InputError(no_file(path))
        if not path.is_file():
            raise InputError(Problem(str(path), "there is no such search space"))
        return path
    known = shipped("search_spaces")
    if name not in known:
        own = f"{name}.toml"
        hint = f"{did_you_mean(name, known).removesuffix('?')}; a file of yours ends in .toml"
        if (folder / own).is_file():
            hint = f'did you mean "{own}"?'
        raise InputError(Problem(name, "unknown search space", hint=hint))
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
    domains = dict.fromkeys(header.parameters) | {p.name: p.domain for p in parameters}
    check_conditions(parameters, domains, where, "parameters", problems)
    ordered = conditions_first(parameters, where, "parameters", problems)
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
    if not name.isidentifier() and name not in SETTINGS:
        problems.append(Problem(where, "a parameter's name must be a Python name", key))
    if name in WORDS and name not in TrainingSettings.model_fields:
        problems.append(Problem(where, "this name has a meaning of its own in study files", key))
    domain = parse_domain(table, where, key, problems)
    own: dict[str, Any] = {"default": table.get("default"), "off": table.get("off")}
    if own["default"] is None and not needs_default:
        own["default"] = domain.ends()[0] if domain is not None else None
    elif own["default"] is None:
        problems.append(Problem(where, "is required", f"{key}.default"))
    for own_key, value in own.items():
        if domain is None or value is None:
            continue
        if value in domain:
            own[own_key] = domain.cast(value)
        else:
            rule = f"must lie in the domain ({domain})"
            problems.append(Problem(where, rule, f"{key}.{own_key}", value))
    when = _condition(table.get("when", {}), where, f"{key}.when", problems)
    if domain is None or len(problems) > before:
        return None
    return Parameter(name=name, domain=domain, when=when, **own)


def parse_domain(
    table: Mapping[str, Any], where: str, key: str, problems: list[Problem]
) -> Domain | None:
    """A domain from a parameter's table; adds what is wrong to `problems` and then returns None."""
    model: type[Range] | type[Choices] = Choices if "choices" in table else Range
    known = [*model.model_fields, *OWN_KEYS]
    unknown = [name for name in table if name not in known]
    problems += [
        Problem(where, "unknown key", f"{key}.{name}", hint=did_you_mean(name, known))
        for name in unknown
    ]
    keys = {name: value for name, value in table.items() if name in model.model_fields}
    domain = validate(model, keys, where, key, problems)
    return None if unknown else domain


def _condition(
    table: Any, where: str, key: str, problems: list[Problem]
) -> dict[str, tuple[Scalar, ...]]:
    if not isinstance(table, Mapping):
        rule = "must be a table: { other_parameter = value } or { other_parameter = [values] }"
        problems.append(Problem(where, rule, key, table))
        return {}
    conditions = {}
    for name, value in table.items():
        values = tuple(value) if isinstance(value, list) else (value,)
        if not values or not all(isinstance(v, bool | int | float | str) for v in values):
            rule = "must be a value, or a list of at least one value"
            problems.append(Problem(where, rule, f"{key}.{name}", value))
        else:
            conditions[name] = values
    return conditions


def check_conditions(
    parameters: Iterable[Parameter],
    domains: Mapping[str, Domain | None],
    where: str,
    prefix: str,
    problems: list[Problem],
) -> None:
    """Checks that each ``when`` names known parameters and values that they can have.

    Args:
        parameters: the parameters that have conditions.
        domains: the domain of every parameter that may be named; None where it is not known.
        where: the file.
        prefix: the dotted key of the table that holds the parameters.
        problems: what is wrong with the file so far.
    """
    for parameter in parameters:
        for other, values in parameter.when.items():
            key = f"{prefix}.{parameter.name}.when.{other}"
            if other not in domains:
                hint = did_you_mean(other, domains)
                problems.append(Problem(where, "unknown parameter", key, hint=hint))
            elif (domain := domains[other]) is not None:
                rule = f"must lie in the domain of {other} ({domain})"
                problems += [Problem(where, rule, key, v) for v in values if v not in domain]


def conditions_first(
    parameters: Iterable[Parameter], where: str, prefix: str, problems: list[Problem]
) -> list[Parameter]:
    """The parameters in an order in which each condition's parameter precedes its user."""
    waiting = {parameter.name: parameter for parameter in parameters}
    ordered: list[Parameter] = []
    while ready := [p for p in waiting.values() if not any(o in waiting for o in p.when)]:
        ordered += [waiting.pop(parameter.name) for parameter in ready]
    if waiting:
        rule = f"these parameters wait for each other: {', '.join(waiting)}"
        problems.append(Problem(where, rule, prefix))
    return ordered


def _not_taken(architecture: ArchitectureFile, header: _Header, where: str) -> list[Problem]:
    """Parameters that the build function does not take, or that training already has."""
    problems = [
        Problem(
            where, "this name is a training setting; rename the parameter", f"parameters.{name}"
        )
        for name in header.parameters
        if name in WORDS and name in TrainingSettings.model_fields
    ]
    taken = arguments_of(architecture)
    for name in sorted(
        taken.required - set(header.parameters) - set(TrainingSettings.model_fields)
    ):
        rule = f"{header.architecture} needs the parameter {name}, which has no default there"
        hint = f"{', '.join(OFFERED)} and training settings are handed over by name"
        problems.append(Problem(where, rule, "parameters", hint=hint))
    if taken.takes_any:
        return problems
    rule = f"{header.architecture} takes no such parameter"
    return problems + [
        Problem(where, rule, f"parameters.{name}", hint=did_you_mean(name, taken.names))
        for name in header.parameters
        if name not in taken.names
    ]
