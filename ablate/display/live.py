"""Shows a run while it happens: one live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ablate.spec.measures import OBJECTIVE, Measure, Stage, loss_first, shown
from ablate.spec.outcomes import PHASES
from ablate.spec.space import Scalar
from ablate.spec.study import Phase, StudySpec
from ablate.state.phases import PhaseState
from ablate.store.attributes import SEED_PARAMETER
from ablate.workers.messages import Event, Finished, Started, Trained

LAST = 8
"""How many finished trials the display shows."""
STYLES = {"complete": "green", "pruned": "yellow", "infeasible": "magenta", "failed": "red"}
SHOWN = loss_first(shown("progress"))
STOPPING = "stopping after this epoch; Ctrl-C again stops at once"


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
    _since: float = 0.0
    """When the last trial ended, or the run began."""
    _complete: list[float] = field(default_factory=list)
    """Seconds of the trials of this run that were trained to their end."""

    def open(self, study: StudySpec, phases: Sequence[PhaseState]) -> None:
        """Takes in how far a study is."""
        self.name, self._since = study.name, self.clock()
        self.several = len(study.cells) > 1 or study.replicate is not None
        self.several_datasets = len(study.datasets) > 1
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
                if event.outcome == "complete":
                    self._complete.append(taken)
                self.last.append((event, known.title, known.parameters))

    def _title(self, event: Started) -> str:
        """What a trial is called on the screen."""
        if not self.several:
            return f"trial {event.number}"
        words = [event.phase, *([event.cell.dataset] if self.several_datasets else [])]
        number = (
            f"trial {event.number}"
            if event.phase == "tune"
            else f"seed {event.parameters[SEED_PARAMETER]}"
        )
        return " ".join([*words, event.cell.variant, number])


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
            self._live.console.print(_queued_again(cut_off))

    def heard(self, event: Event) -> None:
        """Takes in one event; the display follows within a quarter of a second."""
        self._state.note(event)

    def stopping(self) -> None:
        """Says that the run ends after this epoch."""
        self._state.stopping = True

    def said(self, text: str) -> None:
        """Prints a line above the display."""
        self._live.console.print(Text(text))

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

    def opened(self, study: StudySpec, phases: Sequence[PhaseState], cut_off: int) -> None:
        """Prints how much there is to do."""
        self._state.open(study, phases)
        if cut_off:
            self._line(_queued_again(cut_off))
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
            case Trained() if trial is not None:
                epoch = event.epoch
                scores = _scores(SHOWN, "validation", epoch.model_dump())
                self._line(
                    f"{trial.title} epoch {epoch.epoch}/{trial.epochs}: "
                    f"validation {scores}, {epoch.seconds:.1f} s"
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
            _loss(trial.val_loss),
            _loss(trial.best),
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
            _loss(measures.get(OBJECTIVE)),
            *(_latest(measure, measures) for measure in beside),
            "" if seconds is None else duration(seconds),
            Text(event.reason or _no_model(event) or parameters_text(parameters)),
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
    if event.outcome == "interrupted":
        why = f": {event.reason}" if event.reason else ""
        return f"interrupted{why}; it will be trained again"
    if event.reason:
        return f"{event.outcome}: {event.reason}"
    if event.outcome == "complete":
        return "; ".join(
            text for text in (f"complete: {_measured(event)}", _no_model(event)) if text
        )
    if event.outcome == "pruned":
        return f"pruned: best validation loss {_loss(event.measures.get(OBJECTIVE))}"
    return event.outcome


def _measured(event: Finished) -> str:
    """What was measured on the validation images, and how well it does on the test images."""
    tested = (measure for measure in SHOWN if measure.is_score and measure.kind != "loss")
    test = _scores(tested, "test", event.measures)
    validation = f"validation {_scores(SHOWN, 'validation', event.measures)}"
    return f"{validation}, test {test}" if test else validation


def _scores(measures: Iterable[Measure], stage: Stage, values: Mapping[str, float]) -> str:
    keys = ((measure, measure.key(stage)) for measure in measures)
    return ", ".join(f"{one.title} {one.text(values[key])}" for one, key in keys if key in values)


def _latest(measure: Measure, values: Mapping[str, float]) -> str:
    """Its value on the test images, or where there is none on the validation images."""
    value = values.get(measure.key("test"), values.get(measure.key("validation")))
    return "" if value is None else measure.text(value)


def _no_model(event: Finished) -> str:
    return f"its model was not saved: {event.no_model}" if event.no_model else ""


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


def _queued_again(queued: int) -> str:
    trials = "trial was" if queued == 1 else "trials were"
    return f"{queued} {trials} cut off earlier and will be trained again"


def _loss(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
