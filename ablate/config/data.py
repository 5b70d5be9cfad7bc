"""The ``[data]`` table of a study file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ablate import catalog, tasks
from ablate.config.validation import validate
from ablate.datasets._user_streams import UserStreams, users_data
from ablate.errors import InputError, Problem, did_you_mean
from ablate.spec.data import DataSettings
from ablate.spec.study import ReplicateSettings
from ablate.spec.training import TrainingSettings

HOME_VARIABLE = "ABLATE_DATA_HOME"
"""The environment variable that names the folder for data files."""


OTHERS: Mapping[str, type[BaseModel]] = {
    "replicate": ReplicateSettings,
    "training": TrainingSettings,
}
"""Tables whose keys are sometimes looked for here."""


def load_data_settings(
    dataset: str, table: Mapping[str, Any], environment: Mapping[str, str] = os.environ
) -> DataSettings:
    """Checks a data set's name and options that do not come from a study file.

    Raises:
        InputError: anything is wrong.
    """
    problems: list[Problem] = []
    settings = parse_data(dataset, table, Path("--set"), environment, problems)
    if settings is None:
        raise InputError(*problems)
    return settings


def parse_datasets(
    names: Sequence[str],
    table: Mapping[str, Any],
    path: Path,
    environment: Mapping[str, str],
    problems: list[Problem],
    task: str | None = None,
) -> tuple[DataSettings, ...]:
    """The ``[data]`` table of a study of one or several data sets.

    Without a task each data set has its own, which must be the same for all.

    Keys hold for every data set; a table in it that is called like one holds for that one only.
    """
    common = {key: value for key, value in table.items() if key not in names}
    settings = []
    for name in names:
        own = table.get(name, {})
        if not isinstance(own, Mapping):
            rule = f"must be a table of what holds for {name} only"
            problems.append(Problem(str(path), rule, f"data.{name}", own))
            continue
        found: list[Problem] = []
        parsed = parse_data(name, {**common, **own}, path, environment, found, task)
        for problem in found:
            table_name, _, key = problem.key.partition(".")
            first = key.partition(".")[0]
            lacking = len(names) > 1 and first not in table and first not in own
            is_own = table_name == "data" and (first in own or lacking)
            placed = replace(problem, key=f"data.{name}.{key}") if is_own else problem
            if placed not in problems:
                problems.append(placed)
        if parsed is not None:
            settings.append(parsed)
    if len({one.task for one in settings}) > 1:
        own_tasks = ", ".join(f"{one.dataset} ({one.task})" for one in settings)
        rule = f"the data sets are of different tasks: {own_tasks}"
        problems.append(
            Problem(str(path), rule, "study.dataset", hint="ask of them in two studies")
        )
    return tuple(settings)


def parse_data(
    dataset: str,
    table: Mapping[str, Any],
    path: Path,
    environment: Mapping[str, str],
    problems: list[Problem],
    task: str | None = None,
) -> DataSettings | None:
    """The ``[data]`` table: keys that every set has, and the set's own options."""
    where = str(path)
    before = len(problems)
    common = ("per_class", "test_per_class", "validation", "split", "home", "positive")
    own = {key: value for key, value in table.items() if key not in common}
    options: Mapping[str, Any] | None
    try:
        user = users_data(dataset, path.parent)
    except InputError as error:
        problems += [
            Problem(where, p.rule, "study.dataset", p.where, p.hint)
            for p in error.problems
            if isinstance(p, Problem)
        ]
        return None
    if user is not None:
        user.checked(own, where, problems)
        means, options = task or tasks.DEFAULT, own
        if isinstance(user, UserStreams):
            _check_stream_keys(user, table, where, problems)
    else:
        if catalog.find("datasets", dataset) is None:
            hint = did_you_mean(dataset, catalog.available("datasets"))
            problems.append(Problem(where, "unknown data set", "study.dataset", dataset, hint))
            return None
        module = catalog.load("datasets", dataset)
        means = task or str(getattr(module, "TASK", tasks.DEFAULT))
        options = _own_options(module.Options, own, common, where, problems)
    _check_class_keys(means, table, where, problems)
    home = table.get("home")
    if isinstance(home, str) and home:
        home = str((path.parent / Path(home).expanduser()).resolve())
    settings = validate(
        DataSettings,
        {key: table[key] for key in common if key in table}
        | {"dataset": dataset, "folder": str(path.parent.resolve()), "task": means}
        | {"home": home if "home" in table else _environment_home(environment)}
        | {"options": options if options is not None else {}},
        where,
        "data",
        problems,
    )
    return settings if len(problems) == before else None


def _own_options(
    model: type[BaseModel],
    own: dict[str, Any],
    common: Sequence[str],
    where: str,
    problems: list[Problem],
) -> Mapping[str, Any] | None:
    """A data set's own keys, all of them; None where some are wrong."""
    keys = [*common, *model.model_fields]
    for key in [key for key in own if key not in model.model_fields]:
        tables = [name for name, table in OTHERS.items() if key in table.model_fields]
        hint = f"it belongs under [{tables[0]}]" if tables else did_you_mean(key, keys)
        problems.append(Problem(where, "unknown key", f"data.{key}", hint=hint))
        del own[key]
    options = validate(model, own, where, "data", problems)
    return None if options is None else options.model_dump(mode="json")


def _check_class_keys(
    task: str, table: Mapping[str, Any], where: str, problems: list[Problem]
) -> None:
    """Refuses what is about classes where there are none."""
    found = tasks.find(task)
    if not found.has_classes:
        for key in ("per_class", "test_per_class"):
            if key in table:
                rule = f"counts examples of a class, and a {task} has none"
                problems.append(Problem(where, rule, f"data.{key}"))
    if "positive" in table and not (found.has_classes and found.outputs == "shares"):
        rule = f'is of task = "binary_classification" alone, found {task}'
        problems.append(Problem(where, rule, "data.positive", hint="leave it out"))


OF_ARRAYS = {
    "per_class": "draws examples of each class",
    "test_per_class": "draws examples of each class",
    "validation": "is a share of the training examples",
    "split": "says how examples are drawn",
    "positive": "puts classes in another order",
}
"""Keys that a stream has no use for, and what they do."""


def _check_stream_keys(
    user: UserStreams, table: Mapping[str, Any], where: str, problems: list[Problem]
) -> None:
    """Refuses what needs examples that can be asked for by number."""
    for key, does in OF_ARRAYS.items():
        if key in table:
            rule = f"{does}, and {user.name} gives them as they come"
            problems.append(Problem(where, rule, f"data.{key}", hint="have train_data do it"))


def _environment_home(environment: Mapping[str, str]) -> str | None:
    home = environment.get(HOME_VARIABLE)
    return str(Path(home).expanduser().resolve()) if home else None
