"""The samplers that choose a trial's hyperparameters, with Optuna's own names and options."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, PositiveInt

from ablate.spec.space import Frozen, Scalar

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


class Tpe(Frozen):
    """Tree-structured Parzen estimator."""

    name: Literal["tpe"] = "tpe"
    n_startup_trials: Annotated[int, Field(ge=0)] = 10
    n_ei_candidates: PositiveInt = 24
    multivariate: bool = True
    group: bool = False
    constant_liar: bool = True


class Random(Frozen):
    """Independent uniform draws."""

    name: Literal["random"] = "random"


class Qmc(Frozen):
    """Quasi-Monte Carlo: covers the space more evenly than random draws."""

    name: Literal["qmc"] = "qmc"
    qmc_type: Literal["sobol", "halton"] = "sobol"
    scramble: bool = True


class Grid(Frozen):
    """Every combination once, in a shuffled order; for spaces without conditions."""

    name: Literal["grid"] = "grid"


class BruteForce(Frozen):
    """Every combination once, also with conditional parameters."""

    name: Literal["brute_force"] = "brute_force"


def named(value: Any) -> Any:
    """A bare name stands for the table that holds only the name."""
    return {"name": value} if isinstance(value, str) else value


SamplerSettings = Annotated[
    Annotated[Tpe | Random | Qmc | Grid | BruteForce, Discriminator("name")],
    BeforeValidator(named),
]
EXHAUSTIVE = ("grid", "brute_force")
"""Samplers that list the space, and so need every parameter to have finitely many values."""


def make_sampler(
    settings: SamplerSettings,
    domains: Mapping[str, Sequence[Scalar] | None],
    seed: int,
    ordinal: int,
) -> BaseSampler:
    """The Optuna sampler that chooses the hyperparameters of one trial.

    A sampler is made anew for every trial, so that a study that was cut off goes on as if it
    had not been: what it draws depends on the seed, the trial's place and the trials so far.

    Args:
        settings: which sampler, with its options.
        domains: each tuned parameter with all its values, None for a continuous one.
        seed: the study's seed.
        ordinal: which of the search's trials it is.
    """
    import numpy as np
    from optuna import exceptions, samplers

    draw_seed = int(np.random.SeedSequence([seed, ordinal]).generate_state(1)[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", exceptions.ExperimentalWarning)
        match settings:
            case Tpe():
                return samplers.TPESampler(seed=draw_seed, **settings.model_dump(exclude={"name"}))
            case Random():
                return samplers.RandomSampler(seed=draw_seed)
            case Qmc():
                return samplers.QMCSampler(
                    seed=seed,
                    independent_sampler=samplers.RandomSampler(seed=draw_seed),
                    warn_independent_sampling=False,
                    **settings.model_dump(exclude={"name"}),
                )
            case Grid():
                grid = {name: list(values or ()) for name, values in domains.items()}
                return _without_end(samplers.GridSampler(grid, seed=seed))
            case BruteForce():
                return _without_end(samplers.BruteForceSampler(seed=draw_seed))


def _without_end(sampler: BaseSampler) -> BaseSampler:
    """A sampler that does not stop a study: where the space is exhausted is known from its size.

    Optuna's would, and can only inside ``Study.optimize``.
    """

    def after_trial(*_: Any) -> None:
        return None

    sampler.after_trial = after_trial  # type: ignore[method-assign, assignment]
    return sampler
