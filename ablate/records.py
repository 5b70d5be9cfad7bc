"""Writes a trial's result into Optuna's storage, and reads a study back as a table."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optuna import Trial, artifacts
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial

from ablate.attempts import TUNED, replicate_key
from ablate.measures import KEYS, OBJECTIVE, STORED
from ablate.models import keep_model
from ablate.spec import Epoch, TrialResult
from ablate.storage import ArtifactStore
from ablate.stored import StoredStudy
from ablate.trials import OUTCOME, outcome_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

CURVES = "learning_curves.csv"
CONFUSION = "confusion_matrix.csv"
PLACE = ("phase", "dataset", "variant", "number")
"""Columns that say together which training run a row is."""
TEXTS = ("reason", "seed", "fingerprint")
COLUMNS = (*PLACE, "outcome", *KEYS, *TEXTS, "device")


def write_result(
    trial: Trial,
    result: TrialResult,
    class_names: Sequence[str],
    storage: BaseStorage,
    store: ArtifactStore,
    model: Path | None = None,
) -> str | None:
    """Writes a result beside its trial; the outcome last, when all else is there.

    Must come before the trial is told to Optuna: a finished trial takes nothing more.

    Args:
        trial: the trial.
        result: what it gave.
        class_names: the names of the classes.
        storage: where the trial is.
        store: where its artifacts go.
        model: the file of its trained network, where that is kept.

    Returns:
        Why the network was not kept, where it should have been.
    """
    for key in STORED:
        if key in result.measures:
            trial.set_user_attr(key, result.measures[key])
    if result.curves:
        rows = [list(Epoch.model_fields), *(list(e.model_dump().values()) for e in result.curves)]
        _upload(trial, CURVES, rows, storage, store)
    if result.confusion_matrix is not None:
        counts = zip(class_names, result.confusion_matrix, strict=True)
        rows = [["true \\ predicted", *class_names], *([name, *row] for name, row in counts)]
        _upload(trial, CONFUSION, rows, storage, store)
    if result.reason is not None:
        trial.set_user_attr("reason", result.reason)
    # After the numbers: a model that fills the disk does not cost them.
    no_model = keep_model(trial, model or result.no_model, storage, store)
    trial.set_user_attr(OUTCOME, result.outcome)
    return no_model


def results_table(stored: StoredStudy) -> pd.DataFrame:
    """All training runs of a study, waiting and running ones included, one row each.

    Returns:
        Columns ``phase`` (tune or replicate), ``dataset``, ``variant``, ``number`` (of the trial
        in its Optuna study), ``outcome``, all `measures.KEYS`, ``reason``, ``seed``,
        ``fingerprint``, ``device``, and one column for each tuned or varied parameter. What a trial
        did not reach is missing. The loss of a trial that was not finished is missing too: it was
        measured at another epoch and does not compare.
    """
    import pandas as pd

    rows, names = [], dict[str, None]()
    for part, study in stored.parts.items():
        for trial in study.get_trials(deepcopy=False):
            cell, tuned = part.cell, trial.params
            if part.phase == "replicate":
                key = replicate_key(stored.spec, trial)
                cell, tuned = key[0] if key else None, trial.user_attrs.get(TUNED) or {}
            if cell is not None:
                tuned = {**stored.spec.variant(cell.variant).values, **tuned}
                names |= dict.fromkeys(tuned)
                place = (part.phase, cell.dataset, cell.variant, trial.number)
                rows.append({**dict(zip(PLACE, place, strict=True)), **_row(trial, tuned)})
    # A parameter that is called like a column keeps its own column.
    columns = [*COLUMNS, *(parameter_column(name) for name in names)]
    return pd.DataFrame(rows, columns=columns).convert_dtypes()


def parameter_column(name: str) -> str:
    """The column that holds a tuned parameter."""
    return f"param_{name}" if name in COLUMNS else name


def read_curves(
    trials: Iterable[FrozenTrial], storage: BaseStorage, store: ArtifactStore
) -> dict[int, list[Epoch]]:
    """The learning curves of trials, by number; trials whose artifact is missing are left out."""
    curves: dict[int, list[Epoch]] = {}
    for trial in trials:
        text = _download(trial, CURVES, storage, store)
        if text is None:
            continue
        try:
            epochs = [_epoch(row) for row in csv.DictReader(io.StringIO(text))]
        except (ValueError, TypeError, KeyError, csv.Error):
            continue  # cut or edited: as good as missing
        if epochs and len(epochs) == trial.user_attrs.get("epochs", len(epochs)):
            curves[trial.number] = epochs
    return curves


def read_confusion(
    trial: FrozenTrial, storage: BaseStorage, store: ArtifactStore
) -> tuple[tuple[str, ...], NDArray[np.int64]] | None:
    """A trial's class names and confusion matrix; None where its artifact is missing or cut."""
    import numpy as np

    text = _download(trial, CONFUSION, storage, store)
    try:
        rows = list(csv.reader(io.StringIO(text or "")))
        names = tuple(rows[0][1:]) if rows else ()
        matrix = np.array([[int(count) for count in row[1:]] for row in rows[1:]], dtype=np.int64)
    except (ValueError, csv.Error):
        return None
    return (names, matrix) if names and matrix.shape == (len(names), len(names)) else None


def _row(trial: FrozenTrial, tuned: Mapping[str, Any]) -> dict[str, Any]:
    attributes = trial.user_attrs
    outcome = outcome_of(trial)
    return {
        "outcome": outcome,
        OBJECTIVE: trial.value if outcome == "complete" else None,
        **{name: attributes.get(name) for name in (*STORED, *TEXTS)},
        "device": (attributes.get("environment") or {}).get("device"),
        **{parameter_column(name): value for name, value in tuned.items()},
    }


def _upload(
    trial: Trial,
    name: str,
    rows: Iterable[Sequence[Any]],
    storage: BaseStorage,
    store: ArtifactStore,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
        artifacts.upload_artifact(
            artifact_store=store,
            file_path=str(path),
            study_or_trial=trial,
            storage=storage,
            mimetype="text/csv",
        )


def _download(
    trial: FrozenTrial, name: str, storage: BaseStorage, store: ArtifactStore
) -> str | None:
    """An artifact's text; None where it is missing or unreadable."""
    metas = artifacts.get_all_artifact_meta(trial, storage=storage)
    for meta in metas:
        if meta.filename != name:
            continue
        try:
            with store.open_reader(meta.artifact_id) as file:
                return file.read().decode()
        except (artifacts.exceptions.ArtifactNotFound, OSError, UnicodeDecodeError):
            return None
    return None


def _epoch(row: Mapping[str, str]) -> Epoch:
    values: dict[str, Any] = {name: float(value) for name, value in row.items()}
    return Epoch.model_validate({**values, "epoch": int(values["epoch"])})


def environment_of(trials: Iterable[FrozenTrial]) -> list[dict[str, Any]]:
    """The different environments that trials ran in, as their workers noted them."""
    found: dict[str, dict[str, Any]] = {}
    for trial in trials:
        environment = trial.user_attrs.get("environment")
        if environment:
            found.setdefault(json.dumps(environment, sort_keys=True), environment)
    return list(found.values())


def workers_of(trials: Iterable[FrozenTrial]) -> tuple[int, ...]:
    """The different numbers of workers that trained side by side when trials were trained."""
    found = {int(t.user_attrs.get("workers", 1)) for t in trials if outcome_of(t) == "complete"}
    return tuple(sorted(found))
