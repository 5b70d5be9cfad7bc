"""The tables of a study file, those that can be checked by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field, field_validator

from ablate.backends import BACKENDS
from ablate.config.splits import check_replicate
from ablate.config.tuning import TuneTable
from ablate.config.validation import validate
from ablate.config.words import own_keys
from ablate.errors import Problem
from ablate.spec.measure import OBJECTIVE
from ablate.spec.space import Frozen, SearchSpace
from ablate.spec.study import ArtifactSettings, ReplicateSettings, Resources
from ablate.spec.training import Plateau, TrainingSettings
from ablate.tasks import Task

Names = tuple[str, ...]
LISTS = ("dataset", "search_space", "metrics")
"""Keys of ``[study]`` that hold one name or a list of names."""


class StudyTable(Frozen):
    """``[study]``."""

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
    description: str = ""
    conclusion: str = ""
    dataset: Names
    search_space: Names
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    metrics: Names = ()
    task: str | None = None
    objective: str = OBJECTIVE

    @field_validator("name")
    @classmethod
    def _is_no_option(cls, name: str) -> str:
        if name.startswith("-"):
            raise ValueError('must not begin with "-": commands would take it for an option')
        return name


class Tables(Frozen):
    """All tables of a study file; what stands in most of them is checked one by one."""

    study: Mapping[str, Any]
    training: Mapping[str, Any] = {}
    data: Mapping[str, Any] = {}
    vary: Mapping[str, Any] | None = None
    tune: Mapping[str, Any] | None = None
    fix: Mapping[str, Any] = {}
    replicate: Mapping[str, Any] | None = None
    metrics: Mapping[str, Any] = {}
    published: Mapping[str, Any] = {}
    artifacts: Mapping[str, Any] = {}
    resources: Mapping[str, Any] = {}

    def with_dotted_names(self) -> Self:
        """The same, what is tuned or varied of a table of settings called by its dotted name.

        TOML takes ``plateau.patience = ...`` for a table in ``[tune]``.
        """
        return self.model_copy(
            update={
                name: _dotted(table, "plateau")
                for name in ("tune", "vary")
                if (table := getattr(self, name)) is not None
            }
        )


@dataclass(frozen=True)
class OwnTables:
    """The tables that are checked by themselves; None where one is absent, or wrong."""

    study: StudyTable | None
    training: TrainingSettings | None
    tune: TuneTable | None
    replicate: ReplicateSettings | None
    artifacts: ArtifactSettings | None
    resources: Resources | None

    @property
    def are_right(self) -> bool:
        """Whether all are there that every study has."""
        return None not in (self.study, self.training, self.artifacts, self.resources)


def nested_names(table: Mapping[str, Any], inner: str) -> list[str]:
    """The keys of a table, and dotted those of a table in it."""
    found = table.get(inner)
    own = found if isinstance(found, Mapping) else {}
    return [*table, *(f"{inner}.{key}" for key in own)]


def _dotted(table: Mapping[str, Any], inner: str) -> dict[str, Any]:
    found = table.get(inner)
    if not isinstance(found, Mapping) or not set(found) <= set(Plateau.model_fields):
        return dict(table)
    others = {key: value for key, value in table.items() if key != inner}
    return others | {f"{inner}.{key}": value for key, value in found.items()}


def own_tables(
    tables: Tables,
    lists: Mapping[str, Names | None],
    spaces: Sequence[SearchSpace],
    environment: Mapping[str, str],
    where: str,
    problems: list[Problem],
    task: Task,
) -> OwnTables:
    """Checks each table that can be checked by itself; the task says what is left out of them."""
    given = {key: value for key, value in lists.items() if value is not None}
    study = validate(StudyTable, {**tables.study, **given}, where, "study", problems)
    backend = _environment_backend(environment, problems)
    training = validate(
        TrainingSettings,
        {"loss": task.loss, **backend, **tables.training},
        where,
        "training",
        problems,
    )
    tune: TuneTable | None = None
    if tables.tune is not None:
        tune = validate(
            TuneTable, own_keys(TuneTable, tables.tune, spaces), where, "tune", problems
        )
    replicate: ReplicateSettings | None = None
    if tables.replicate is not None:
        table = {"metric": task.metric, **tables.replicate}
        replicate = validate(ReplicateSettings, table, where, "replicate", problems)
        check_replicate(tables.replicate, where, problems)
    artifacts = validate(ArtifactSettings, tables.artifacts, where, "artifacts", problems)
    resources = validate(Resources, tables.resources, where, "resources", problems)
    if tables.tune is None and tables.replicate is None:
        rule = (
            "nothing is trained: give [tune] with trials, [replicate] with seeds or folds, or both"
        )
        problems.append(Problem(where, rule))
    return OwnTables(study, training, tune, replicate, artifacts, resources)


def names_of(value: Any, key: str, where: str, problems: list[Problem]) -> Names | None:
    """One name or a list of different names, as a tuple; None where it is something else."""
    if value is None:
        return None
    listed = value if isinstance(value, list) else [value]
    if not listed or not all(isinstance(name, str) for name in listed):
        problems.append(Problem(where, "must be text, or a list of texts", f"study.{key}", value))
        return ()
    for name in sorted({name for name in listed if listed.count(name) > 1}):
        problems.append(Problem(where, f"names {name} twice", f"study.{key}"))
    return tuple(dict.fromkeys(listed))


def _environment_backend(environment: Mapping[str, str], problems: list[Problem]) -> dict[str, str]:
    backend = environment.get("KERAS_BACKEND")
    if not backend:
        return {}
    known = list(BACKENDS)
    if backend not in known:
        rule = f"must be one of {', '.join(known)}"
        problems.append(Problem("the environment variable KERAS_BACKEND", rule, found=backend))
        return {}
    return {"backend": backend}
