"""Checks across the tables of a study file: what is given twice, and what would be ignored."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ablate import tasks
from ablate.datasets._user_streams import users_data
from ablate.errors import Problem, did_you_mean, shown
from ablate.spec.data import DataSettings
from ablate.spec.measure import OBJECTIVE
from ablate.spec.measures import measures_of
from ablate.spec.samplers import EXHAUSTIVE, SamplerSettings
from ablate.spec.space import Domain, Parameter, Scalar, same
from ablate.spec.study import Architecture, Variant
from ablate.spec.training import SETTINGS, TrainingSettings


def check_overlap(
    tuned: Iterable[str],
    fixed: Iterable[str],
    training: Iterable[str],
    where: str,
    problems: list[Problem],
) -> None:
    """What is tuned must not be given as well."""
    for table, names in (("fix", fixed), ("training", training)):
        rule = "is tuned under [tune]; it is either given or tuned"
        problems += [Problem(where, rule, f"{table}.{name}") for name in tuned if name in names]


def possible_values(
    name: str, architecture: Architecture, variants: Sequence[Variant], default: Scalar
) -> tuple[Scalar, ...] | Domain:
    """The values that a parameter or setting can have in some variant of an architecture."""
    for parameter in architecture.tuned:
        if parameter.name == name:
            return parameter.domain
    given = architecture.fix.get(name, default)
    own = [variant for variant in variants if variant.search_space == architecture.name]
    return tuple(variant.values.get(name, given) for variant in own) or (given,)


def check_in_use(
    architecture: Architecture,
    variants: Sequence[Variant],
    where: str,
    problems: list[Problem],
) -> None:
    """A parameter whose condition never holds would be ignored."""
    space = architecture.search_space
    tuned = {parameter.name for parameter in architecture.tuned}
    for parameter in space.parameters:
        if parameter.name not in tuned and parameter.name not in architecture.fix:
            continue
        table = "tune" if parameter.name in tuned else "fix"
        for other, allowed in parameter.when.items():
            possible = possible_values(other, architecture, variants, space[other].default)
            if not any(_within(value, possible) for value in allowed):
                listed = " or ".join(shown(value) for value in allowed)
                rule = f"is used only with {other} = {listed}, which never occurs here"
                problems.append(Problem(where, rule, f"{table}.{parameter.name}"))


def _within(value: Scalar, possible: tuple[Scalar, ...] | Domain) -> bool:
    if isinstance(possible, tuple):
        return any(same(value, other) for other in possible)
    return value in possible


def check_metrics(
    task: str,
    asked: Sequence[str],
    metric: str | None,
    where: str,
    problems: list[Problem],
    own: Sequence[str] = (),
    objective: str = OBJECTIVE,
) -> None:
    """What is asked for must be a measure of the task, and so must be what verdicts are about.

    Or it is one of the user's own, which need not be asked for.
    """
    known = tasks.find(task)
    for name in asked:
        if name not in known.scores:
            problems.append(_no_measure("study.metrics", name, known.scores, where))
    scores = (*measures_of(task, (*known.measures, *asked)).metrics, *own)
    if objective.removeprefix("val_") not in scores or not objective.startswith("val_"):
        listed = [f"val_{name}" for name in scores]
        name = objective.removeprefix("val_").removeprefix("test_")
        hint = (
            "add it to metrics under [study]" if name in known.scores and name not in scores else ""
        )
        problems.append(_no_measure("study.objective", objective, listed, where, hint))
    if metric is not None and metric not in scores:
        hint = "add it to metrics under [study]" if metric in known.scores else ""
        problems.append(_no_measure("replicate.metric", metric, scores, where, hint))


def _no_measure(key: str, name: str, known: Iterable[str], where: str, hint: str = "") -> Problem:
    listed = tuple(known)
    rule = f"must be one of {', '.join(listed)}"
    return Problem(where, rule, key, name, hint or _near(name, listed))


ONLY_WITH = {
    "momentum": ("optimizer", ("sgd",)),
    "decay_rate": ("learning_rate_decay", ("exponential",)),
    "plateau": ("learning_rate_decay", ("plateau",)),
    **{
        name: ("learning_rate_decay", ("plateau",))
        for name in SETTINGS
        if name.startswith("plateau.")
    },
    "warmup_epochs": ("learning_rate_decay", ("none", "cosine", "exponential")),
    "label_smoothing": (
        "loss",
        (
            "categorical_crossentropy",
            "categorical_focal_crossentropy",
            "binary_crossentropy",
            "binary_focal_crossentropy",
        ),
    ),
}


def check_training(
    training: TrainingSettings,
    given: Mapping[str, Any],
    architecture: Architecture,
    variants: Sequence[Variant],
    where: str,
    problems: list[Problem],
    task: tasks.Task,
    handed_over: Container[str] = (),
) -> None:
    """Settings that would be ignored are errors, unless `build` asks for them."""
    tuned = {parameter.name for parameter in architecture.tuned}
    varied = {name for variant in variants for name in variant.values}
    for name, (other, values) in ONLY_WITH.items():
        tables = (("tune", tuned), ("vary", varied), ("training", given))
        table = next((table for table, names in tables if name in names), None)
        if table is None or name in handed_over:
            continue
        domain = possible_values(other, architecture, variants, getattr(training, other))
        possible = domain if isinstance(domain, tuple) else domain.ends()
        if not set(possible) & set(values):
            known = [one for one in values if other != "loss" or one in task.losses]
            rule = f"is used only with {other} = {' or '.join(known)}"
            if not known:
                rule = f"is of no use for a {task.name}"
            problem = Problem(where, rule, f"{table}.{name}", hint=f"{other} is {possible[0]}")
            if problem not in problems:
                problems.append(problem)


def check_weights(
    training: TrainingSettings,
    task: tasks.Task,
    datasets: Sequence[DataSettings],
    changed: Mapping[str, Container[str]],
    where: str,
    problems: list[Problem],
) -> None:
    """Weights need classes, or examples that are weighted.

    Args:
        training: how networks are trained.
        task: what their outputs mean.
        datasets: what they are trained on.
        changed: the names that stand under ``vary`` and under ``tune``.
        where: the study file.
        problems: takes in what is wrong.
    """
    key = "class_weight"
    tables = [table for table, names in changed.items() if key in names]
    tables += ["training"] if training.class_weight != "none" else []
    for table in tables if not task.has_classes else ():
        rule = f"is of classes, and a {task.name} has none"
        problems.append(Problem(where, rule, f"{table}.{key}", hint="leave it out"))
    if not training.weighted_metrics:
        return
    for data in datasets:
        # What a user's function gives, a run will see.
        is_users = users_data(data.dataset, Path(data.folder)) is not None
        if not is_users and data.options.get("sample_weight") is None:
            rule = f"needs examples that are weighted, and those of {data.dataset} are not"
            hint = "name them: sample_weight under [data], for csv and npz"
            problems.append(Problem(where, rule, "training.weighted_metrics", True, hint))


def check_monitor(
    training: TrainingSettings, scores: Sequence[str], where: str, problems: list[Problem]
) -> None:
    """Early stopping goes by a score that the study has."""
    stopping = training.early_stopping
    listed = [OBJECTIVE, *(f"val_{name}" for name in scores)]
    if stopping is None or stopping.monitor is None or stopping.monitor in listed:
        return
    name = stopping.monitor
    problems.append(_no_measure("training.early_stopping.monitor", name, listed, where))


def check_warmup(
    training: TrainingSettings,
    architectures: Sequence[Architecture],
    variants: Sequence[Variant],
    where: str,
    problems: list[Problem],
) -> None:
    """A learning rate that is still climbing when training ends was never reached.

    Whatever is varied and tuned; of no variants, where these are wrong, ``[training]`` alone.
    """
    named = {one.name: one for one in architectures}
    cases: list[tuple[Architecture | None, Variant | None]] = [
        (named[one.search_space], one) for one in variants if one.search_space in named
    ]
    for architecture, variant in cases or [(None, None)]:
        longest, table = max(_setting("warmup_epochs", training, architecture, variant))
        fewest, _ = min(_setting("epochs", training, architecture, variant))
        if longest >= fewest:
            rule = f"must be less than the {fewest} epochs"
            problem = Problem(where, rule, f"{table}.warmup_epochs", longest)
            if problem not in problems:
                problems.append(problem)


def _setting(
    name: str,
    training: TrainingSettings,
    architecture: Architecture | None,
    variant: Variant | None,
) -> list[tuple[Any, str]]:
    """The values of a setting that a variant can have, or their ends, each with its table."""
    given = getattr(training, name)
    own = () if architecture is None else architecture.search_space.parameters
    if architecture is None or variant is None or any(one.name == name for one in own):
        return [(given, "training")]  # or a parameter of that name has another meaning
    domain = possible_values(name, architecture, [variant], given)
    if not isinstance(domain, tuple):
        return [(value, "tune") for value in domain.ends()]
    return [(value, "vary" if name in variant.values else "training") for value in domain]


def _near(name: str, known: Iterable[str]) -> str:
    """The nearest name, where one is near: the rule lists them all."""
    hint = did_you_mean(name, known)
    return hint if hint.startswith("did you mean") else ""


def check_loss(
    training: TrainingSettings,
    task: tasks.Task,
    architecture: Architecture,
    variants: Sequence[Variant],
    where: str,
    problems: list[Problem],
) -> None:
    """A loss must be one that the task can be trained with."""
    domain = possible_values("loss", architecture, variants, training.loss)
    possible = domain if isinstance(domain, tuple) else domain.ends()
    for loss in dict.fromkeys(possible):
        if loss not in task.losses:
            rule = f"must be one of {', '.join(task.losses)}, for a {task.name}"
            hint = _other_task(str(loss)) or _near(str(loss), task.losses)
            problem = Problem(where, rule, "training.loss", loss, hint)
            if problem not in problems:
                problems.append(problem)


def _other_task(loss: str) -> str:
    """The tasks that a loss is for."""
    others = [f'"{name}"' for name in tasks.names() if loss in tasks.find(name).losses]
    return f"it goes with task = {' or '.join(others)} under [study]" if others else ""


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
