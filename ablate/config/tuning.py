"""The ``[fix]`` and ``[tune]`` tables of a study file: which parameters take which values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import PositiveInt

from ablate.config.search_space import (
    OWN_KEYS,
    TABLE_RULE,
    check_conditions,
    conditions_first,
    parse_domain,
    parse_parameter,
)
from ablate.config.validation import validate_setting
from ablate.config.words import is_setting
from ablate.errors import Problem, did_you_mean
from ablate.spec.pruners import Median, PrunerSettings
from ablate.spec.samplers import SamplerSettings, Tpe
from ablate.spec.space import Choices, Domain, Frozen, Parameter, Range, Scalar, SearchSpace
from ablate.spec.study import TuneSettings
from ablate.spec.training import SETTINGS, TrainingSettings

NOT_TUNABLE = (
    *("backend", "batch_norm_averages", "checkpoint", "dtype_policy", "early_stopping", "plateau"),
    *("weighted_metrics",),
)
"""Training settings that are the same for all trials of a study."""


class TuneTable(Frozen):
    """The keys of ``[tune]`` that are not parameters."""

    trials: PositiveInt
    sampler: SamplerSettings = Tpe()
    pruner: PrunerSettings = Median()
    parameters: Any = ()

    @property
    def settings(self) -> TuneSettings:
        """How is searched, whatever is searched."""
        return TuneSettings(trials=self.trials, sampler=self.sampler, pruner=self.pruner)


def fixed_parameters(
    table: Mapping[str, Any],
    spaces: Sequence[SearchSpace],
    where: str,
    problems: list[Problem],
) -> dict[str, dict[str, Scalar]]:
    """The ``[fix]`` table, by search space: its parameters, each with a value of its domain."""
    fixed: dict[str, dict[str, Scalar]] = {space.name: {} for space in spaces}
    for name, value in table.items():
        key = f"fix.{name}"
        owners = [space for space in spaces if name in space]
        if is_setting(name, spaces):
            problems.append(Problem(where, "is a training setting; give it under [training]", key))
        elif not owners:
            problems.append(unknown_parameter(spaces, where, key, name))
        for space in owners:
            if value in (domain := space[name].domain):
                fixed[space.name][name] = domain.cast(value)
            else:
                rule = f"must lie in the domain of {name} ({domain})"
                problems.append(Problem(where, rule, key, value))
    return fixed


def listed_parameters(
    value: Any, spaces: Sequence[SearchSpace], where: str, problems: list[Problem]
) -> list[str] | None:
    """``tune.parameters``: names of search-space parameters, or ``"all"``; None if it is wrong."""
    key = "tune.parameters"
    if value == "all":
        return list(dict.fromkeys(name for space in spaces for name in space.names))
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        rule = 'must be a list of parameters of the search space, or "all"'
        problems.append(Problem(where, rule, key, value))
        return None
    unknown = [name for name in value if not any(name in space for space in spaces)]
    for name in unknown:
        problems.append(unknown_parameter(spaces, where, key, name))
    twice = sorted({name for name in value if value.count(name) > 1})
    problems += [Problem(where, f"names {name} twice", key) for name in twice]
    return None if unknown else list(value)


def tuned_parameters(
    listed: Sequence[str] | None,
    domains: Mapping[str, Any],
    spaces: Sequence[SearchSpace],
    training: TrainingSettings,
    where: str,
    problems: list[Problem],
) -> dict[str, tuple[Parameter, ...]]:
    """What is tuned of each search space.

    Listed parameters are tuned over their whole domain, others over the one given; a parameter
    that only some of the search spaces have is tuned in those.
    """
    unknown = [
        name
        for name in domains
        if not is_setting(name, spaces) and not any(name in space for space in spaces)
    ]
    for name in unknown:
        others = [n for n in SETTINGS if n not in NOT_TUNABLE]
        others += TuneTable.model_fields
        problems.append(unknown_parameter(spaces, where, f"tune.{name}", name, others))
    tuned = {}
    for space in spaces:
        found: list[Problem] = []
        tuned[space.name] = _tuned_of(space, listed, domains, training, where, found)
        problems += [problem for problem in found if problem not in problems]
    if not any(tuned.values()) and not domains and listed is not None:
        rule = 'names nothing to tune; list parameters = ["dropout", ...] or give a domain'
        problems.append(Problem(where, rule, "tune"))
    return tuned


def _tuned_of(
    space: SearchSpace,
    listed: Sequence[str] | None,
    domains: Mapping[str, Any],
    training: TrainingSettings,
    where: str,
    problems: list[Problem],
) -> tuple[Parameter, ...]:
    """What is tuned of one search space."""
    tuned: dict[str, Parameter] = {}
    for name, table in domains.items():
        parameter: Parameter | None = None
        if name in space:
            parameter = _narrowed(space[name], table, where, f"tune.{name}", problems)
        elif name in SETTINGS:
            parameter = _tuned_training(name, table, training, where, problems)
        if parameter is not None:
            tuned[name] = parameter
    own = (name for name in listed or () if name in space)
    tuned |= {name: space[name] for name in own if name not in tuned}
    settings = [parameter for name, parameter in tuned.items() if name not in space]
    known: dict[str, Domain | None] = {p.name: p.domain for p in space.parameters}
    names = [name for name in SETTINGS if name not in known]
    known |= {name: _setting_domain(name) for name in names}
    check_conditions(settings, known, where, "tune", problems)
    in_space = [tuned[name] for name in space.names if name in tuned]
    return (*in_space, *conditions_first(settings, where, "tune", problems))


def _setting_domain(name: str) -> Domain | None:
    """The choices of a training setting that has choices; None for any other."""
    choices = get_args(SETTINGS[name].annotation)
    is_listed = bool(choices) and all(isinstance(choice, str) for choice in choices)
    return Choices(choices=choices) if is_listed else None


def _narrowed(
    parameter: Parameter, table: Any, where: str, key: str, problems: list[Problem]
) -> Parameter | None:
    """A search-space parameter over a part of its domain; step and log are kept unless given."""
    if not isinstance(table, Mapping):
        problems.append(Problem(where, TABLE_RULE, key, table))
        return None
    for own_key in sorted({"default", "off", "when"} & set(table)):
        rule = "belongs in the search space, a study only narrows the domain"
        problems.append(Problem(where, rule, f"{key}.{own_key}"))
    whole = parameter.domain
    if isinstance(whole, Choices) and "choices" not in table:
        rule = f"must be choices, as in the search space ({whole})"
        problems.append(Problem(where, rule, key, dict(table)))
        return None
    keys = {name: value for name, value in table.items() if name not in OWN_KEYS}
    if isinstance(whole, Range) and "choices" not in keys:
        keys = {"step": whole.step, "log": whole.log, **keys}
    domain = parse_domain(keys, where, key, problems)
    if domain is None:
        return None
    if isinstance(domain, Range) and isinstance(whole, Range):
        domain = domain.as_integers() if whole.is_integer else domain.as_floats()
    values = domain.ends() if domain.size is None else domain.values()
    outside = [value for value in values if value not in whole]
    if outside:
        rule = f"must lie in the search space's domain ({whole})"
        shown_first = [value for value in outside if value in domain.ends()] or outside[:1]
        problems += [Problem(where, rule, key, value) for value in shown_first]
        return None
    if isinstance(domain, Choices):
        domain = Choices(choices=tuple(whole.cast(value) for value in domain.choices))
    return parameter.model_copy(update={"domain": domain})


def _tuned_training(
    name: str,
    table: Any,
    training: TrainingSettings,
    where: str,
    problems: list[Problem],
) -> Parameter | None:
    """A training setting that is tuned: every end of its domain must be a valid setting."""
    key = f"tune.{name}"
    if name in NOT_TUNABLE:
        problems.append(Problem(where, "cannot be tuned; set it under [training]", key))
        return None
    parameter = parse_parameter(name, table, where, key, problems, needs_default=False)
    if parameter is None:
        return None
    domain = parameter.domain
    if isinstance(domain, Range) and domain.is_integer and _is_float(name):
        parameter = parameter.model_copy(
            update={"domain": domain.as_floats(), "default": float(parameter.default)}
        )
    wrong: list[Problem] = []
    for value in parameter.domain.ends():
        validate_setting(training, name, value, where, "tune", wrong)
    problems += wrong
    return None if wrong else parameter


def _is_float(name: str) -> bool:
    """Whether a training setting takes numbers that are not whole."""
    return "float" in str(SETTINGS[name].annotation)


def unknown_parameter(
    spaces: Sequence[SearchSpace], where: str, key: str, name: str, others: Sequence[str] = ()
) -> Problem:
    """What is wrong when no search space has a parameter.

    Args:
        spaces: the search spaces.
        where: the file.
        key: the parameter's dotted key.
        name: its name.
        others: training settings and keys that might have been meant as well.
    """
    what = f"the search space {spaces[0].name} has no parameter {name}"
    if len(spaces) > 1:
        listed = ", ".join(space.name for space in spaces)
        what = f"none of the search spaces {listed} has a parameter {name}"
    if others:
        what += ", nor is it a training setting"
    names = [known for space in spaces for known in space.names]
    return Problem(where, what, key, hint=did_you_mean(name, [*names, *others]))
