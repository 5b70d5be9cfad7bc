"""A question, as asked by one study file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt, field_validator
from pydantic.json_schema import SkipJsonSchema

from ablate import tasks
from ablate.spec.data import DataSettings
from ablate.spec.measure import OBJECTIVE, Measure, MeasureTable
from ablate.spec.measures import measures_of
from ablate.spec.pruners import Median, PrunerSettings
from ablate.spec.published import Published
from ablate.spec.samplers import SamplerSettings, Tpe
from ablate.spec.space import Frozen, Parameter, Scalar, SearchSpace
from ablate.spec.training import NotNegative, Positive, TrainingSettings
from ablate.spec.user_metric import UserMetric


class TuneSettings(Frozen):
    """The search: `trials` trials, the sampler that chooses them, the pruner that ends them."""

    trials: PositiveInt
    """How many trials each cell holds when it is complete, failed ones included."""
    sampler: SamplerSettings = Tpe()
    pruner: PrunerSettings = Median()


class ReplicateSettings(Frozen):
    """The training of each variant again, from fresh seeds."""

    seeds: Annotated[int, Field(ge=1, le=1000)]
    """How many seeds; the same ones for every variant."""
    metric: str = "accuracy"
    """What the verdicts are about: chosen with the question, before the results are seen."""


class ArtifactSettings(Frozen):
    """What is kept of the training runs besides their numbers and curves."""

    models: Literal["none", "best", "all"] = "none"
    """Whose trained networks: nobody's, each cell's best run's, or every complete run's."""


class Resources(Frozen):
    """What a worker asks of a Ray cluster, see ``ablate run --executor ray``."""

    num_cpus: Positive = 1.0
    """Processor cores; its libraries use as many threads, and never fewer than one."""
    num_gpus: NotNegative | None = None
    """GPUs, for example 0.25 to have four workers on each; None for one where there are any."""

    @field_validator("num_cpus", "num_gpus")
    @classmethod
    def _is_a_share_or_whole(cls, amount: float | None) -> float | None:
        if amount is not None and amount > 1 and not amount.is_integer():
            raise ValueError(f"must be a whole number, or a part of one, found {amount:g}")
        return amount


class Architecture(Frozen):
    """An architecture as a study uses it: its search space, its code, what is fixed and tuned."""

    search_space: SearchSpace
    source: str | None = None
    """The Python file of a user's own architecture; None for a shipped or installed one."""
    digest: str | None = None
    """SHA-256 of that file."""
    fix: Mapping[str, Scalar] = {}
    """Search-space parameters that take another value than their default."""
    tuned: tuple[Parameter, ...] = ()
    """What is tuned: search-space parameters and training settings, conditions before their users."""

    @property
    def name(self) -> str:
        """The name of its search space."""
        return self.search_space.name


SPACE = "search_space"
"""The name of the factor whose levels are search spaces."""


class Variant(Frozen):
    """One of the things that a study compares: a search space, with values for what is varied."""

    name: str
    search_space: str
    values: Mapping[str, Scalar] = {}
    """The varied search-space parameters and training settings."""


class Cell(Frozen):
    """A variant on a data set: what is tuned, and replicated, by itself."""

    dataset: str
    variant: str


Phase = Literal["tune", "replicate"]
"""What a training run is for: the search of a cell, or a replicate of what it chose."""


DesignName = Literal["one_at_a_time", "leave_one_out", "factorial", "variants"]


class StudySpec(Frozen):
    """A question, as asked by one study file."""

    name: str
    description: str = ""
    conclusion: str = ""
    """What its author makes of the results; paragraphs stand apart by an empty line."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Drives the sampler, and in every tuned trial initialisation, order, dropout and the split."""
    datasets: tuple[DataSettings, ...]
    architectures: tuple[Architecture, ...]
    training: TrainingSettings
    design: DesignName | None = None
    """How the variants were made; None where there is only one."""
    factors: Mapping[str, tuple[Scalar, ...]] = {}
    """For a factorial design: what is varied, each with its levels, the baseline's level first."""
    variants: tuple[Variant, ...]
    baseline: str
    """The variant that all others are compared with."""
    tune: TuneSettings | None = None
    replicate: ReplicateSettings | None = None
    metrics: Annotated[tuple[str, ...], Field(exclude_if=lambda names: not names)] = ()
    """What is measured besides what the task always has, by name in `ablate.spec.measures`."""
    objective: Annotated[str, Field(exclude_if=lambda key: key == OBJECTIVE)] = OBJECTIVE
    """What searches go by, and all that is chosen: ``val_`` and the name of a score."""
    user_metrics: Annotated[
        tuple[UserMetric, ...], Field(exclude_if=lambda metrics: not metrics)
    ] = ()
    """Measures of the user's own."""
    published: tuple[Published, ...] = ()
    """Numbers that the report sets ours beside."""
    artifacts: ArtifactSettings = ArtifactSettings()
    resources: Resources = Resources()
    path: str
    """The study file."""
    text: str = ""
    """What stands in it."""
    settings: tuple[str, ...] = ()
    """``dotted.key=value`` overrides of it."""
    rules: SkipJsonSchema[PositiveInt] = 1
    """The version of the rules that it was begun under, see `ablate.spec.identity`; no report says it."""

    @property
    def task(self) -> str:
        """What the networks' outputs mean, see `ablate.tasks`: the same for all its data sets."""
        return self.datasets[0].task

    @cached_property
    def measures(self) -> MeasureTable:
        """What is measured of its training runs."""
        always = tasks.find(self.task).measures
        own = (metric.measure for metric in self.user_metrics)
        return measures_of(self.task, (*always, *self.metrics), own)

    @property
    def searched(self) -> Measure:
        """The score that searches go by."""
        return self.measures.by_key[self.objective]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every variant on every data set, those of one data set after the other."""
        return tuple(
            Cell(dataset=data.dataset, variant=variant.name)
            for data in self.datasets
            for variant in self.variants
        )

    @property
    def seeds(self) -> tuple[int, ...]:
        """The replicates' seeds: fresh ones, which the tuned trials have not used."""
        count = self.replicate.seeds if self.replicate else 0
        return tuple((self.seed + 1 + index) % 2**32 for index in range(count))

    def data(self, name: str) -> DataSettings:
        """The settings of a data set."""
        return next(data for data in self.datasets if data.dataset == name)

    def variant(self, name: str) -> Variant:
        """The variant of a name."""
        return next(variant for variant in self.variants if variant.name == name)

    def architecture(self, variant: str) -> Architecture:
        """The architecture of a variant."""
        space = self.variant(variant).search_space
        return next(found for found in self.architectures if found.name == space)

    def cell_name(self, cell: Cell) -> str:
        """What a cell is called: its variant, after its data set where there are several."""
        return f"{cell.dataset}: {cell.variant}" if len(self.datasets) > 1 else cell.variant

    def question(self) -> dict[str, Any]:
        """What makes two studies ask the same, as plain JSON.

        All but counts, texts, places, resources and what is kept.

        Two are compared as they are read, never as they were stored: what a stored spec lacks came
        later, and has its default. Keys are those of the study file; what belongs to one of several data sets or search
        spaces stands under its name there.
        """
        places = {"home", "folder"}
        datasets = {d.dataset: d.model_dump(mode="json", exclude=places) for d in self.datasets}
        spaces = {found.name: _asked(found) for found in self.architectures}
        question: dict[str, Any] = {"data": next(iter(datasets.values()))}
        if len(datasets) > 1:
            question["data"] = datasets
        if len(spaces) > 1:
            question["search_spaces"] = spaces
        else:
            question |= next(iter(spaces.values()))
        question["seed"] = self.seed
        question["replicate"] = {"metric": self.replicate.metric if self.replicate else "accuracy"}
        question["study"] = {"metrics": list(self.metrics), "objective": self.objective}
        question["metrics"] = {
            metric.name: metric.model_dump(mode="json", exclude={"name", "source", "digest"})
            for metric in self.user_metrics
        }
        question["training"] = self.training.model_dump(mode="json")
        if self.tune is not None:
            sampling = self.tune.model_dump(mode="json", exclude={"trials"})
            question["tune"] = {**sampling, **question.get("tune", {})}
        if self.design is not None:
            question["vary"] = {
                "baseline": self.baseline,
                "variants": [variant.model_dump(mode="json") for variant in self.variants],
            }
        return question


def _asked(architecture: Architecture) -> dict[str, Any]:
    """What a study asks of one architecture."""
    data = architecture.model_dump(mode="json")
    del data["search_space"]["description"]
    return {
        "search_space": data["search_space"],
        "architecture_digest": data["digest"],
        "fix": data["fix"],
        "tune": {"parameters": data["tuned"]},
    }
