"""``[metrics.NAME]``: measures of the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from ablate.config.validation import validate
from ablate.errors import InputError, Problem
from ablate.files import file_digest
from ablate.spec.measures import EVERY
from ablate.spec.space import Frozen
from ablate.spec.user_metric import UserMetric
from ablate.user_code.arguments import build_arguments


class MetricTable(Frozen):
    """``[metrics.NAME]``."""

    function: str = Field(pattern=r"^.+\.py:[A-Za-z_]\w*$")
    """``file.py:function``, relative to the study file; called with true values and predictions."""
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
