"""What a run is about: kept up with events, rendered elsewhere."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ablate.planning.lag import lag_text
from ablate.spec.space import Scalar
from ablate.spec.study import Cell, Phase, StudySpec
from ablate.state.phases import PhaseState
from ablate.store.attributes import SEED_PARAMETER
from ablate.workers.messages import Event, Finished, Lags, Started, Trained

LAST = 8
"""How many finished trials the display shows."""


@dataclass
class RunningTrial:
    """A trial that is being trained, as far as it has told."""

    title: str
    phase: Phase
    parameters: Mapping[str, Scalar]
    epochs: int
    epoch: int = 0
    val_loss: float | None = None
    best: float | None = None


@dataclass
class PhaseProgress:
    """How far a phase is."""

    total: int
    finished_before: int
    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    """What its trials of this run have taken."""
    again: int = 0
    """Failed replicates of this run: each is trained once more."""

    @property
    def finished(self) -> int:
        """Trials that count, those of earlier runs included."""
        return self.finished_before + self.counts.total() - self.again


@dataclass
class RunState:
    """What is known of a run from its events; rendering reads it and changes nothing."""

    clock: Callable[[], float]
    name: str = ""
    several: bool = False
    """Whether trials must be told apart by their variant and data set."""
    several_datasets: bool = False
    phases: dict[Phase, PhaseProgress] = field(default_factory=dict)
    running: dict[tuple[str, int], RunningTrial] = field(default_factory=dict)
    last: deque[tuple[Finished, str, Mapping[str, Scalar]]] = field(
        default_factory=lambda: deque(maxlen=LAST)
    )
    stopping: bool = False
    _replicate_name: Callable[[int], str] = "seed {}".format
    """What the replicate of a seed is called."""
    _since: float = 0.0
    """When the last trial ended, or the run began."""
    _lagging: set[Cell] = field(default_factory=set)
    """Cells that have been warned of."""
    _complete: list[float] = field(default_factory=list)
    """Seconds of the trials of this run that were trained to their end."""

    def open(self, study: StudySpec, phases: Sequence[PhaseState]) -> None:
        """Takes in how far a study is."""
        self.name, self._since = study.name, self.clock()
        self.several = len(study.cells) > 1 or study.replicate is not None
        self.several_datasets = len(study.datasets) > 1
        self._replicate_name = study.replicate_name
        self.phases = {p.phase: PhaseProgress(p.total, p.finished) for p in phases}

    @property
    def counts(self) -> Counter[str]:
        """Trials of this run, by outcome."""
        return sum((phase.counts for phase in self.phases.values()), Counter[str]())

    @property
    def seconds_left(self) -> float | None:
        """What is left of each phase, at the time per trial so far; None before the first ends.

        A replicate is never pruned: until one has ended, it is expected to take as long as a
        tuned trial that was trained to its end.
        """
        left = 0.0
        for name, phase in self.phases.items():
            parts = [t.epoch / t.epochs for t in self.running.values() if t.phase == name]
            missing = max(0.0, phase.total - phase.finished - sum(parts))
            if not missing:
                continue
            if done := phase.counts.total():
                per_trial = phase.seconds / done
            elif self._complete:
                per_trial = sum(self._complete) / len(self._complete)
            else:
                return None
            left += per_trial * missing
        return left

    def note(self, event: Event) -> None:
        """Takes in one event."""
        match event:
            case Started():
                self.running[event.part, event.number] = RunningTrial(
                    self._title(event), event.phase, event.parameters, event.epochs
                )
            case Trained():
                trial = self.running[event.part, event.number]
                trial.epoch, trial.val_loss = event.epoch.epoch, event.epoch.val_loss
                trial.best = min(
                    trial.val_loss, trial.best if trial.best is not None else trial.val_loss
                )
            case Finished():
                known = self.running.pop((event.part, event.number), None)
                now = self.clock()
                taken, self._since = now - self._since, now
                if event.outcome == "interrupted" or known is None:
                    return
                phase = self.phases[known.phase]
                phase.counts[event.outcome] += 1
                phase.again += event.outcome == "failed" and known.phase == "replicate"
                phase.seconds += taken
                if event.outcome == "complete" and event.repeats is None:
                    self._complete.append(taken)
                self.last.append((event, known.title, known.parameters))

    def lag(self, event: Lags) -> str:
        """What is to be said of averages that lag, once for each cell; empty after that."""
        if event.cell in self._lagging:
            return ""
        self._lagging.add(event.cell)
        words = [event.cell.dataset] if self.several_datasets else []
        where = " ".join([*words, event.cell.variant])
        return f"warning: {where}: {lag_text(event.averages, event.epochs)}"

    def _title(self, event: Started) -> str:
        """What a trial is called on the screen."""
        if not self.several:
            return f"trial {event.number}"
        words = [event.phase, *([event.cell.dataset] if self.several_datasets else [])]
        number = (
            f"trial {event.number}"
            if event.phase == "tune"
            else self._replicate_name(int(event.parameters[SEED_PARAMETER]))
        )
        within = [event.cell.within] if event.cell.within else []
        return " ".join([*words, event.cell.variant, *within, number])
