"""The training runs of a study, those of its searches and its replicates, walked over in one way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ablate.planning.plan import Part
from ablate.spec.space import Scalar
from ablate.spec.study import Cell, Phase, StudySpec
from ablate.store.attributes import TUNED, cell_and_seed

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial


@dataclass(frozen=True)
class TrainingRun:
    """A trial of a cell's search, or a replicate, however far it is."""

    part: Part
    """What holds it."""
    cell: Cell
    seed: int
    trial: FrozenTrial

    @property
    def phase(self) -> Phase:
        """What it is for."""
        return self.part.phase

    @property
    def tuned(self) -> Mapping[str, Scalar]:
        """The values of its tuned parameters; those of a running trial as far as it has asked."""
        return self.trial.params if self.phase == "tune" else TUNED.of(self.trial) or {}

    @property
    def title(self) -> str:
        """What it is called among the runs of its cell."""
        if self.phase == "replicate":
            return f"the replicate with seed {self.seed}"
        return f"trial {self.trial.number}"


class RunReader:
    """Tells which training run of a study a trial is."""

    def __init__(self, spec: StudySpec) -> None:
        self._spec, self._cells = spec, frozenset(spec.cells)

    def read(self, part: Part, trial: FrozenTrial) -> TrainingRun | None:
        """The training run that a trial of a part is; None where the study has no such any more."""
        if part.cell is not None:
            return TrainingRun(part, part.cell, self._spec.search_seed(part.cell), trial)
        found = cell_and_seed(trial)
        return TrainingRun(part, *found, trial) if found and found[0] in self._cells else None


def training_runs(spec: StudySpec, parts: Mapping[Part, Study]) -> Iterator[TrainingRun]:
    """All training runs of a stored study, waiting and running ones included, part by part."""
    reader = RunReader(spec)
    for part, study in parts.items():
        for trial in study.get_trials(deepcopy=False):
            run = reader.read(part, trial)
            if run is not None:
                yield run
