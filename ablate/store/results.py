"""Writes a trial's result into Optuna's storage, and reads a study back as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optuna import Trial
from optuna.trial import FrozenTrial

from ablate.spec.environment import Environment
from ablate.spec.measure import OBJECTIVE
from ablate.spec.measures import EVERY
from ablate.spec.trial import Epoch, TrialResult
from ablate.store.artifacts import Artifacts
from ablate.store.attributes import (
    AVERAGES,
    ENVIRONMENT,
    EPOCHS,
    FINGERPRINT,
    OUTCOME,
    REASON,
    REPEATS,
    SEED,
    UNSEEN_EPOCHS,
    WORKERS,
)
from ablate.store.kept_models import keep_model
from ablate.store.predictions import keep_predictions
from ablate.store.runs import training_runs
from ablate.store.studies import StoredStudy
from ablate.store.trials import finite, measured, outcome_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

CURVES = "learning_curves.csv"
CONFUSION = "confusion_matrix.csv"
OF_SOME_TASKS = ("accuracy", "val_accuracy")
"""Fields of an epoch that are empty where the task has none."""
PLACE = ("phase", "dataset", "variant", "number")
"""Columns that say together which training run a row is."""
NOTED = (REASON, SEED, FINGERPRINT)
"""Attributes that are columns."""
LEFT_OUT = "left_out"
"""The column that says why a complete replicate does not count."""
COLUMNS = (*PLACE, "outcome", *EVERY.keys, *(one.name for one in NOTED), "device", LEFT_OUT)
"""All columns that there may be besides those of parameters."""


def write_result(
    trial: Trial,
    result: TrialResult,
    class_names: Sequence[str],
    artifacts: Artifacts,
    model: Path | None = None,
) -> str | None:
    """Writes a result beside its trial; the outcome last, when all else is there.

    Must come before the trial is told to Optuna: a finished trial takes nothing more.

    Args:
        trial: the trial.
        result: what it gave.
        class_names: the names of the classes.
        artifacts: where its curves, its confusion matrix and its network go.
        model: the file of its trained network, where that is kept.

    Returns:
        Why the network was not kept, where it should have been.
    """
    for key, value in result.measures.items():
        if key != OBJECTIVE or result.by != OBJECTIVE:  # else it is the trial's value
            trial.set_user_attr(key, value)
    if result.curves:
        left_out = {"objective"} if result.by == OBJECTIVE else set()
        epochs = [epoch.model_dump(exclude=left_out) for epoch in result.curves]
        rows = [list(epochs[0]), *(list(epoch.values()) for epoch in epochs)]
        artifacts.upload_table(trial, CURVES, rows)
    if result.confusion_matrix is not None:
        counts = zip(class_names, result.confusion_matrix, strict=True)
        rows = [["true \\ predicted", *class_names], *([name, *row] for name, row in counts)]
        artifacts.upload_table(trial, CONFUSION, rows)
    if result.predictions is not None:
        names = class_names[-1:] if len(result.predictions[0]) == 2 else class_names
        keep_predictions(trial, names, result.predictions, artifacts)
    if result.unseen_epochs:
        UNSEEN_EPOCHS.write(trial, result.unseen_epochs)
    if result.averages is not None:
        AVERAGES.write(trial, result.averages)
    if result.reason is not None:
        REASON.write(trial, result.reason)
    # After the numbers: a model that fills the disk does not cost them.
    no_model = keep_model(trial, model or result.no_model, artifacts)
    OUTCOME.write(trial, result.outcome)
    return no_model


def results_table(stored: StoredStudy, left_out: Mapping[int, str] | None = None) -> pd.DataFrame:
    """All training runs of a study, waiting and running ones included, one row each.

    Args:
        stored: the study.
        left_out: complete replicates that do not count, by number, with the reason; see
            `state.replicates.left_out_replicates`.

    Returns:
        Columns ``phase`` (tune or replicate), ``dataset``, ``variant``, ``number`` (of the trial
        in its Optuna study), ``outcome``, all keys of the study's measures, ``reason``, ``seed``,
        ``fingerprint``, ``device``, where a trial repeats another ``repeats_trial``, the number of
        that, where replicates do not count ``left_out``, the reason, and one column for each tuned or
        varied parameter. What a trial did not reach is missing. The loss of a trial that was not
        finished is missing too: it was measured at another epoch and does not compare.
    """
    import pandas as pd

    rows, names = [], dict[str, None]()
    keys = stored.spec.measures.keys
    for run in training_runs(stored.spec, stored.parts):
        values = {**stored.spec.variant(run.cell.variant).values, **run.tuned}
        names |= dict.fromkeys(values)
        place = (run.phase, run.cell.dataset, run.cell.variant, run.trial.number)
        row = {**dict(zip(PLACE, place, strict=True)), **_row(run.trial, values, keys)}
        if left_out and run.phase == "replicate":
            row[LEFT_OUT] = left_out.get(run.trial.number)
        rows.append(row)
    # A parameter that is called like a column keeps its own column.
    of_some = (REPEATS.name, LEFT_OUT)
    some = [name for name in of_some if any(row.get(name) is not None for row in rows)]
    common = [*PLACE, "outcome", *keys, *(one.name for one in NOTED), "device"]
    columns = [*common, *some, *(parameter_column(name) for name in names)]
    return pd.DataFrame(rows, columns=columns).convert_dtypes()


def parameter_column(name: str) -> str:
    """The column that holds a tuned parameter."""
    return f"param_{name}" if name in COLUMNS else name


def read_curves(trials: Iterable[FrozenTrial], artifacts: Artifacts) -> dict[int, list[Epoch]]:
    """The learning curves of trials, by number; trials whose artifact is missing are left out."""
    curves: dict[int, list[Epoch]] = {}
    for trial in trials:
        text = artifacts.text(trial, CURVES)
        if text is None:
            continue
        try:
            epochs = [_epoch(row) for row in csv.DictReader(io.StringIO(text))]
        except (ValueError, TypeError, KeyError, csv.Error):
            continue  # cut or edited: as good as missing
        if epochs and EPOCHS.of(trial) in (None, len(epochs)):
            curves[trial.number] = epochs
    return curves


def read_confusion(
    trial: FrozenTrial, artifacts: Artifacts
) -> tuple[tuple[str, ...], NDArray[np.int64]] | None:
    """A trial's class names and confusion matrix; None where its artifact is missing or cut."""
    import numpy as np

    text = artifacts.text(trial, CONFUSION)
    try:
        rows = list(csv.reader(io.StringIO(text or "")))
        names = tuple(rows[0][1:]) if rows else ()
        matrix = np.array([[int(count) for count in row[1:]] for row in rows[1:]], dtype=np.int64)
    except (ValueError, csv.Error):
        return None
    return (names, matrix) if names and matrix.shape == (len(names), len(names)) else None


def _row(trial: FrozenTrial, values: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    attributes = trial.user_attrs
    outcome, environment = outcome_of(trial), ENVIRONMENT.of(trial)
    return {
        "outcome": outcome,
        **{name: measured(trial, name) for name in keys},
        OBJECTIVE: finite(attributes.get(OBJECTIVE, trial.value))
        if outcome == "complete"
        else None,
        **{attribute.name: attribute.of(trial) for attribute in NOTED},
        "device": environment and environment.device,
        REPEATS.name: REPEATS.of(trial),
        **{parameter_column(name): value for name, value in values.items()},
    }


def _epoch(row: Mapping[str, str]) -> Epoch:
    values: dict[str, Any] = {
        name: None if value == "" and name in OF_SOME_TASKS else float(value)
        for name, value in row.items()
    }
    return Epoch.model_validate({**values, "epoch": int(values["epoch"])})


def environments_of(trials: Iterable[FrozenTrial]) -> list[Environment]:
    """The different environments that trials ran in, as their workers noted them."""
    found: list[Environment] = []
    for environment in map(ENVIRONMENT.of, trials):
        if environment is not None and environment not in found:
            found.append(environment)
    return found


def workers_of(trials: Iterable[FrozenTrial]) -> tuple[int, ...]:
    """The different numbers of workers that trained side by side when trials were trained."""
    found = {WORKERS.of(trial) or 1 for trial in trials if outcome_of(trial) == "complete"}
    return tuple(sorted(found))
