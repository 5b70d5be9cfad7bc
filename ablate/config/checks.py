"""Checks across the tables of a study file: what is given twice, and what would be ignored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ablate.errors import Problem, shown
from ablate.samplers import EXHAUSTIVE, SamplerSettings
from ablate.space import Choices, Parameter, Scalar, SearchSpace
from ablate.spec import TrainingSettings


def check_overlap(
    tuned: Sequence[Parameter],
    fixed: Mapping[str, Scalar],
    training: Mapping[str, Any],
    where: str,
    problems: list[Problem],
) -> None:
    """What is tuned must not be given as well."""
    for table, names in (("fix", fixed), ("training", training)):
        rule = "is tuned under [tune]; it is either given or tuned"
        problems += [Problem(where, rule, f"{table}.{p.name}") for p in tuned if p.name in names]


def check_in_use(
    space: SearchSpace,
    tuned: Sequence[Parameter],
    fixed: Mapping[str, Scalar],
    where: str,
    problems: list[Problem],
) -> None:
    """A parameter whose condition never holds would be ignored."""
    domains = {parameter.name: parameter.domain for parameter in tuned}
    for parameter in space.parameters:
        if parameter.name not in domains and parameter.name not in fixed:
            continue
        table = "tune" if parameter.name in domains else "fix"
        for other, allowed in parameter.when.items():
            default = fixed.get(other, space[other].default)
            domain = domains.get(other) or Choices(choices=(default,))
            if not any(value in domain for value in allowed):
                listed = " or ".join(shown(value) for value in allowed)
                rule = f"is used only with {other} = {listed}, which never occurs here"
                problems.append(Problem(where, rule, f"{table}.{parameter.name}"))


_ONLY_WITH = {
    "momentum": ("optimizer", ("sgd",)),
    "decay_rate": ("learning_rate_decay", ("exponential",)),
    "plateau": ("learning_rate_decay", ("plateau",)),
    "label_smoothing": ("loss", ("categorical_crossentropy", "categorical_focal_crossentropy")),
}


def check_training(
    training: TrainingSettings,
    given: Mapping[str, Any],
    tuned: Sequence[Parameter],
    where: str,
    problems: list[Problem],
) -> None:
    """Settings that would be ignored are errors."""
    domains = {parameter.name: parameter.domain for parameter in tuned}
    for name, (other, values) in _ONLY_WITH.items():
        if name not in given and name not in domains:
            continue
        possible = domains[other].ends() if other in domains else (getattr(training, other),)
        if not set(possible) & set(values):
            table = "tune" if name in domains else "training"
            rule = f"is used only with {other} = {' or '.join(values)}"
            problems.append(
                Problem(where, rule, f"{table}.{name}", hint=f"{other} is {possible[0]}")
            )


def check_exhaustive(
    sampler: SamplerSettings, tuned: Sequence[Parameter], where: str, problems: list[Problem]
) -> None:
    """A sampler that lists the space needs one that can be listed."""
    name = sampler.name
    if name not in EXHAUSTIVE:
        return
    for parameter in tuned:
        if parameter.domain.size is None:
            rule = f"the {name} sampler lists all values; give this range a step, or choices"
            problems.append(Problem(where, rule, f"tune.{parameter.name}", str(parameter.domain)))
        if name == "grid" and any(other.name in parameter.when for other in tuned):
            rule = "the grid sampler knows no conditions; use brute_force"
            problems.append(Problem(where, rule, f"tune.{parameter.name}"))
