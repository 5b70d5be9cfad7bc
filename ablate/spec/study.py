"""A question, as asked by one study file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt, field_validator
from pydantic.json_schema import SkipJsonSchema

from ablate import tasks
from ablate.spec.data import DataSettings, Fold
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

    seeds: Annotated[
        Annotated[int, Field(ge=1, le=1000)] | None, Field(exclude_if=lambda count: count is None)
    ] = None
    """How many seeds; the same ones for every variant. None where folds take their place."""
    folds: Annotated[
        Annotated[int, Field(ge=2, le=100)] | None, Field(exclude_if=lambda count: count is None)
    ] = None
    """Into how many equal parts the data are cut, each of which is held out once to test on."""
    fold_repeats: Annotated[
        int, Field(ge=1, le=100), Field(exclude_if=lambda count: count == 1)
    ] = 1
    """How often they are cut anew."""
    metric: str = "accuracy"
    """What the verdicts are about: chosen with the question, before the results are seen."""
    looks: Annotated[bool | tuple[PositiveInt, ...], Field(exclude_if=lambda looks: not looks)] = (
        False
    )
    """After how many seeds comparisons are looked at; those that are decided get no more. True for the
    usual looks, the last of which is at all seeds."""
    searches: Annotated[
        Literal["each"] | Annotated[int, Field(ge=1, le=1000)],
        Field(exclude_if=lambda searches: searches == 1),
    ] = 1
    """How many searches each cell has, which its seeds are dealt out to; `each` for one of each seed."""
    margin: Annotated[
        Annotated[float, Field(gt=0, allow_inf_nan=False)] | None,
        Field(exclude_if=lambda margin: margin is None),
    ] = None
    """What two variants may differ by and still be called alike: in the unit that the metric is reported
    in, points for an accuracy."""

    @field_validator("looks", mode="before")
    @classmethod
    def _as_it_is_written(cls, looks: Any) -> Any:
        return tuple(looks) if isinstance(looks, list) else looks

    @property
    def count(self) -> int:
        """How many replicates of each variant: of seeds, or of folds."""
        return self.seeds or (self.folds or 0) * self.fold_repeats


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
    fold: Annotated[int | None, Field(exclude_if=lambda index: index is None)] = None
    """Whose held-out part its search does not meet, counted over all cuts; None where one search
    serves all replicates, and for the replicates themselves."""
    search: Annotated[int | None, Field(exclude_if=lambda index: index is None)] = None
    """Which of its searches it is, where it has several; None where it has one, and for the replicates
    themselves."""

    @property
    def whole(self) -> Cell:
        """The cell, whichever fold its search does without, and whichever search it is."""
        return self.model_copy(update={"fold": None, "search": None})

    @property
    def within(self) -> str:
        """Which of its cell's searches it is, in words; empty where there is one."""
        if self.search is not None:
            return f"search {self.search + 1}"
        return "" if self.fold is None else f"fold {self.fold + 1}"

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        return [(name, value) for name, value in super().__repr_args__() if value is not None]


SEARCHES = 2**31
"""How far the seeds of several searches lie from those of the replicates."""
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
    planned: Annotated[PositiveInt | None, Field(exclude_if=lambda count: count is None)] = None
    """How many seeds there were when the verdict was made, where the study has been given more since; no
    study file says it."""
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
    def comparisons(self) -> tuple[Cell, ...]:
        """The cells that are compared with the baseline on their data set: one family."""
        return tuple(cell for cell in self.cells if cell.variant != self.baseline)

    def baseline_of(self, cell: Cell) -> Cell:
        """What a cell is compared with."""
        return Cell(dataset=cell.dataset, variant=self.baseline)

    @property
    def looks(self) -> tuple[int, ...]:
        """After how many seeds comparisons are looked at; empty where they are judged once, at the end."""
        asked = False if self.replicate is None else self.replicate.looks
        if isinstance(asked, tuple) or not asked:
            return asked or ()
        from ablate.statistics import default_looks  # with NumPy, which few need

        count = len(self.comparisons)
        return default_looks(self.planned_seeds or 1, count) if count else ()

    @property
    def planned_seeds(self) -> int | None:
        """How many seeds the verdict is about; those after them may confirm it. None for folds."""
        if self.replicate is None or self.replicate.seeds is None:
            return None
        asked = self.replicate.looks
        last = asked[-1] if isinstance(asked, tuple) else None
        return min(self.planned or last or self.replicate.seeds, self.replicate.seeds)

    @property
    def searched_cells(self) -> tuple[Cell, ...]:
        """What has a search of its own, or has one choice: cells, and with folds each cell in each.

        So nothing that chooses meets what a replicate is tested on.
        """
        if self.tune is None or self.replicate is None:
            return self.cells
        if self.replicate.folds is None:
            if not self._has_several_searches:
                return self.cells
            searches = range(self.search_count)
            return tuple(
                cell.model_copy(update={"search": search})
                for search in searches
                for cell in self.cells
            )
        folds = range(self.replicate.count)
        return tuple(
            cell.model_copy(update={"fold": fold}) for cell in self.cells for fold in folds
        )

    def searched_cell(self, cell: Cell, seed: int) -> Cell:
        """The one whose choice a replicate trains."""
        if self._has_several_searches:
            search = self.replicate_index(seed) % self.search_count
            return cell.model_copy(update={"search": search})
        if self.tune is None or self.fold(seed) is None:
            return cell
        return cell.model_copy(update={"fold": self.replicate_index(seed)})

    @property
    def _has_several_searches(self) -> bool:
        """Whether each cell has several searches, or one so far and another for each further seed."""
        if self.tune is None or self.replicate is None or self.replicate.seeds is None:
            return False
        return self.replicate.searches != 1

    @property
    def search_count(self) -> int:
        """How many searches each cell has; 1 where it has none, or one in each fold."""
        if self.tune is None or self.replicate is None or self.replicate.seeds is None:
            return 1
        asked = self.replicate.searches
        return self.replicate.seeds if asked == "each" else asked

    @property
    def searches_compared(self) -> int:
        """How many searches' means are compared, each of the seeds that share it; 0 where seeds are."""
        asked = 1 if self.replicate is None else self.replicate.searches
        return asked if isinstance(asked, int) and asked > 1 else 0

    def search_seed(self, cell: Cell) -> int:
        """What drives a cell's search: its sampler, and in every trial all that a seed draws."""
        return self.seed if cell.search is None else (self.seed + SEARCHES + cell.search) % 2**32

    def fold_of(self, cell: Cell) -> Fold | None:
        """What the search of a cell does not meet."""
        return None if cell.fold is None else self.fold(self._seed(cell.fold))

    @property
    def seeds(self) -> tuple[int, ...]:
        """The replicates' seeds: fresh ones, which the tuned trials have not used.

        Of folds each has one.
        """
        count = self.replicate.count if self.replicate else 0
        return tuple(self._seed(index) for index in range(count))

    def _seed(self, index: int) -> int:
        return (self.seed + 1 + index) % 2**32

    def replicate_index(self, seed: int) -> int:
        """Which of its cell's replicates has a seed, from 0."""
        return (seed - self.seed - 1) % 2**32

    def replicate_name(self, seed: int) -> str:
        """What the replicate of a seed is called among those of its cell."""
        if self.fold(seed) is None:
            return f"seed {seed}"
        return f"fold {self.replicate_index(seed) + 1}"

    def fold(self, seed: int) -> Fold | None:
        """What the replicate of a seed is tested on; None for the test part of the data."""
        if self.replicate is None or self.replicate.folds is None:
            return None
        repeat, number = divmod(self.replicate_index(seed), self.replicate.folds)
        return Fold(folds=self.replicate.folds, number=number, repeat=repeat, seed=self.seed)

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
        name = f"{cell.dataset}: {cell.variant}" if len(self.datasets) > 1 else cell.variant
        return f"{name}, {cell.within}" if cell.within else name

    def question(self) -> dict[str, Any]:
        """What makes two studies ask the same, as plain JSON.

        All but counts, texts, places, resources and what is kept.

        Two are compared as they are read, never as they were stored: what a stored spec lacks came
        later, and has its default. Keys are those of the study file; what belongs to one of several data sets or search
        spaces stands under its name there.
        """
        elsewhere = {"home", "folder", "folds"}  # the last stands under [replicate]
        datasets = {d.dataset: d.model_dump(mode="json", exclude=elsewhere) for d in self.datasets}
        spaces = {found.name: _asked(found) for found in self.architectures}
        question: dict[str, Any] = {"data": next(iter(datasets.values()))}
        if len(datasets) > 1:
            question["data"] = datasets
        if len(spaces) > 1:
            question["search_spaces"] = spaces
        else:
            question |= next(iter(spaces.values()))
        question["seed"] = self.seed
        question["replicate"] = {
            "metric": self.replicate.metric if self.replicate else "accuracy",
            "margin": self.replicate.margin if self.replicate else None,
            "looks": self.replicate.looks if self.replicate else False,
            "searches": self.replicate.searches if self.replicate else 1,
            "folds": self.replicate.folds if self.replicate else None,
        }
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
