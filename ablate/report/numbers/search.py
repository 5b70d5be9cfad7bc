"""What the search of each cell found, and how quickly."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ablate.report.numbers.lag import count_lagging
from ablate.spec.space import Scalar
from ablate.spec.study import Cell
from ablate.state.replicates import choices
from ablate.statistics import expected_best
from ablate.store.studies import StoredStudy
from ablate.store.trials import cost_of, finished, outcome_of

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


@dataclass(frozen=True)
class CellSearch:
    """The search of one cell."""

    cell: Cell
    trials: int
    """Finished trials."""
    number: int | None
    """The best trial by the study's objective; None where none is complete."""
    loss: float | None
    """Its objective, the validation loss unless the study says otherwise, which selected it."""
    chosen: Mapping[str, Scalar]
    history: tuple[tuple[int, float, bool], ...]
    """Each finished trial's number, its best objective, and whether it was pruned."""
    expected: tuple[float, ...]
    """The expected best value after 1, 2, ... trials; infinite where a trial had none."""
    lagging: Annotated[int, Field(exclude_if=lambda count: count == 0)] = 0
    """Trials that were validated with averages of batch norm that lag; left out where there is none."""


def make_searches(stored: StoredStudy) -> tuple[CellSearch, ...]:
    """The search of every cell of a study, in the order of its cells."""
    chosen = choices(stored) if stored.spec.tune is not None else {}
    sign = stored.spec.searched.sign
    found = []
    for cell, study in stored.tuning.items():
        best = stored.searches[cell].refresh().best_of(stored.totals[cell])
        # A pruned trial counts with the best it had reached: so much the search has seen of it.
        trials = finished(study)
        history = tuple(
            (trial.number, sign * _reached(trial, sign), outcome_of(trial) == "pruned")
            for trial in trials
        )
        costs = [sign * value for _, value, _ in history]
        found.append(
            CellSearch(
                cell=cell,
                trials=len(costs),
                number=best.number if best is not None else None,
                loss=best.value if best is not None else None,
                chosen=chosen[cell].tuned if cell in chosen else {},
                history=history,
                expected=tuple(sign * cost for cost in expected_best(costs)) if costs else (),
                lagging=count_lagging(trials),
            )
        )
    return tuple(found)


def _reached(trial: FrozenTrial, sign: int) -> float:
    """A trial's cost: of one that was pruned the best of its epochs, where Optuna has the last."""
    if outcome_of(trial) == "complete":
        return cost_of(trial, sign)
    known = (sign * value for value in trial.intermediate_values.values() if math.isfinite(value))
    return min(known, default=math.inf)
