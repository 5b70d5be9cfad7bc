"""Warnings where batch norm's moving averages lag behind the weights that they validate."""

from __future__ import annotations

import math

from ablate.planning.length import longest_training, steps_of_epoch
from ablate.spec.averages import MOST_HELD, MovingAverages
from ablate.spec.study import StudySpec

PARAMETER = "batch_norm_momentum"
"""The shipped networks' parameter, by which a lag shows before a network is built."""
REMEDY = 'set batch_norm_averages = "recalibrated" under [training]'


def lag_text(averages: MovingAverages, epochs: int) -> str:
    """In how many of so many epochs averages lag, and what can be done; empty where they do not."""
    lag = averages.lag(epochs)
    if not lag:
        return ""
    each = "1 step" if averages.steps == 1 else f"{averages.steps} steps"
    which = f"the first {lag} of {epochs} epochs" if lag > 1 else f"the first of {epochs} epochs"
    if lag == epochs:
        which = f"all {epochs} epochs" if epochs > 1 else "the only epoch"
    return (
        f"with a momentum of {averages.momentum:g} and {each} an epoch the moving averages of batch "
        f"norm lag in {which}, and still hold {averages.held(lag):.1%} of their start after "
        f"{'them' if lag > 1 else 'it'}: validation, pruning and verdicts would judge that lag; "
        f"{REMEDY}"
    ).replace("%", " %")


def network_lag(study: StudySpec, variant: str, images: int, momentum: float | None) -> str:
    """What is to be told of a variant whose networks were built; empty where nothing lags.

    Args:
        study: the study.
        variant: the variant's name.
        images: training images of each training run.
        momentum: the largest among the batch norms of its networks; None where they have none.
    """
    if momentum is None or is_recalibrated(study, variant):
        return ""
    fewest, _ = steps_of_epoch(study, variant, images)
    averages = MovingAverages(momentum=momentum, steps=fewest)
    return lag_text(averages, longest_training(study, variant))


def is_recalibrated(study: StudySpec, variant: str) -> bool:
    """Whether a variant validates with recalibrated averages, which do not lag."""
    name, values = "batch_norm_averages", study.variant(variant).values
    is_own = name in study.architecture(variant).search_space
    given = study.training.batch_norm_averages
    return (given if is_own else values.get(name, given)) == "recalibrated"


def lag_warnings(study: StudySpec, variant: str, images: int) -> tuple[str, ...]:
    """What a parameter of the shipped networks tells of a lag, where no network is built."""
    architecture, values = study.architecture(variant), study.variant(variant).values
    space = architecture.search_space
    given = {**architecture.fix, **values}
    is_without = PARAMETER not in space or given.get("batch_norm") is False
    if is_without or is_recalibrated(study, variant):
        return ()
    tuned = {parameter.name: parameter.domain for parameter in architecture.tuned}
    default = given.get(PARAMETER, space[PARAMETER].default)
    ends = tuned[PARAMETER].ends() if PARAMETER in tuned else (default,)
    momentum = max(float(value) for value in ends)
    steps, _ = steps_of_epoch(study, variant, images)
    if not MovingAverages(momentum=momentum, steps=steps).lag(1):
        return ()
    needed = str(math.ceil(math.log(MOST_HELD) / math.log(momentum))) if momentum < 1 else "endless"
    better = math.floor(MOST_HELD ** (1 / steps) * 20 + 1e-9) / 20
    if better not in space[PARAMETER].domain:
        remedy = "take smaller batches"
    elif PARAMETER in tuned:
        remedy = f"tune it up to {better:g}"
    elif PARAMETER in values:
        remedy = f"vary it up to {better:g}"
    else:
        remedy = f"set {PARAMETER} = {better:g} under [fix]"
    return (
        f"an epoch has {steps} steps, but with {PARAMETER} = {momentum:g} the moving averages of "
        f"batch norm need {needed} to settle: early validation losses, and pruning, would judge "
        f'that lag; {remedy}, or batch_norm_averages = "recalibrated" under [training]',
    )
