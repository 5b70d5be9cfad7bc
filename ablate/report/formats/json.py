"""All numbers of the report as JSON, for programs; docs/report_schema.json says what is in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from ablate.report.numbers.ablation import Ablation
from ablate.report.numbers.confusion import Confusion
from ablate.report.numbers.curves import MeanCurves
from ablate.report.numbers.importance import Importance
from ablate.report.numbers.published import PublishedComparison
from ablate.report.numbers.search import CellSearch
from ablate.report.numbers.tradeoff import FRONT
from ablate.spec.identity import identity
from ablate.spec.parts import Parts
from ablate.spec.space import Scalar
from ablate.spec.study import Phase, StudySpec
from ablate.spec.training import TrainingSettings
from ablate.state.phases import PhaseState
from ablate.store.attributes import REPEATS
from ablate.store.results import COLUMNS, LEFT_OUT, PLACE

if TYPE_CHECKING:
    from ablate.document.elements import Document
    from ablate.report.formats._base import Page
    from ablate.report.report import Report

FIGURES = None
FILE = "report.json"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class TrainingRun(_Record):
    """A training run; what it did not reach is missing or null."""

    phase: Phase
    dataset: str
    variant: str
    number: int
    """Its number among the trials of its search, or among the replicates."""
    outcome: str
    """complete, pruned, infeasible, failed, interrupted, running or waiting."""
    reason: str | None
    """Why it is infeasible, failed or interrupted."""
    seed: int | None
    fingerprint: str | None
    """The same for the same training run."""
    device: str | None
    repeats_trial: int | None = Field(default=None, exclude_if=lambda number: number is None)
    """The trial of its search that it repeats, and whose result it has; missing where it was
    trained."""
    left_out: str | None = Field(default=None, exclude_if=lambda reason: reason is None)
    """Why a complete replicate does not count; missing where it does."""
    hyperparameters: Mapping[str, Scalar]
    """Those that were varied or tuned."""
    on_front: bool
    """Whether it is a complete trial that no other beats in accuracy, parameters and time together."""
    measures: Mapping[str, int | float]
    """What was measured, as in trials.csv: losses are crossentropies, accuracies and F1 lie between
    0 and 1, flops and inference_seconds are those of one image, times are in seconds."""


class JsonReport(_Record):
    """The report of a study made by ablate. A number that is not finite is null."""

    schema_version: Literal[1]
    """Counts up when a key gets another meaning or is taken away."""
    ablate_version: str
    spec: StudySpec
    """The study as it was run last, without where its files lie."""
    phases: tuple[PhaseState, ...]
    """How far the search and the replicates are, and how many trials ended how."""
    reasons: Mapping[str, int]
    """Why training runs were infeasible or failed, each with how many."""
    trials: tuple[TrainingRun, ...]
    """All training runs, of the search and replicates."""
    searches: tuple[CellSearch, ...]
    importance: Importance | None
    """Null unless a single variant on a single data set was tuned."""
    ablation: Ablation | None
    """The comparison of the variants; null where the study asks for no replicates."""
    curves: tuple[MeanCurves, ...]
    """The learning curves of each variant over its seeds, an interval for each epoch."""
    confusions: tuple[Confusion, ...]
    """The confusion matrices on the test set, added up over the seeds."""
    unreadable: Mapping[str, int]
    """Of how many complete replicates what was measured is missing or damaged, by what it is."""
    published: PublishedComparison | None
    """Published numbers beside ours; null where the study holds none."""
    cards: Mapping[str, Mapping[str, Any]]
    """The data card of each data set. Where its `sample` is there and not null, copies, leaks and
    values were counted on a sample of so many training and test images."""
    splits: Annotated[tuple[Parts, ...], Field(exclude_if=lambda splits: not splits)] = ()
    """How each data set was split: of the first seed, of each fold, and where groups are kept together
    of each seed; left out where it was not noted."""
    unseen: Annotated[int, Field(exclude_if=lambda count: not count)] = 0
    """Training runs with epochs that callbacks did not see, in a training loop of the user's own; left
    out where there are none."""
    environments: tuple[Mapping[str, Any], ...]
    """Where the training runs took place."""
    workers: tuple[int, ...]
    """How many trained side by side; several numbers where that changed."""


def render(report: Report, document: Document, page: Page) -> dict[str, str]:
    """Every number unrounded."""
    found = JsonReport(
        schema_version=1,
        ablate_version=version("keras-ablate"),
        spec=_without_places(report.spec),
        phases=report.phases,
        reasons=report.reasons,
        trials=tuple(_trials(report)),
        searches=report.searches,
        importance=report.importance,
        ablation=report.ablation,
        curves=report.curves,
        confusions=report.confusions,
        unreadable=report.unreadable,
        published=report.published,
        cards=report.cards,
        splits=report.splits,
        unseen=report.unseen,
        environments=tuple(one.model_dump(exclude_unset=True) for one in report.environments),
        workers=report.workers,
    )
    hidden: dict[str, Any] = {"rules": True, "training": _later(report.spec.training)}
    return {FILE: found.model_dump_json(indent=2, exclude={"spec": hidden}) + "\n"}


def _later(training: TrainingSettings) -> set[str]:
    """Settings that came later and have their default: reports of studies without them stay."""
    return set(training.model_dump()) - set(identity(training))


def _without_places(spec: StudySpec) -> StudySpec:
    """A study without where its files happened to lie."""
    nowhere = {"home": None, "folder": "."}
    architectures = (
        found.model_copy(update={"source": found.source and Path(found.source).name})
        for found in spec.architectures
    )
    return spec.model_copy(
        update={
            "datasets": tuple(data.model_copy(update=nowhere) for data in spec.datasets),
            "architectures": tuple(architectures),
            "path": Path(spec.path).name,
        }
    )


def _trials(report: Report) -> Iterator[TrainingRun]:
    table = report.trials.astype(object)
    table = table.where(report.trials.notna(), None)
    front = report.tradeoff[report.tradeoff[FRONT]]
    names = [name for name in PLACE if name in front]
    on_front = set(front[names].itertuples(index=False, name=None))
    keys = report.spec.measures.keys
    own = [name for name in table.columns if name not in (*COLUMNS, *keys, REPEATS.name)]
    for row in table.to_dict("records"):
        known = {str(name): value for name, value in row.items() if value is not None}
        is_tuned = known["phase"] == "tune"
        yield TrainingRun(
            **{
                name: row[name]
                for name in (*PLACE, "outcome", "reason", "seed", "fingerprint", "device")
            },
            repeats_trial=known.get(REPEATS.name),
            left_out=known.get(LEFT_OUT),
            hyperparameters={name: known[name] for name in own if name in known},
            on_front=is_tuned and tuple(row[name] for name in names) in on_front,
            measures={name: known[name] for name in keys if name in known},
        )


class _Schema(GenerateJsonSchema):
    def float_schema(self, schema: core_schema.FloatSchema) -> JsonSchemaValue:
        found = super().float_schema(schema)
        return {**found, "type": ["number", "null"]}


def json_schema() -> dict[str, Any]:
    """The JSON schema of the report, as docs/report_schema.json holds it."""
    schema = JsonReport.model_json_schema(mode="serialization", schema_generator=_Schema)
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema}
