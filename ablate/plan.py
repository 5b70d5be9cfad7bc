"""What a study will train: the configuration of each trial, the number of them, and warnings."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ablate.datasets._base import DataShape
from ablate.samplers import EXHAUSTIVE
from ablate.space import Choices, Parameter, Scalar, count_configurations
from ablate.spec import StudySpec, TrainingSettings, TrialSpec

LAG_FACTOR = 3
"""Batch norm's moving averages need about this many times 1 / (1 - momentum) steps to settle."""


@dataclass(frozen=True)
class Plan:
    """What a study will train."""

    trials: int
    """How many trials the study holds when it is complete."""
    tuned: tuple[Parameter, ...]
    configurations: int | None
    """Different configurations in the tuned space; None where a parameter is continuous."""
    images: int
    """Training images of each trial, without those for validation."""
    steps_per_epoch: int
    warnings: tuple[str, ...]


def make_plan(study: StudySpec, shape: DataShape) -> Plan:
    """Plans a study on data of a given size."""
    configurations = size_of_space(study)
    images = shape.train - math.ceil(shape.train * study.data.validation)
    steps = math.ceil(images / study.training.batch_size)
    return Plan(
        trials=trials_when_complete(study),
        tuned=study.tune.parameters,
        configurations=configurations,
        images=images,
        steps_per_epoch=steps,
        warnings=lag_warnings(study, images),
    )


def trials_when_complete(study: StudySpec) -> int:
    """The study's `trials`, or fewer where an exhaustive sampler runs out of configurations."""
    size = size_of_space(study)
    if study.tune.sampler.name in EXHAUSTIVE and size is not None:
        return min(study.tune.trials, size)
    return study.tune.trials


def size_of_space(study: StudySpec) -> int | None:
    """How many configurations the tuned space holds; None where a parameter is continuous."""
    tuned = {parameter.name: parameter for parameter in study.tune.parameters}
    parameters = [
        tuned.get(p.name) or _only(p, study.fix.get(p.name, p.default))
        for p in study.search_space.parameters
    ]
    settings = [
        Parameter(name=name, domain=Choices(choices=(value,)), default=value)
        for name, value in study.training.model_dump().items()
        if name not in tuned and isinstance(value, bool | int | float | str)
    ]
    names = {parameter.name for parameter in parameters}
    others = [parameter for name, parameter in tuned.items() if name not in names]
    return count_configurations([*parameters, *settings, *others])


def _only(parameter: Parameter, value: Scalar) -> Parameter:
    """The parameter with one value."""
    return parameter.model_copy(update={"domain": Choices(choices=(value,))})


def lag_warnings(study: StudySpec, images: int) -> tuple[str, ...]:
    """Warns where batch norm's moving averages lag behind the weights for several epochs.

    Validation uses moving averages that each step moves by ``1 - momentum``. With few steps an
    epoch they are stale, validation losses are far too high, and pruning judges the lag.
    """
    name = "batch_norm_momentum"
    if name not in study.search_space or study.fix.get("batch_norm") is False:
        return ()
    tuned = {parameter.name: parameter.domain for parameter in study.tune.parameters}
    default = study.fix.get(name, study.search_space[name].default)
    momentum = max(float(v) for v in (tuned[name].ends() if name in tuned else (default,)))
    batch_sizes = (
        tuned["batch_size"].ends() if "batch_size" in tuned else (study.training.batch_size,)
    )
    steps = math.ceil(images / max(int(size) for size in batch_sizes))
    if steps * (1 - momentum) >= LAG_FACTOR - 1e-9:
        return ()
    needed = f"about {LAG_FACTOR / (1 - momentum):.0f}" if momentum < 1 else "endless"
    better = math.floor((1 - LAG_FACTOR / steps) * 20 + 1e-9) / 20
    if name in tuned:
        remedy = f"tune it up to {better:g}, or train"
    else:
        remedy = f"set {name} = {better:g} under [fix], or train"
    if better not in study.search_space[name].domain:
        remedy = "take smaller batches, or train"
    return (
        f"an epoch has {steps} steps, but with {name} = {momentum:g} the moving averages of "
        f"batch norm need {needed} to settle: early validation losses, and pruning, would judge "
        f"that lag; {remedy} on more images",
    )


def configure(
    study: StudySpec, suggest: Callable[[Parameter], Scalar]
) -> tuple[dict[str, Scalar], TrainingSettings]:
    """The network's parameters and the training settings of one trial.

    Args:
        study: the study.
        suggest: chooses a value for each tuned parameter that is in use.

    Raises:
        ValueError: the training settings chosen do not fit each other.
    """
    tuned = {parameter.name: parameter for parameter in study.tune.parameters}
    in_use: dict[str, Scalar] = {}
    for parameter in study.search_space.parameters:
        if parameter.in_use(in_use):
            fixed = study.fix.get(parameter.name, parameter.default)
            chosen = tuned.get(parameter.name)
            in_use[parameter.name] = fixed if chosen is None else suggest(chosen)
    training = study.training.model_dump()
    for name, parameter in tuned.items():
        if name in training and parameter.in_use(in_use | training):
            training[name] = suggest(parameter)
    parameters = study.search_space.complete(in_use)
    return parameters, TrainingSettings.model_validate(training)


def trial_spec(
    study: StudySpec, data_digest: str, suggest: Callable[[Parameter], Scalar]
) -> TrialSpec:
    """Everything that determines one trial of a study."""
    parameters, training = configure(study, suggest)
    return TrialSpec(
        data=study.data,
        data_digest=data_digest,
        architecture=study.search_space.architecture,
        architecture_source=study.architecture_source,
        architecture_digest=study.architecture_digest,
        parameters=parameters,
        training=training,
        seed=study.seed,
    )
