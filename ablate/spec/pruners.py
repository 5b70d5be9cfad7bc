"""The pruners that end hopeless trials early, with Optuna's own names and options."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, PositiveInt, model_validator

from ablate.spec.samplers import named
from ablate.spec.space import Frozen

if TYPE_CHECKING:
    from optuna.pruners import BasePruner

Count = Annotated[int, Field(ge=0)]


class Median(Frozen):
    """Prunes a trial whose best epoch so far is worse than the median at the same epoch."""

    name: Literal["median"] = "median"
    n_startup_trials: Count = 5
    n_warmup_steps: Count = 0
    interval_steps: PositiveInt = 1
    n_min_trials: PositiveInt = 1


class Percentile(Frozen):
    """Like median, for another share of the trials."""

    name: Literal["percentile"] = "percentile"
    percentile: Annotated[float, Field(ge=0, le=100)] = 25.0
    """The share of trials, in percent, that is kept."""
    n_startup_trials: Count = 5
    n_warmup_steps: Count = 0
    interval_steps: PositiveInt = 1
    n_min_trials: PositiveInt = 1


class Hyperband(Frozen):
    """Successive halving with several trade-offs between many trials and long ones."""

    name: Literal["hyperband"] = "hyperband"
    min_resource: PositiveInt = 1
    max_resource: PositiveInt | None = None
    """The longest training, in epochs. Defaults to the study's `epochs`."""
    reduction_factor: Annotated[int, Field(ge=2)] = 3
    bootstrap_count: Count = 0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max_resource is not None and self.max_resource < self.min_resource:
            raise ValueError("max_resource must not be below min_resource")
        return self


class SuccessiveHalving(Frozen):
    """Lets the best share of the trials go on at each rung."""

    name: Literal["successive_halving"] = "successive_halving"
    min_resource: PositiveInt = 1
    reduction_factor: Annotated[int, Field(ge=2)] = 4
    min_early_stopping_rate: Count = 0
    bootstrap_count: Count = 0


class Nop(Frozen):
    """Prunes nothing."""

    name: Literal["none"] = "none"


WrappedPruner = Annotated[
    Annotated[Median | Percentile | Hyperband | SuccessiveHalving | Nop, Discriminator("name")],
    BeforeValidator(named),
]


class Patient(Frozen):
    """Prunes only when the objective has not improved for `patience` epochs as well."""

    name: Literal["patient"] = "patient"
    wrapped_pruner: WrappedPruner = Median()
    patience: Count = 2
    min_delta: Annotated[float, Field(ge=0)] = 0.0


PrunerSettings = Annotated[
    Annotated[
        Median | Percentile | Hyperband | SuccessiveHalving | Nop | Patient, Discriminator("name")
    ],
    BeforeValidator(named),
]


def make_pruner(settings: PrunerSettings, epochs: int) -> BasePruner:
    """The Optuna pruner for trainings of at most `epochs` epochs."""
    from optuna import exceptions, pruners

    options = settings.model_dump(exclude={"name", "wrapped_pruner"})
    match settings:
        case Median():
            return pruners.MedianPruner(**options)
        case Percentile():
            return pruners.PercentilePruner(**options)
        case Hyperband():
            longest = settings.max_resource or max(epochs, settings.min_resource)
            return pruners.HyperbandPruner(**options | {"max_resource": longest})
        case SuccessiveHalving():
            return pruners.SuccessiveHalvingPruner(**options)
        case Nop():
            return pruners.NopPruner()
        case Patient():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", exceptions.ExperimentalWarning)
                wrapped = make_pruner(settings.wrapped_pruner, epochs)
                return pruners.PatientPruner(wrapped, **options)
