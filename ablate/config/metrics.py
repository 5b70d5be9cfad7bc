"""``[metrics.NAME]``: measures of the user's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from ablate.catalog import ArchitectureFile
from ablate.config.validation import validate
from ablate.errors import InputError, Problem
from ablate.files import file_digest
from ablate.spec.measures import EVERY
from ablate.spec.space import Frozen
from ablate.spec.user_metric import UserMetric
from ablate.user_code.arguments import build_arguments

EVALUATE = "evaluate"
"""The function of a network's file that gives measures of its own."""


class MetricTable(Frozen):
    """``[metrics.NAME]``."""

    function: Annotated[str, Field(pattern=r"^.+\.py:[A-Za-z_]\w*$")] | None = None
    """``file.py:function``, relative to the study file; called with true values and predictions. None
    for what ``evaluate`` gives, in the file of the network."""
    mode: Literal["max", "min"]
    """Whether more of it is better, or less."""


def parse_metrics(
    tables: Mapping[str, Any], path: Path, problems: list[Problem]
) -> tuple[UserMetric, ...]:
    """The measures that a study defines; those without fault."""
    found = []
    for name, table in tables.items():
        key = f"metrics.{name}"
        if not name.isidentifier() or not name.isascii():
            rule = "a metric's name must be letters, digits and underscores"
            problems.append(Problem(str(path), rule, key))
            continue
        if name in EVERY.by_name or name in EVERY.keys:
            rule = "is a measure that there is already; rename yours"
            problems.append(Problem(str(path), rule, key))
            continue
        if not isinstance(table, Mapping):
            rule = 'must be a table: function = "file.py:function", mode = "max"'
            problems.append(Problem(str(path), rule, key, table))
            continue
        read = validate(MetricTable, table, str(path), key, problems)
        if read is None:
            continue
        if read.function is None:
            found.append(UserMetric(name=name, mode=read.mode))
            continue
        file, _, function = read.function.rpartition(":")
        source = (path.parent / file).resolve()
        if not source.is_file():
            problems.append(Problem(str(path), f"there is no file {source}", f"{key}.function"))
            continue
        try:
            build_arguments(source, function)
        except InputError as error:
            problems += [
                Problem(str(path), p.rule, f"{key}.function", p.where, p.hint)
                for p in error.problems
                if isinstance(p, Problem)
            ]
            continue
        found.append(
            UserMetric(
                name=name,
                function=function,
                mode=read.mode,
                source=str(source),
                digest=file_digest(source),
            )
        )
    return tuple(found)


def check_evaluated(
    metrics: Sequence[UserMetric],
    files: Iterable[ArchitectureFile],
    path: Path,
    problems: list[Problem],
) -> None:
    """What has no function of its own must be given by ``evaluate``, in the file of each network."""
    lacking = [file.source.name for file in files if not _has_evaluate(file)]
    for metric in metrics:
        if metric.function is None and lacking:
            rule = (
                f"has no function, and {lacking[0]} defines no evaluate(model, data) that gives it"
            )
            hint = f'set function = "file.py:function", or define evaluate in {lacking[0]}'
            problems.append(Problem(str(path), rule, f"metrics.{metric.name}", hint=hint))


def _has_evaluate(file: ArchitectureFile) -> bool:
    """Whether a file of a user's defines ``evaluate``."""
    if not file.is_users:
        return False
    try:
        build_arguments(file.source, EVALUATE)
    except InputError:
        return False
    return True
