"""Computes what a report says; formats write it down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ablate.records import environment_of, parameter_column, read_curves, results_table
from ablate.report.figures_data import Curve, FiguresData, Point
from ablate.report.importance import Importance, hyperparameter_importance
from ablate.report.tradeoff import FRONT, tradeoff_table
from ablate.storage import DESCRIPTION, QUESTION, TRIALS, ArtifactStore
from ablate.trials import count_outcomes

if TYPE_CHECKING:
    import pandas as pd
    from optuna import Study
    from optuna.storages import BaseStorage

CURVES = 60
"""How many learning curves a figure shows at most, the best trials first."""


@dataclass(frozen=True)
class Report:
    """Everything that a report of a study says."""

    name: str
    description: str
    tuned: tuple[str, ...]
    """Columns of the tuned parameters."""
    trials: pd.DataFrame
    """All trials, see `records.results_table`."""
    tradeoff: pd.DataFrame
    """The complete trials, sorted."""
    top: int | None
    """How many rows of the trade-off table are shown; None for all."""
    counts: Mapping[str, int]
    """Trials of each outcome."""
    reasons: Mapping[str, int]
    """Why trials were infeasible or failed, each with its number of trials."""
    planned: int | None
    """How many trials the complete study holds."""
    importance: Importance
    environments: Sequence[Mapping[str, Any]]
    figures: FiguresData

    @property
    def missing(self) -> int:
        """Trials that are still to be trained."""
        done = sum(
            self.counts.get(name, 0) for name in ("complete", "pruned", "infeasible", "failed")
        )
        return max(0, (self.planned or 0) - done)

    @property
    def shown(self) -> pd.DataFrame:
        """The rows of the trade-off table that are shown."""
        return self.tradeoff if self.top is None else self.tradeoff.head(self.top)


def make_report(
    study: Study,
    storage: BaseStorage,
    store: ArtifactStore,
    sort: str = "val_loss",
    top: int | None = None,
) -> Report:
    """Computes the report of a study from its records.

    Raises:
        InputError: there is no column to sort by of that name.
    """
    attributes = study.user_attrs
    question = attributes.get(QUESTION) or {}
    listed = [parameter["name"] for parameter in question.get("tune", {}).get("parameters", ())]
    trials = results_table(study)
    tuned = [parameter_column(name) for name in listed if parameter_column(name) in trials]
    tradeoff = tradeoff_table(trials, tuned, sort)
    return Report(
        name=study.study_name,
        description=str(attributes.get(DESCRIPTION, "")),
        tuned=tuple(tuned),
        trials=trials,
        tradeoff=tradeoff,
        top=top,
        counts=count_outcomes(study),
        reasons=_reasons(trials),
        planned=attributes.get(TRIALS),
        importance=hyperparameter_importance(study),
        environments=environment_of(study.get_trials(deepcopy=False)),
        figures=_figures(study, storage, store, tradeoff),
    )


def _reasons(trials: pd.DataFrame) -> dict[str, int]:
    rows = trials[trials["outcome"].isin(["infeasible", "failed"])]
    texts = (f"{row.outcome}: {row.reason}" for row in rows.itertuples())
    return dict(Counter(texts).most_common())


def _figures(
    study: Study, storage: BaseStorage, store: ArtifactStore, tradeoff: pd.DataFrame
) -> FiguresData:
    order = [int(number) for number in tradeoff.sort_values("val_loss")["number"]]
    by_number = {trial.number: trial for trial in study.get_trials(deepcopy=False)}
    others = [n for n, trial in by_number.items() if trial.state.name == "PRUNED"]
    chosen = [by_number[number] for number in [*order, *others][:CURVES]]
    curves = read_curves(chosen, storage, store)
    return FiguresData(
        name=study.study_name,
        points=tuple(
            Point(
                number=int(row["number"]),
                accuracy=float(row["val_accuracy"]),
                parameters=int(row["parameters"]),
                seconds=float(row["training_seconds"]),
                on_front=bool(row[FRONT]),
            )
            for _, row in tradeoff.iterrows()
            if not row[["val_accuracy", "parameters", "training_seconds"]].isna().any()
        ),
        curves=tuple(
            Curve(
                number=trial.number,
                pruned=trial.number not in order,
                rank=order.index(trial.number) if trial.number in order else None,
                val_loss=tuple(epoch.val_loss for epoch in curves[trial.number]),
                val_accuracy=tuple(epoch.val_accuracy for epoch in curves[trial.number]),
            )
            for trial in chosen
            if trial.number in curves
        ),
    )
