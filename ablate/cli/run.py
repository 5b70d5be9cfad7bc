"""``ablate run``: make a study complete."""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal

import click

from ablate.cli.executors import (
    WorkerOptions,
    check_options,
    make_local_executor,
    make_ray_executor,
)
from ablate.cli.options import (
    DEFAULT_TOP,
    Duration,
    Workers,
    out_option,
    set_option,
    storage_option,
    storage_place,
    yes_option,
)
from ablate.errors import AblateError, InputError, Problem
from ablate.limits import TERMINATION, Limits
from ablate.spec.outcomes import PHASES, counts_text
from ablate.store import DEFAULT_STORAGE

if TYPE_CHECKING:
    from ablate.display.live import LiveProgress
    from ablate.display.plain import PlainProgress
    from ablate.running.dispatcher import StopRequest
    from ablate.running.run import RunSummary
    from ablate.spec.study import StudySpec
    from ablate.state.phases import PhaseState
    from ablate.store.place import StoragePlace
    from ablate.workers.executors._base import Executor


@click.command("run")
@click.argument("study")
@set_option
@click.option("--trials", type=click.IntRange(min=1), help="Trials of each search, in all.")
@click.option("--seeds", type=click.IntRange(min=1), help="Seeds of each variant, in all.")
@click.option(
    "--timeout", type=Duration(), help="Stop after this time, for example 30m; run again to go on."
)
@storage_option
@click.option("--fresh", is_flag=True, help="Delete the study's earlier trials first.")
@out_option
@yes_option
@click.option(
    "--workers",
    type=Workers(),
    metavar="N|auto",
    help="Processes that train side by side. [default: one for each GPU, otherwise as many as the "
    "study keeps busy on this machine's cores, with one trial of each search at a time; with Ray as "
    "many as the cluster has room for]",
)
@click.option(
    "--workers-per-gpu",
    type=click.IntRange(min=1),
    help="How many workers share a GPU. [default: 1]",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 256),
    help="Threads that each worker computes with, which changes the last digits of numbers. "
    "[default: those that the study was begun with, at first the cores divided by the default "
    "number of workers]",
)
@click.option(
    "--trial-timeout",
    type=Duration(zero=False),
    help="End a trial that takes longer, for example 20m.",
)
@click.option(
    "--worker-memory",
    type=float,
    metavar="GIB",
    help="Replace a worker that holds more memory after a trial. [default: its part of four fifths "
    "of the machine's]",
)
@click.option(
    "--worker-trials",
    type=click.IntRange(min=1),
    help="Replace a worker after so many trials.",
)
@click.option(
    "--executor",
    "executor_name",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Train on this machine, or on those of a Ray cluster, with what [resources] asks for.",
)
@click.option(
    "--address",
    metavar="HOST:PORT",
    help="The Ray cluster. [default: RAY_ADDRESS, otherwise one on this machine]",
)
@click.option("--plain", is_flag=True, help="Plain lines instead of the live display.")
@click.option("--no-report", is_flag=True, help="Leave the report at the end to ablate report.")
def command(
    study: str,
    settings: tuple[str, ...],
    trials: int | None,
    seeds: int | None,
    timeout: float | None,
    storage: str,
    fresh: bool,
    out: Path,
    yes: bool,
    workers: int | Literal["auto"] | None,
    workers_per_gpu: int | None,
    threads: int | None,
    trial_timeout: float | None,
    worker_memory: float | None,
    worker_trials: int | None,
    executor_name: Literal["local", "ray"],
    address: str | None,
    plain: bool,
    no_report: bool,
) -> int:
    """Run STUDY, a file or the name of a shipped one, until all its trials are finished.

    Run it again and only what is missing is trained: nothing, if it is complete. Ctrl-C lets
    the running epochs end, a second Ctrl-C stops at once, and so does SIGTERM when 10 seconds have
    passed; all leave a study that goes on. Two runs of one study share its trials.

    \b
    ablate run studies/line_dropout.toml
    ablate run smoke --set training.epochs=2 --trials 10
    ablate run line_dropout --workers 2
    ablate run line_dropout --executor ray --address auto --storage postgresql://host/ablate
    """
    from ablate.running.dispatcher import StopRequest
    from ablate.running.run import run_study
    from ablate.workers.executors.defaults import Machine

    machine, asked = Machine.here(), WorkerOptions(workers, workers_per_gpu, threads, worker_memory)
    check_options(executor_name, address, asked, machine)
    spec = _load(study, settings, trials, seeds, large=yes)
    place = storage_place(storage)
    stop = StopRequest()
    with stopped_by_signals(stop), _display(plain=plain) as display:

        def executor(recorded: int | None) -> Executor:
            if executor_name == "ray":
                return make_ray_executor(spec, place, workers, address)
            return make_local_executor(spec, place, machine, asked, display, recorded)

        summary = run_study(
            spec,
            place,
            display,
            executor=executor,
            in_turn=executor_name == "local" and workers is None and not machine.gpus,
            limits=Limits(trial_timeout, asked.worker_bytes, worker_trials),
            stop=stop,
            timeout=timeout,
            fresh=fresh,
        )
    return _tell(spec, summary, place, storage, None if no_report else out)


def _load(
    study: str, settings: tuple[str, ...], trials: int | None, seeds: int | None, *, large: bool
) -> StudySpec:
    """Reads a study file, and warns of what its plan makes one wary of."""
    from ablate.config import find_study, load_study
    from ablate.config.toml import read_toml
    from ablate.data.prepared import shape
    from ablate.planning.plan import make_plan

    path = find_study(study)
    if trials and "tune" not in read_toml(path):
        rule = "this study tunes nothing: it has no [tune]"
        raise InputError(Problem("--trials", rule, hint="for more replicates give --seeds"))
    counts = {"tune.trials": trials, "replicate.seeds": seeds}
    overrides = [*settings, *(f"{key}={count}" for key, count in counts.items() if count)]
    spec = load_study(path, overrides, large=large)
    shapes = {data.dataset: shape(data) for data in spec.datasets}
    for warning in make_plan(spec, shapes).warnings:
        click.echo(f"warning: {warning}", err=True)
    return spec


def _display(*, plain: bool) -> LiveProgress | PlainProgress:
    """Plain lines where they are asked for, or where there is no terminal."""
    from rich.console import Console

    from ablate.display.live import LiveProgress
    from ablate.display.plain import PlainProgress

    console = Console(soft_wrap=True)
    live = console.is_terminal and not plain
    return LiveProgress(console) if live else PlainProgress(console)


def _tell(
    spec: StudySpec, summary: RunSummary, place: StoragePlace, storage: str, out: Path | None
) -> int:
    """Says how a run ended and what to do next, and writes the report where a folder is given.

    Returns:
        The exit code.
    """
    from ablate.running.run import log_path

    click.echo(summary_text(spec.name, summary))
    if any(phase.counts.get("failed") or phase.counts.get("missing") for phase in summary.phases):
        click.echo(f"why trials failed: {log_path(place, spec)}")
    if summary.stopped:
        click.echo("run the same command again to go on")
    if summary.stopped == "interrupted":
        return 130
    if summary.complete:
        if summary.trained and out is not None:
            _write_report(spec.name, place, out)
        is_known = storage in (DEFAULT_STORAGE, os.environ.get("ABLATE_STORAGE"))
        place_option = "" if is_known else f" --storage {shlex.quote(place.shown)}"
        click.echo(f"see the results: ablate report {shlex.quote(spec.name)}{place_option}")
    return 0 if summary.stopped or summary.complete else 1


@contextmanager
def stopped_by_signals(stop: StopRequest) -> Iterator[None]:
    """Ctrl-C and SIGTERM ask a run to end; a second Ctrl-C, or time after SIGTERM, ends it at once."""

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        stop.ask()
        if stop.times > 1:
            raise KeyboardInterrupt

    def on_terminate(number: int, frame: FrameType | None) -> None:
        stop.ask()
        signal.signal(signal.SIGALRM, on_interrupt)
        signal.setitimer(signal.ITIMER_REAL, TERMINATION)

    handlers: dict[signal.Signals, Any] = {
        signal.SIGINT: on_interrupt,
        signal.SIGTERM: on_terminate,
    }
    previous = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in previous.items():
            signal.signal(number, handler)


def _write_report(name: str, place: StoragePlace, out: Path) -> None:
    """Writes the report's files; a study is complete without them."""
    from ablate.report.writing import write_report

    try:
        written = write_report(place, name, ("markdown", "html", "csv"), out, top=DEFAULT_TOP)
    except AblateError as error:
        click.echo(f"warning: the report was not written: {error}", err=True)
        return
    click.echo(written.summary)


def summary_text(name: str, summary: RunSummary) -> str:
    """How a run ended, in one line."""
    from ablate.document.words import duration

    states = [_phase_text(phase) for phase in summary.phases]
    if summary.stopped:
        state = "stopped at the time limit" if summary.stopped == "timeout" else "stopped"
    elif not summary.complete:
        last = summary.phases[-1]
        state = f"ended, and none of {last.total} {PHASES[last.phase].many} is complete"
    elif summary.trained:
        state = "complete"
    else:
        state = "already complete, nothing to do"
    trained = summary.trained - summary.repeated
    repeated = f", {summary.repeated} repeated" if summary.repeated else ""
    return (
        f"{name}: {state} ({'; '.join(states)}); "
        f"{trained} trained now{repeated} in {duration(summary.seconds)}"
    )


def _phase_text(phase: PhaseState) -> str:
    # What another run trains at the moment is its own affair.
    own = {name: count for name, count in phase.counts.items() if name != "running"}
    return f"{counts_text(own) or 'none yet'} of {phase.total} {PHASES[phase.phase].many}"
