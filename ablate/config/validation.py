"""Turns pydantic's findings into problems that name file, key, rule, value and remedy."""

from __future__ import annotations

from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ablate.errors import Problem, did_you_mean
from ablate.spec.training import TrainingSettings, nested

Model = TypeVar("Model", bound=BaseModel)

_TYPES = {
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "scalar_type": "must be a number, a text, true or false",
    "missing": "is required",
    "finite_number": "must be a finite number",
}
_LIMITS = {
    "greater_than": ("must be above {}", "gt"),
    "greater_than_equal": ("must be at least {}", "ge"),
    "less_than": ("must be below {}", "lt"),
    "less_than_equal": ("must be at most {}", "le"),
    "too_short": ("must have at least {} items", "min_length"),
    "too_long": ("must have at most {} items", "max_length"),
}
_UNION_MEMBERS = {"by_name", "by_class", "int", "float", "str", "bool", "range", "choices"}


def validate(
    model: type[Model], data: Any, where: str, key: str, problems: list[Problem]
) -> Model | None:
    """Validates `data`; adds what is wrong to `problems` and then returns None.

    Args:
        model: what the data must be.
        data: a table of a TOML file.
        where: the file.
        key: the table's dotted key, empty for the whole file.
        problems: what is wrong with the file so far.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        seen = {str(problem) for problem in problems}
        for details in _merged(error.errors(include_url=False)):
            problem = _problem(model, details, where, key)
            if str(problem) not in seen:
                seen.add(str(problem))
                problems.append(problem)
        return None


def validate_setting(
    training: TrainingSettings,
    name: str,
    value: Any,
    where: str,
    key: str,
    problems: list[Problem],
) -> TrainingSettings | None:
    """Validates training settings of which one has another value; None where it cannot."""
    return validate(TrainingSettings, nested(training.flat() | {name: value}), where, key, problems)


def _problem(model: type[BaseModel], error: ErrorDetails, where: str, prefix: str) -> Problem:
    kind, context = error["type"], error.get("ctx", {})
    location = [str(part) for part in error["loc"]]
    names, _ = _follow(model, location)
    key = ".".join([prefix, *names] if prefix else names)
    found = error["input"]
    if kind == "extra_forbidden":
        _, tables = _follow(model, location[:-1])
        hint = did_you_mean(location[-1], {name for table in tables for name in table.model_fields})
        return Problem(where, "unknown key", key, hint=hint)
    if kind == "literal_error":
        options = _options(context["expected"])
        hint = did_you_mean(found, options) if isinstance(found, str) else ""
        hint = hint if hint.startswith("did") else ""
        return Problem(where, f"must be one of {', '.join(options)}", key, found, hint)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        options = _options(context.get("expected_tags", ""))
        tag = str(context.get("tag", ""))
        if tag:
            return Problem(where, f"unknown {names[-1]}", key, tag, did_you_mean(tag, options))
        return Problem(where, "is required", f"{key}.name")
    if kind in _LIMITS:
        rule, limit = _LIMITS[kind]
        return Problem(where, rule.format(context[limit]), key, found)
    if kind in _TYPES:
        return Problem(where, _TYPES[kind], key, None if kind == "missing" else found)
    if kind == "value_error":
        return Problem(where, str(context["error"]), key)
    message = error["msg"]
    return Problem(where, message[0].lower() + message[1:], key, found)


_SCALARS = {"bool", "int", "float", "str"}


def _merged(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """The errors, with one for a value that is none of the types that it may be."""
    tails: dict[tuple[int | str, ...], set[str]] = {}
    for error in errors:
        if error["loc"] and error["loc"][-1] in _SCALARS:
            tails.setdefault(error["loc"][:-1], set()).add(str(error["loc"][-1]))
    merged, reported = [], set()
    for error in errors:
        place = error["loc"][:-1]
        if not error["loc"] or error["loc"][-1] not in tails.get(place, ()):
            merged.append(error)
        elif place not in reported:
            reported.add(place)
            kind = "scalar_type" if "str" in tails[place] else "float_type"
            merged.append({**error, "type": kind, "loc": place})
    return merged


def _options(expected: str) -> list[str]:
    return [word.strip(" '") for word in expected.replace(" or ", ",").split(",")]


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Every model class inside an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]


def _tag(model: type[BaseModel]) -> str | None:
    field = model.model_fields.get("name")
    return str(field.default) if field is not None and isinstance(field.default, str) else None


def _follow(model: type[BaseModel], location: list[str]) -> tuple[list[str], list[type[BaseModel]]]:
    """Follows a location of pydantic's into a model.

    Returns:
        The parts of it that stand in the file (names of union members do not), and the models
        that the table there may be.
    """
    names: list[str] = []
    current: list[type[BaseModel]] = [model]
    for part in location:
        tagged = [member for member in current if len(current) > 1 and _tag(member) == part]
        if tagged:
            current = tagged
            continue
        holders = [member for member in current if part in member.model_fields]
        if names and part in _UNION_MEMBERS and not holders:
            continue
        names.append(part)
        fields = (member.model_fields[part] for member in holders)
        current = [inner for field in fields for inner in _models(field.annotation)]
    return names, current
