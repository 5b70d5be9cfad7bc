"""Asks Optuna for the values of a trial, and tells it how the trial ended."""

from __future__ import annotations

import optuna
from optuna.trial import TrialState

from ablate.spec.space import Choices, Parameter, Scalar
from ablate.spec.trial import TrialResult


def suggest(trial: optuna.Trial, parameter: Parameter) -> Scalar:
    """Asks Optuna for the value of one parameter."""
    domain = parameter.domain
    if isinstance(domain, Choices):
        chosen: Scalar | None = trial.suggest_categorical(parameter.name, domain.choices)
        assert chosen is not None
        return chosen
    if domain.is_integer:
        return trial.suggest_int(
            parameter.name,
            int(domain.low),
            int(domain.high),
            step=int(domain.step or 1),
            log=domain.log,
        )
    return trial.suggest_float(
        parameter.name, domain.low, domain.high, step=domain.step, log=domain.log
    )


def tell(study: optuna.Study, trial: optuna.Trial, result: TrialResult) -> None:
    """Closes a trial whose record is written."""
    match result.outcome:
        case "complete":
            study.tell(trial, result.objective)
        case "infeasible":
            # Pruned rather than failed, so that samplers learn to stay away.
            trial.set_constraint("can_be_built", 1.0)
            study.tell(trial, state=TrialState.PRUNED)
        case "pruned":
            study.tell(trial, state=TrialState.PRUNED)
        case "failed" | "interrupted":
            study.tell(trial, state=TrialState.FAIL)
