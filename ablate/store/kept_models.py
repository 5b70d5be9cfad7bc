"""The trained networks that are kept: those of which runs, best first."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from optuna import Trial
from optuna.trial import TrialState

from ablate.spec.study import Cell, Phase
from ablate.store.artifacts import Artifact, Artifacts
from ablate.store.attributes import CHOSEN_FROM, MODEL, SAVED
from ablate.store.runs import RunReader, TrainingRun
from ablate.store.studies import StoredStudy
from ablate.store.trials import cost_of

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

MODEL_FILE = "model.keras"
"""The name of the artifact."""
Rank = tuple[float, ...]
"""Where a complete run stands among those of its cell, the best lowest. It never changes, so that
workers who compare at different moments agree."""


@dataclass(frozen=True)
class EndedRun(TrainingRun):
    """A training run that is over."""

    rank: Rank

    @property
    def key(self) -> tuple[Phase, int]:
        """What tells it from the other runs of its cell."""
        return self.phase, self.trial.number

    @property
    def is_complete(self) -> bool:
        """Whether it was trained to its end."""
        return self.trial.state is TrialState.COMPLETE

    @property
    def model(self) -> str | None:
        """What its record says of its network; None where none was to be kept."""
        return MODEL.of(self.trial)


class EndedRuns:
    """The runs of a cell that are over, taken in as they end.

    Args:
        stored: the study, whose ledgers are refreshed.
        cell: the cell.
    """

    def __init__(self, stored: StoredStudy, cell: Cell) -> None:
        self._stored, self._cell, self._reader = stored, cell, RunReader(stored.spec)
        self._parts = {part.phase: part for part in stored.parts if part.cell in (cell, None)}
        self._sign = stored.spec.searched.sign
        self._costs: dict[int, float] = {}
        """Those of the search, by the number of the trial."""
        self._searched = self._replicated = 0
        """How many trials were taken in."""

    def news(self) -> list[EndedRun]:
        """The runs that have ended since it was last asked."""
        # Replicates first: then the trial that one was chosen from is there, too.
        replicates = self._stored.attempts.refresh().ended[self._replicated :]
        self._replicated += len(replicates)
        search = self._stored.searches.get(self._cell)
        trials = search.refresh().ended[self._searched :] if search is not None else []
        self._searched += len(trials)
        self._costs |= {trial.number: cost_of(trial, self._sign) for trial in trials}
        return [*self._runs("tune", trials), *self._runs("replicate", replicates)]

    def _runs(self, phase: Phase, trials: Iterable[FrozenTrial]) -> Iterator[EndedRun]:
        """Those of the cell."""
        for trial in trials:
            run = self._reader.read(self._parts[phase], trial)
            if run is not None and run.cell == self._cell:
                rank = self.rank(phase, trial, cost_of(trial, self._sign))
                yield EndedRun(run.part, run.cell, run.seed, trial, rank)

    def rank(self, phase: Phase, trial: FrozenTrial | Trial, cost: float) -> Rank:
        """Where a run stands, or will stand once it is complete; its cost as `trials.cost_of` has it."""
        if phase == "tune":
            return (1, cost, trial.number)
        choice = CHOSEN_FROM.of(trial)
        # Of folds each has a search of its own, whose costs do not compare.
        if choice is None or self._cell not in self._stored.searches:
            return (0, 0.0, -1, cost, trial.number)
        return (0, self._costs.get(choice, math.inf), choice, cost, trial.number)


def runs_of(stored: StoredStudy, cell: Cell) -> list[EndedRun]:
    """The runs of a cell that are over, the best first, those that are not complete last.

    Replicates come before the trials of the search, and those of a better configuration before
    others; among them counts the study's objective.
    """
    return sorted(EndedRuns(stored, cell).news(), key=_best_first)


def _best_first(run: EndedRun) -> tuple[bool, Rank]:
    return not run.is_complete, run.rank


def keep_model(trial: Trial, model: Path | str | None, artifacts: Artifacts) -> str | None:
    """Keeps a trained network beside its trial, or why there is none.

    Args:
        trial: the trial, which is not told to Optuna yet.
        model: the network's file, or why it could not be saved; None where none is to be kept.
        artifacts: where it goes.

    Returns:
        Why there is none, where there should be one.
    """
    if model is None:
        return None
    reason = model if isinstance(model, str) else None
    if isinstance(model, Path):
        MODEL.write(trial, SAVED)
        try:
            artifacts.upload(trial, model, "application/zip")
        except OSError as error:
            reason = f"cannot be written: {error.strerror or error}"
    if reason is not None:
        MODEL.write(trial, f"not saved: {reason}")
    return reason


def model_of(run: EndedRun, artifacts: Artifacts) -> Artifact | None:
    """The model that was saved of a run, and that may have been removed since."""
    return artifacts.find(run.trial, MODEL_FILE) if run.model == SAVED else None


def replaced_models(stored: StoredStudy, artifacts: Artifacts) -> frozenset[Artifact]:
    """The models that were removed, or may be: a better run's model is kept."""
    replaced = set()
    for cell in stored.spec.cells if stored.spec.artifacts.models == "best" else ():
        better = False
        for run in runs_of(stored, cell):
            model = model_of(run, artifacts)
            if model is None:
                continue
            if better:
                replaced.add(model)
            better = better or (run.is_complete and artifacts.holds(model))
    return frozenset(replaced)


@dataclass
class ModelKeeper:
    """Decides which networks of a cell are kept: those of all complete runs, or the best one's.

    A model is removed only where a complete run that ranks before its own has one. Ranks never
    change, so the best model there is outlives every order in which several workers save and
    remove; what one of them, or a crash, leaves too many, the next to finish removes.
    """

    models: Literal["best", "all"]
    stored: StoredStudy
    cell: Cell
    artifacts: Artifacts
    _held: list[EndedRun] = field(default_factory=list, init=False)
    """Runs whose model was there at the last look; one that is gone does not come back."""

    @cached_property
    def _runs(self) -> EndedRuns:
        return EndedRuns(self.stored, self.cell)

    def wants(self, phase: Phase, trial: Trial, cost: float) -> bool:
        """Whether the network of a running trial, once it is complete at a cost, is to be kept."""
        if self.models == "all":
            return True
        held = self._look()
        best = next((run for run in held if run.is_complete), None)
        return best is None or self._runs.rank(phase, trial, cost) < best.rank

    def tidy(self) -> None:
        """Removes the models that are not to be kept, of runs that are over."""
        held = self._look()
        kept = next((run for run in held if run.is_complete), None)
        for run in held:
            model = model_of(run, self.artifacts)
            if run is kept or model is None:
                continue
            # Where it cannot be removed there is one too many, and the next to finish tries again.
            with contextlib.suppress(OSError):
                self.artifacts.remove(model)

    def _look(self) -> list[EndedRun]:
        """The runs whose model is there and may be removed some time, the best first."""
        found = [*self._held, *self._runs.news()]
        self._held = sorted((run for run in found if self._may_go(run)), key=_best_first)
        return self._held

    def _may_go(self, run: EndedRun) -> bool:
        if self.models == "all" and run.is_complete:
            return False
        model = model_of(run, self.artifacts)
        return model is not None and self.artifacts.holds(model)
