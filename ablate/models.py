"""The trained networks that are kept: those of which runs, best first."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from optuna import Trial, artifacts
from optuna.trial import TrialState

from ablate.attempts import CHOSEN_FROM, replicate_key
from ablate.spec import Cell, Phase
from ablate.storage import ArtifactStore
from ablate.stored import StoredStudy

if TYPE_CHECKING:
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

MODEL_FILE = "model.keras"
"""The name of the artifact."""
MODEL, SAVED = "model", "saved"
"""User attribute of a trial whose network was to be kept: ``saved``, or why it is not."""
Rank = tuple[float, ...]
"""Where a complete run stands among those of its cell, the best lowest. It never changes, so that
workers who compare at different moments agree."""


@dataclass(frozen=True)
class Run:
    """A training run of a cell that is over."""

    phase: Phase
    seed: int
    trial: FrozenTrial
    rank: Rank

    @property
    def key(self) -> tuple[Phase, int]:
        """What tells it from the other runs of its cell."""
        return self.phase, self.trial.number

    @property
    def title(self) -> str:
        """What it is called."""
        if self.phase == "replicate":
            return f"the replicate with seed {self.seed}"
        return f"trial {self.trial.number}"

    @property
    def is_complete(self) -> bool:
        """Whether it was trained to its end."""
        return self.trial.state is TrialState.COMPLETE

    @property
    def model(self) -> str | None:
        """What its record says of its network; None where none was to be kept."""
        return self.trial.user_attrs.get(MODEL)


def runs_of(stored: StoredStudy, cell: Cell) -> list[Run]:
    """The runs of a cell that are over, the best first, those that are not complete last.

    Replicates come before the trials of the search, and those of a better configuration before
    others; among them counts the validation loss.
    """
    # Replicates first: then the trial that one was chosen from is there, too.
    replicates = stored.replicates.get_trials(deepcopy=False) if stored.replicates else []
    losses, runs = dict[int, float](), []
    for trial in stored.tuning[cell].get_trials(deepcopy=False) if cell in stored.tuning else []:
        if trial.state.is_finished():
            loss = _loss(trial)
            losses[trial.number] = loss
            rank = _rank("tune", trial.number, loss, None, losses)
            runs.append(Run("tune", stored.spec.seed, trial, rank))
    for trial in replicates:
        key = replicate_key(stored.spec, trial)
        if key is not None and key[0] == cell and trial.state.is_finished():
            choice = trial.user_attrs.get(CHOSEN_FROM)
            rank = _rank("replicate", trial.number, _loss(trial), choice, losses)
            runs.append(Run("replicate", key[1], trial, rank))
    return sorted(runs, key=lambda run: (not run.is_complete, run.rank))


def _loss(trial: FrozenTrial) -> float:
    is_complete = trial.state is TrialState.COMPLETE
    return trial.value if is_complete and trial.value is not None else math.inf


def _rank(
    phase: Phase, number: int, loss: float, chosen_from: int | None, losses: Mapping[int, float]
) -> Rank:
    """A run's rank; `losses` are those of the search, by the number of the trial."""
    if phase == "tune":
        return (1, loss, number)
    choice = (0.0, -1) if chosen_from is None else (losses.get(chosen_from, math.inf), chosen_from)
    return (0, *choice, loss, number)


def keep_model(
    trial: Trial, model: Path | str | None, storage: BaseStorage, store: ArtifactStore
) -> str | None:
    """Keeps a trained network beside its trial, or why there is none.

    Args:
        trial: the trial, which is not told to Optuna yet.
        model: the network's file, or why it could not be saved; None where none is to be kept.
        storage: where the trial is.
        store: where its artifacts go.

    Returns:
        Why there is none, where there should be one.
    """
    if model is None:
        return None
    reason = model if isinstance(model, str) else None
    if isinstance(model, Path):
        trial.set_user_attr(MODEL, SAVED)
        try:
            artifacts.upload_artifact(
                artifact_store=store,
                file_path=str(model),
                study_or_trial=trial,
                storage=storage,
                mimetype="application/zip",
            )
        except OSError as error:
            reason = f"cannot be written: {error.strerror or error}"
    if reason is not None:
        trial.set_user_attr(MODEL, f"not saved: {reason}")
    return reason


def artifact_of(run: Run, storage: BaseStorage) -> str | None:
    """The name of a run's model in the artifact store, which may no longer hold it."""
    if run.model != SAVED:
        return None
    metas = artifacts.get_all_artifact_meta(run.trial, storage=storage)
    return next((meta.artifact_id for meta in metas if meta.filename == MODEL_FILE), None)


def replaced_models(
    stored: StoredStudy, storage: BaseStorage, store: ArtifactStore
) -> frozenset[str]:
    """The artifacts of models that were removed, or may be: a better run's model is kept."""
    replaced = set()
    for cell in stored.spec.cells if stored.spec.artifacts.models == "best" else ():
        better = False
        for run in runs_of(stored, cell):
            artifact = artifact_of(run, storage)
            if artifact is None:
                continue
            if better:
                replaced.add(artifact)
            better = better or (run.is_complete and store.holds(artifact))
    return frozenset(replaced)


@dataclass(frozen=True)
class ModelKeeper:
    """Decides which networks of a cell are kept: those of all complete runs, or the best one's.

    A model is removed only where a complete run that ranks before its own has one. Ranks never
    change, so the best model there is outlives every order in which several workers save and
    remove; what one of them, or a crash, leaves too many, the next to finish removes.
    """

    models: Literal["best", "all"]
    stored: StoredStudy
    cell: Cell
    storage: BaseStorage
    store: ArtifactStore

    def wants(self, phase: Phase, trial: Trial, val_loss: float) -> bool:
        """Whether the network of a running trial, once it is complete, is to be kept."""
        if self.models == "all":
            return True
        runs = runs_of(self.stored, self.cell)
        losses = {run.trial.number: _loss(run.trial) for run in runs if run.phase == "tune"}
        choice = trial.user_attrs.get(CHOSEN_FROM)
        rank = _rank(phase, trial.number, val_loss, choice, losses)
        best = next((run for run in runs if self._is_kept(run)), None)
        return best is None or rank < best.rank

    def tidy(self) -> None:
        """Removes the models that are not to be kept, of runs that are over."""
        runs = runs_of(self.stored, self.cell)
        kept = [run for run in runs if self._is_kept(run)]
        wanted = {run.key for run in (kept if self.models == "all" else kept[:1])}
        for run in runs:
            artifact = artifact_of(run, self.storage)
            if run.key in wanted or artifact is None or not self.store.holds(artifact):
                continue
            # Where it cannot be removed there is one too many, and the next to finish tries again.
            with contextlib.suppress(artifacts.exceptions.ArtifactNotFound, OSError):
                self.store.remove(artifact)

    def _is_kept(self, run: Run) -> bool:
        if not run.is_complete:
            return False
        artifact = artifact_of(run, self.storage)
        return artifact is not None and self.store.holds(artifact)
