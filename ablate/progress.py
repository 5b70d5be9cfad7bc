"""Shows a run while it happens: one live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ablate.messages import Event, Finished, Started, Trained
from ablate.space import Scalar
from ablate.spec import StudySpec

LAST = 8
"""How many finished trials the display shows."""
STYLES = {"complete": "green", "pruned": "yellow", "infeasible": "magenta", "failed": "red"}
STOPPING = "stopping after this epoch; Ctrl-C again stops at once"


@dataclass
class RunningTrial:
    """A trial that is being trained, as far as it has told."""

    number: int
    parameters: Mapping[str, Scalar]
    epochs: int
    epoch: int = 0
    val_loss: float | None = None
    best: float | None = None


@dataclass
class RunState:
    """What is known of a run from its events; rendering reads it and changes nothing."""

    clock: Callable[[], float]
    name: str = ""
    total: int = 0
    finished_before: int = 0
    started_at: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    running: dict[int, RunningTrial] = field(default_factory=dict)
    last: deque[tuple[Finished, Mapping[str, Scalar]]] = field(
        default_factory=lambda: deque(maxlen=LAST)
    )
    stopping: bool = False

    @property
    def finished(self) -> int:
        """Trials that count, those of earlier runs included."""
        return self.finished_before + self.counts.total()

    @property
    def seconds_left(self) -> float | None:
        """The time per trial of this run so far, times what is left; None before the first."""
        done = self.counts.total() + sum(t.epoch / t.epochs for t in self.running.values())
        if not self.counts.total():
            return None
        per_trial = (self.clock() - self.started_at) / done
        return max(0.0, per_trial * (self.total - self.finished_before - done))

    def note(self, event: Event) -> None:
        """Takes in one event."""
        match event:
            case Started():
                trial = RunningTrial(event.number, event.parameters, event.epochs)
                self.running[event.number] = trial
            case Trained():
                trial = self.running[event.number]
                trial.epoch, trial.val_loss = event.epoch.epoch, event.epoch.val_loss
                trial.best = min(
                    trial.val_loss, trial.best if trial.best is not None else trial.val_loss
                )
            case Finished():
                known = self.running.pop(event.number, None)
                if event.outcome != "interrupted":
                    self.counts[event.outcome] += 1
                    self.last.append((event, known.parameters if known else {}))


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

    def opened(self, study: StudySpec, total: int, finished: int, queued: int) -> None:
        """Notes how much there is to do."""
        _open(self._state, study, total, finished)
        if queued:
            self._live.console.print(_queued_again(queued))

    def heard(self, event: Event) -> None:
        """Takes in one event; the display follows within a quarter of a second."""
        self._state.note(event)

    def stopping(self) -> None:
        """Says that the run ends after this epoch."""
        self._state.stopping = True

    def _render(self) -> RenderableType:
        return render(self._state)


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

    def opened(self, study: StudySpec, total: int, finished: int, queued: int) -> None:
        """Prints how much there is to do."""
        _open(self._state, study, total, finished)
        if queued:
            self._line(_queued_again(queued))
        self._line(f"{study.name}: {finished} of {total} trials are finished")

    def heard(self, event: Event) -> None:
        """Prints one line for each event."""
        self._state.note(event)
        match event:
            case Started():
                self._line(f"trial {event.number} started: {parameters_text(event.parameters)}")
            case Trained():
                epochs = self._state.running[event.number].epochs
                self._line(
                    f"trial {event.number} epoch {event.epoch.epoch}/{epochs}: "
                    f"validation loss {event.epoch.val_loss:.4f}, "
                    f"accuracy {event.epoch.val_accuracy:.4f}, {event.epoch.seconds:.1f} s"
                )
            case Finished():
                left = self._state.seconds_left
                time_left = f", about {duration(left)} left" if left else ""
                self._line(
                    f"trial {event.number} {outcome_text(event)} "
                    f"({self._state.finished} of {self._state.total}{time_left})"
                )

    def stopping(self) -> None:
        """Says that the run ends after this epoch."""
        self._line(STOPPING)

    def _line(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def render(state: RunState) -> RenderableType:
    """The whole live display."""
    if not state.name:
        return Text("preparing the data and starting a worker ...", style="dim")
    parts: list[RenderableType] = [_study_bar(state)]
    if state.running:
        parts.append(_running_table(state))
    if state.last:
        parts.append(_last_table(state))
    if state.stopping:
        parts.append(Text(STOPPING, style="bold yellow"))
    return Group(*parts)


def _study_bar(state: RunState) -> Table:
    left = state.seconds_left
    counts = ", ".join(
        f"[{style}]{state.counts[outcome]} {outcome}[/]"
        for outcome, style in STYLES.items()
        if state.counts[outcome]
    )
    if state.finished_before:
        earlier = f"{state.finished_before} earlier"
        counts = f"{counts}, {earlier}" if counts else earlier
    bar = Table.grid(padding=(0, 1))
    bar.add_row(
        f"[bold]{escape(state.name)}[/]",
        ProgressBar(total=max(state.total, 1), completed=state.finished, width=30),
        f"{state.finished}/{state.total} trials",
        f"{duration(left)} left" if left is not None and state.finished < state.total else "",
        counts,
    )
    return bar


def _running_table(state: RunState) -> Table:
    table = _trials_table("running", ">trial", "epoch", "", ">val loss", ">best")
    for trial in state.running.values():
        table.add_row(
            str(trial.number),
            f"{trial.epoch}/{trial.epochs}",
            ProgressBar(total=trial.epochs, completed=trial.epoch, width=12),
            _loss(trial.val_loss),
            _loss(trial.best),
            Text(parameters_text(trial.parameters)),
        )
    return table


def _last_table(state: RunState) -> Table:
    headings = (">trial", "outcome", ">val loss", ">accuracy", ">time")
    table = _trials_table("last finished", *headings)
    for event, parameters in reversed(state.last):
        table.add_row(
            str(event.number),
            Text(event.outcome, style=STYLES.get(event.outcome, "")),
            _loss(event.val_loss),
            "" if event.val_accuracy is None else f"{event.val_accuracy:.4f}",
            "" if event.seconds is None else duration(event.seconds),
            Text(event.reason or parameters_text(parameters)),
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


def outcome_text(event: Finished) -> str:
    """How a trial ended, in one line."""
    if event.reason:
        return f"{event.outcome}: {event.reason}"
    if event.outcome == "complete":
        return (
            f"complete: validation loss {_loss(event.val_loss)}, accuracy {event.val_accuracy:.4f}"
        )
    if event.outcome == "pruned":
        return f"pruned: best validation loss {_loss(event.val_loss)}"
    return f"{event.outcome}; it will be trained again"


def parameters_text(parameters: Mapping[str, Scalar]) -> str:
    """Hyperparameters as ``name=value``, numbers in four digits."""
    return " ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in parameters.items()
    )


def duration(seconds: float) -> str:
    """A time as people say it: ``48 s``, ``3 min 20 s``, ``2 h 05 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def _open(state: RunState, study: StudySpec, total: int, finished: int) -> None:
    state.name, state.total, state.finished_before = study.name, total, finished
    state.started_at = state.clock()


def _queued_again(queued: int) -> str:
    trials = "trial was" if queued == 1 else "trials were"
    return f"{queued} {trials} cut off earlier and will be trained again"


def _loss(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
