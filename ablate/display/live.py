"""One live display of a run, on a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Literal, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ablate.display.state import RunState
from ablate.display.texts import (
    SHOWN,
    STOPPING,
    latest,
    loss,
    no_model,
    queued_again,
    repeated,
)
from ablate.document.words import duration, parameters_text
from ablate.spec.measure import OBJECTIVE
from ablate.spec.outcomes import PHASES
from ablate.spec.study import StudySpec
from ablate.state.phases import PhaseState
from ablate.workers.messages import Event, Lags

STYLES = {"complete": "green", "pruned": "yellow", "infeasible": "magenta", "failed": "red"}


class LiveProgress:
    """One live display: the study's bar, the running trials, and the last finished ones."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._state = RunState(clock)
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=4)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def opened(self, study: StudySpec, phases: Sequence[PhaseState], cut_off: int) -> None:
        """Notes how much there is to do."""
        self._state.open(study, phases)
        if cut_off:
            self._live.console.print(queued_again(cut_off))

    def heard(self, event: Event) -> None:
        """Takes in one event; the display follows within a quarter of a second."""
        self._state.note(event)
        if isinstance(event, Lags) and (warning := self._state.lag(event)):
            self.said(warning)

    def stopping(self) -> None:
        """Says that the run ends after this epoch."""
        self._state.stopping = True

    def said(self, text: str) -> None:
        """Prints a line above the display."""
        self._live.console.print(Text(text))

    def _render(self) -> RenderableType:
        return render(self._state)


def render(state: RunState) -> RenderableType:
    """The whole live display."""
    if not state.name:
        return Text("preparing the data and starting a worker ...", style="dim")
    parts: list[RenderableType] = [_study_bars(state)]
    if state.running:
        parts.append(_running_table(state))
    if state.last:
        parts.append(_last_table(state))
    if state.stopping:
        parts.append(Text(STOPPING, style="bold yellow"))
    return Group(*parts)


def _study_bars(state: RunState) -> Table:
    """A bar for each phase."""
    bars = Table.grid(padding=(0, 1))
    left = state.seconds_left
    for index, (name, phase) in enumerate(state.phases.items()):
        counts = ", ".join(
            f"[{style}]{phase.counts[outcome]} {outcome}[/]"
            for outcome, style in STYLES.items()
            if phase.counts[outcome]
        )
        if phase.finished_before:
            earlier = f"{phase.finished_before} earlier"
            counts = f"{counts}, {earlier}" if counts else earlier
        time_left = f"{duration(left)} left" if left and not index else ""
        bars.add_row(
            f"[bold]{escape(state.name)}[/]" if not index else "",
            name if len(state.phases) > 1 else "",
            ProgressBar(total=max(phase.total, 1), completed=phase.finished, width=30),
            f"{phase.finished}/{phase.total} {PHASES[name].many}",
            time_left,
            counts,
        )
    return bars


def _running_table(state: RunState) -> Table:
    table = _trials_table("running", "trial", "epoch", "", ">val loss", ">best")
    for trial in state.running.values():
        table.add_row(
            Text(trial.title),
            f"{trial.epoch}/{trial.epochs}",
            ProgressBar(total=trial.epochs, completed=trial.epoch, width=12),
            loss(trial.val_loss),
            loss(trial.best),
            Text(parameters_text(trial.parameters)),
        )
    return table


def _last_table(state: RunState) -> Table:
    beside = [measure for measure in SHOWN if measure.kind != "loss"]
    scores = (f">{measure.title}" for measure in beside)
    table = _trials_table("last finished", "trial", "outcome", ">val loss", *scores, ">time")
    for event, title, parameters in reversed(state.last):
        measures, seconds = event.measures, event.measures.get("training_seconds")
        table.add_row(
            Text(title),
            Text(event.outcome, style=STYLES.get(event.outcome, "")),
            loss(measures.get(OBJECTIVE)),
            *(latest(measure, measures) for measure in beside),
            "" if seconds is None else duration(seconds),
            Text(event.reason or repeated(event) or no_model(event) or parameters_text(parameters)),
        )
    return table


def _trials_table(title: str, *headings: str) -> Table:
    """A table of trials whose last column, the hyperparameters, is cut where space is short.

    A heading that begins with ``>`` is right-aligned, with its column.
    """
    table = Table(
        title=title,
        title_justify="left",
        expand=True,
        box=None,
        header_style="dim",
        pad_edge=False,
    )
    for heading in headings:
        justify: Literal["left", "right"] = "right" if heading.startswith(">") else "left"
        table.add_column(heading.removeprefix(">"), justify=justify, no_wrap=True)
    table.add_column("hyperparameters", overflow="ellipsis", no_wrap=True, ratio=1)
    return table
