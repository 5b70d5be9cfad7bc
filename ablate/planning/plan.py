"""What a study will train: the configuration of each training run, their number, and warnings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ablate.planning.lag import lag_warnings
from ablate.planning.length import steps_of_epoch, training_images
from ablate.planning.repeats import repeat_warnings
from ablate.spec.data import DataSettings, DataShape, InputShape
from ablate.spec.samplers import EXHAUSTIVE
from ablate.spec.space import Choices, Parameter, Scalar, count_configurations
from ablate.spec.study import Cell, Phase, StudySpec
from ablate.spec.training import TrainingSettings
from ablate.spec.trial import TrialSpec


@dataclass(frozen=True)
class Part:
    """A part of a study that has an Optuna study of its own: one cell's search, or all replicates."""

    name: str
    """The name of the Optuna study."""
    phase: Phase
    cell: Cell | None
    """The cell that is tuned; None for the replicates."""


def parts(study: StudySpec) -> tuple[Part, ...]:
    """The Optuna studies that hold a study: those of the search first, then the replicates'."""
    found = []
    if study.tune is not None:
        found = [Part(_tuning_name(study, cell), "tune", cell) for cell in study.searched_cells]
    if study.replicate is not None:
        found.append(Part(f"{study.name}/replicate", "replicate", None))
    return tuple(found)


def _tuning_name(study: StudySpec, cell: Cell) -> str:
    if len(study.searched_cells) == 1 and not cell.within:
        return study.name
    names = [study.name, "tune", *([cell.dataset] if len(study.datasets) > 1 else []), cell.variant]
    return "/".join([*names, *([cell.within] if cell.within else [])])


@dataclass(frozen=True)
class DataPlan:
    """What a study takes from one data set."""

    dataset: str
    images: int
    """Training images of each training run, without those for validation."""
    shape: InputShape
    """Of one of them."""
    steps: tuple[int, int]
    """The fewest and the most of an epoch, with all batch sizes that trainings can have."""


@dataclass(frozen=True)
class VariantPlan:
    """What is tuned of one variant."""

    name: str
    tuned: tuple[Parameter, ...]
    configurations: int | None
    """Different configurations in its tuned space; None where a parameter is continuous."""
    trials: int
    """Tuned trials on each data set, 0 where nothing is tuned."""


@dataclass(frozen=True)
class Plan:
    """What a study will train."""

    data: tuple[DataPlan, ...]
    variants: tuple[VariantPlan, ...]
    trials: int
    """Tuned trials of all cells together."""
    replicates: int
    """Replicates of all cells together."""
    warnings: tuple[str, ...]


def make_plan(study: StudySpec, shapes: Mapping[str, DataShape], *, built: bool = False) -> Plan:
    """Plans a study on data sets of given sizes.

    Args:
        study: the study.
        shapes: the sizes, by data set.
        built: whether its networks are built as well: they tell of batch norm themselves, more than
            the name of a parameter can.
    """
    data = tuple(_plan_data(study, settings, shapes) for settings in study.datasets)
    variants = tuple(
        VariantPlan(
            name=variant.name,
            tuned=study.architecture(variant.name).tuned if study.tune else (),
            configurations=size_of_space(study, variant.name),
            trials=trials_when_complete(study, variant.name),
        )
        for variant in study.variants
    )
    warnings = [*repeat_warnings(study, variants)]
    warnings += (
        warning
        for plan in data
        for variant in study.variants
        for warning in (() if built else lag_warnings(study, variant.name, plan.images))
    )
    return Plan(
        data=data,
        variants=variants,
        trials=sum(trials_when_complete(study, cell.variant) for cell in study.searched_cells),
        replicates=len(study.cells) * len(study.seeds),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _plan_data(
    study: StudySpec, settings: DataSettings, shapes: Mapping[str, DataShape]
) -> DataPlan:
    images = training_images(settings, shapes[settings.dataset])
    steps = [
        count for variant in study.variants for count in steps_of_epoch(study, variant.name, images)
    ]
    shape = shapes[settings.dataset].example
    return DataPlan(settings.dataset, images, shape, (min(steps), max(steps)))


def trials_when_complete(study: StudySpec, variant: str) -> int:
    """How many tuned trials a cell holds when it is complete: no more than there are to try."""
    if study.tune is None:
        return 0
    size = size_of_space(study, variant)
    if size == 1 or (study.tune.sampler.name in EXHAUSTIVE and size is not None):
        return min(study.tune.trials, size)
    return study.tune.trials


def size_of_space(study: StudySpec, variant: str) -> int | None:
    """How many configurations the tuned space of a variant holds; None where one is continuous."""
    architecture = study.architecture(variant)
    given = {**architecture.fix, **study.variant(variant).values}
    tuned = {parameter.name: parameter for parameter in architecture.tuned}
    parameters = [
        tuned.get(p.name) or _only(p, given.get(p.name, p.default))
        for p in architecture.search_space.parameters
    ]
    names = {parameter.name for parameter in parameters}
    training = study.training.flat() | given
    settings = [
        Parameter(name=name, domain=Choices(choices=(training[name],)), default=training[name])
        for name in study.training.flat()
        if name not in names and name not in tuned and _is_scalar(training[name])
    ]
    others = [parameter for name, parameter in tuned.items() if name not in names]
    return count_configurations([*parameters, *settings, *others])


def _is_scalar(value: object) -> bool:
    return isinstance(value, bool | int | float | str)


def _only(parameter: Parameter, value: Scalar) -> Parameter:
    """The parameter with one value."""
    return parameter.model_copy(update={"domain": Choices(choices=(value,))})


def replicates_in_order(study: StudySpec) -> list[tuple[Cell, int]]:
    """Every replicate, seed by seed.

    The variants take turns in being first, so that a machine which slows down while it works, or
    between data sets, slows all of them alike.
    """
    order = []
    for index, seed in enumerate(study.seeds):
        for data in study.datasets:
            names = [variant.name for variant in study.variants]
            first = index % len(names)
            turn: Sequence[str] = names[first:] + names[:first]
            order += [(Cell(dataset=data.dataset, variant=name), seed) for name in turn]
    return order


def configure(
    study: StudySpec, variant: str, suggest: Callable[[Parameter], Scalar]
) -> tuple[dict[str, Scalar], TrainingSettings]:
    """The network's parameters and the training settings of one training run.

    Args:
        study: the study.
        variant: the variant's name.
        suggest: chooses a value for each tuned parameter that is in use.

    Raises:
        ValueError: the training settings chosen do not fit each other.
    """
    architecture = study.architecture(variant)
    space = architecture.search_space
    given = {**architecture.fix, **study.variant(variant).values}
    tuned = {parameter.name: parameter for parameter in architecture.tuned}
    in_use: dict[str, Scalar] = {}
    for parameter in space.parameters:
        if parameter.in_use(in_use):
            fixed = given.get(parameter.name, parameter.default)
            chosen = tuned.get(parameter.name)
            in_use[parameter.name] = fixed if chosen is None else suggest(chosen)
    training = study.training.flat()
    settings = {name for name in training if name not in space}
    training |= {name: value for name, value in given.items() if name in settings}
    for name, parameter in tuned.items():
        if name in settings and parameter.in_use(training | in_use):
            training[name] = suggest(parameter)
    return space.complete(in_use), TrainingSettings.from_flat(training)


def untuned(parameter: Parameter) -> Scalar:
    """The value of a parameter before anything is tuned: its default, where that may be tuned."""
    inside = parameter.default in parameter.domain
    return parameter.default if inside else parameter.domain.ends()[0]


def configurations_at_ends(study: StudySpec, variant: str) -> tuple[dict[str, Scalar], ...]:
    """The networks of a variant before anything is tuned, then with one parameter at each end."""
    tuned = study.architecture(variant).tuned
    found = [configure(study, variant, untuned)[0]]
    for parameter in (one for one in tuned if one.name in study.architecture(variant).search_space):
        for end in parameter.domain.ends():

            def at_end(asked: Parameter, name: str = parameter.name, end: Scalar = end) -> Scalar:
                return end if asked.name == name else untuned(asked)

            found += [one for one in [configure(study, variant, at_end)[0]] if one not in found]
    return tuple(found)


def trial_spec(
    study: StudySpec,
    cell: Cell,
    data_digest: str,
    seed: int,
    suggest: Callable[[Parameter], Scalar],
) -> TrialSpec:
    """Everything that determines one training run of a study.

    Raises:
        ValueError: the training settings chosen do not fit each other.
    """
    parameters, training = configure(study, cell.variant, suggest)
    fold = study.fold(seed) if cell.fold is None else study.fold_of(cell)
    architecture = study.architecture(cell.variant)
    return TrialSpec(
        data=study.data(cell.dataset),
        data_digest=data_digest,
        architecture=architecture.search_space.architecture,
        architecture_source=architecture.source,
        architecture_digest=architecture.digest,
        parameters=parameters,
        training=training,
        seed=seed,
        metrics=study.metrics,
        user_metrics=study.user_metrics,
        objective=study.objective,
        fold=fold,
    )
