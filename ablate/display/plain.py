"""A line for each thing that happens during a run, for logs and pipes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console

from ablate.display.state import RunState
from ablate.display.texts import (
    SHOWN,
    STOPPING,
    outcome_text,
    queued_again,
    scores,
)
from ablate.document.words import duration, parameters_text
from ablate.spec.outcomes import PHASES
from ablate.spec.study import StudySpec
from ablate.state.phases import PhaseState
from ablate.workers.messages import Event, Finished, Lags, Started, Trained


class PlainProgress:
    """A line for each thing that happens, for logs and pipes."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._state = RunState(clock)
        self._console = console

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def opened(self, study: StudySpec, phases: Sequence[PhaseState], cut_off: int) -> None:
        """Prints how much there is to do."""
        self._state.open(study, phases)
        if cut_off:
            self._line(queued_again(cut_off))
        for phase in phases:
            self._line(
                f"{study.name}: {phase.finished} of {phase.total} {PHASES[phase.phase].many} are finished"
            )

    def heard(self, event: Event) -> None:
        """Prints one line for each event."""
        trial = None
        if isinstance(event, Trained | Finished):
            trial = self._state.running.get((event.part, event.number))
        self._state.note(event)
        match event:
            case Started():
                title = self._state.running[event.part, event.number].title
                # The title of a replicate names its seed already.
                shown = parameters_text(event.parameters) if event.phase == "tune" else ""
                self._line(f"{title} started{': ' if shown else ''}{shown}")
            case Lags():
                if warning := self._state.lag(event):
                    self._line(warning)
            case Trained() if trial is not None:
                epoch = event.epoch
                measured = scores(SHOWN, "validation", epoch.model_dump())
                self._line(
                    f"{trial.title} epoch {epoch.epoch}/{trial.epochs}: "
                    f"validation {measured}, {epoch.seconds:.1f} s"
                )
            case Finished() if trial is not None:
                left = self._state.seconds_left
                time_left = f", about {duration(left)} left" if left else ""
                phase = self._state.phases[trial.phase]
                self._line(
                    f"{trial.title} {outcome_text(event)} "
                    f"({phase.finished} of {phase.total}{time_left})"
                )

    def stopping(self) -> None:
        """Says that the run ends after this epoch."""
        self._line(STOPPING)

    def said(self, text: str) -> None:
        """Prints a line."""
        self._line(text)

    def _line(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)
