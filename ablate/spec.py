"""What a study, a trial and its result are: frozen records that pass between the modules."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, PositiveInt, create_model, field_validator
from pydantic.json_schema import SkipJsonSchema

from ablate.identity import identity
from ablate.measures import KEYS, OBJECTIVE, PUBLISHED, MetricName
from ablate.pruners import Median, PrunerSettings
from ablate.samplers import SamplerSettings, Tpe
from ablate.space import Frozen, Parameter, Scalar, SearchSpace

Backend = Literal["tensorflow", "jax"]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, lt=1)]


class EarlyStopping(Frozen):
    """Ends a training whose validation loss no longer improves."""

    patience: PositiveInt = 3
    """Epochs without improvement after which training ends."""
    min_delta: NotNegative = 0.0
    """The smallest change of the validation loss that counts as an improvement."""


class Plateau(Frozen):
    """Lowers the learning rate when the validation loss no longer improves."""

    factor: Annotated[float, Field(gt=0, lt=1)] = 0.1
    patience: PositiveInt = 2
    """Epochs without improvement after which the learning rate is multiplied by `factor`."""
    min_lr: NotNegative = 0.0


class TrainingSettings(Frozen):
    """How a network is trained. Names and meanings are Keras's."""

    epochs: PositiveInt = 10
    batch_size: PositiveInt = 128
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam"
    learning_rate: Positive = 1e-3
    momentum: Share = 0.9
    """For `sgd` only."""
    weight_decay: NotNegative | None = None
    """None is Keras's own default: 0.004 for `adamw`, none for the others."""
    learning_rate_decay: Literal["none", "cosine", "exponential", "plateau"] = "none"
    decay_rate: Annotated[float, Field(gt=0, lt=1)] = 0.9
    """For `exponential` only: what the learning rate is multiplied by each epoch."""
    plateau: Plateau = Plateau()
    """For `plateau` only."""
    loss: Literal[
        "categorical_crossentropy",
        "categorical_focal_crossentropy",
        "categorical_hinge",
        "kl_divergence",
        "mean_squared_error",
    ] = "categorical_crossentropy"
    label_smoothing: Share = 0.0
    """For the two crossentropies only."""
    early_stopping: EarlyStopping | None = None
    checkpoint: Literal["best", "last"] = "best"
    """Which weights are measured: those of the epoch with the lowest validation loss, or the last."""
    dtype_policy: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32"
    backend: Backend = "tensorflow"
    """The Keras backend. Defaults to the environment's KERAS_BACKEND, then tensorflow."""


class DataSettings(Frozen):
    """Which data a study uses, and how much of them."""

    dataset: str
    per_class: PositiveInt | None = None
    """Training images of each class, drawn by the trial's seed; None takes all."""
    test_per_class: PositiveInt | None = None
    """Test images of each class, the same for every trial; None takes all."""
    validation: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the training images that is split off, stratified, by the trial's seed."""
    home: Annotated[str, Field(min_length=1)] | None = None
    """A folder that is searched for data files before any download."""
    folder: str = "."
    """The folder of the study file."""
    options: Mapping[str, Any] = {}
    """The data set's own options, all of them, as its `Options` writes them."""


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
    metric: MetricName = "accuracy"
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


class Variant(Frozen):
    """One of the things that a study compares."""

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


class _Sourced(Frozen):
    """What somebody else has published of a variant; None where they do not say."""

    source: Annotated[str, Field(min_length=1)]
    """Where it was published."""

    @property
    def numbers(self) -> dict[str, float]:
        """The numbers that there are, by name."""
        values = self.model_dump(exclude={"source"}, exclude_none=True)
        return {name: float(value) for name, value in values.items()}


if TYPE_CHECKING:
    PublishedValues = _Sourced
else:  # a field for each measure that may be published
    _LIMITS = {"share": Annotated[float, Field(ge=0, le=1)], "loss": NotNegative}
    PublishedValues = create_model(
        "PublishedValues",
        __base__=_Sourced,
        __module__=__name__,
        __doc__=_Sourced.__doc__,
        **{
            name: (_LIMITS.get(measure.kind, Positive) | None, None)
            for name, measure in PUBLISHED.items()
        },
    )


class Published(Frozen):
    """Published numbers of a variant on a data set."""

    variant: str
    dataset: str
    values: PublishedValues


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
    """The version of the rules that it was begun under, see `ablate.identity`; no report says it."""

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every variant on every data set."""
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


_PLACES, _DATA_PLACES = ("architecture_source",), ("home", "folder")
"""Where a trial's files happen to lie, which is no part of what it is."""


class TrialSpec(Frozen):
    """Everything that determines one training run."""

    data: DataSettings
    data_digest: str
    """SHA-256 of the images and labels, see `ablate.data`."""
    architecture: str
    architecture_source: str | None = None
    architecture_digest: str | None = None
    parameters: Mapping[str, Scalar]
    """The arguments of the architecture's `build`."""
    training: TrainingSettings
    seed: int

    @property
    def fingerprint(self) -> str:
        """The same 16 hexadecimal digits for the same training run.

        It is kept with a trial and shown; nothing compares one with those of another version.
        """
        data = identity(self)
        for name in _PLACES:
            data.pop(name)
        for name in _DATA_PLACES:
            data["data"].pop(name)
        text = json.dumps(data, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


Outcome = Literal["complete", "pruned", "infeasible", "failed", "interrupted"]


class Epoch(Frozen):
    """What one epoch of training measured."""

    epoch: int
    """Counted from 1."""
    loss: float
    """On the training set, averaged over the epoch."""
    accuracy: float
    val_loss: float
    """Crossentropy on the validation set, without label smoothing and weight penalties."""
    val_accuracy: float
    seconds: float


class TrialResult(Frozen):
    """What one training run gave; whatever was not reached is missing."""

    outcome: Outcome
    reason: str | None = None
    """Why the trial is infeasible, failed or interrupted."""
    measures: Mapping[str, int | float] = {}
    """By key, see `measures.KEYS`."""
    curves: tuple[Epoch, ...] = ()
    confusion_matrix: tuple[tuple[int, ...], ...] | None = None
    """Rows are true classes, columns predicted ones: on the test set for a replicate, else on the
    validation set."""
    no_model: str | None = None
    """Why the trained network was not saved, where it should have been."""

    @field_validator("measures")
    @classmethod
    def _are_known(cls, measures: Mapping[str, int | float]) -> Mapping[str, int | float]:
        if unknown := set(measures) - set(KEYS):
            raise ValueError(f"not in the table of measures: {', '.join(sorted(unknown))}")
        return measures

    @property
    def objective(self) -> float | None:
        """What the search keeps low; None where the training is not complete."""
        return self.measures.get(OBJECTIVE)
