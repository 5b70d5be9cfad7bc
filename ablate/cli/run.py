"""``ablate run``: make a study complete."""

from __future__ import annotations

import shlex
import signal
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from ablate.cli.options import (
    DEFAULT_STORAGE,
    DEFAULT_TOP,
    Duration,
    out_option,
    set_option,
    storage_option,
    storage_place,
    yes_option,
)
from ablate.config import find_study, load_study
from ablate.config.toml import read_toml
from ablate.errors import AblateError, InputError, Problem

if TYPE_CHECKING:
    from ablate.phases import PhaseState
    from ablate.storage import StoragePlace
    from ablate.study import RunSummary


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
@click.option("--plain", is_flag=True, help="Plain lines instead of the live display.")
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
    plain: bool,
) -> int:
    """Run STUDY, a file or the name of a shipped one, until all its trials are finished.

    Run it again and only what is missing is trained: nothing, if it is complete. Ctrl-C lets
    the running epoch end, a second Ctrl-C stops at once; both leave a study that goes on.

    \b
    ablate run studies/line_dropout.toml
    ablate run smoke --set training.epochs=2 --trials 10
    """
    from rich.console import Console

    from ablate.data import shape
    from ablate.plan import make_plan
    from ablate.progress import LiveProgress, PlainProgress
    from ablate.study import StopRequest, log_path, run_study

    path = find_study(study)
    if trials and "tune" not in read_toml(path):
        rule = "this study tunes nothing: it has no [tune]"
        raise InputError(Problem("--trials", rule, hint="for more replicates give --seeds"))
    counts = {"tune.trials": trials, "replicate.seeds": seeds}
    overrides = [*settings, *(f"{key}={count}" for key, count in counts.items() if count)]
    spec = load_study(path, overrides, large=yes)
    place = storage_place(storage)
    console = Console(soft_wrap=True)
    shapes = {data.dataset: shape(data) for data in spec.datasets}
    for warning in make_plan(spec, shapes).warnings:
        click.echo(f"warning: {warning}", err=True)
    stop = StopRequest()

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        stop.ask()
        if stop.times > 1:
            raise KeyboardInterrupt

    live = console.is_terminal and not plain
    previous = signal.signal(signal.SIGINT, on_interrupt)
    try:
        with (LiveProgress if live else PlainProgress)(console) as progress:
            summary = run_study(spec, place, progress, stop=stop, timeout=timeout, fresh=fresh)
    finally:
        signal.signal(signal.SIGINT, previous)
    click.echo(summary_text(spec.name, summary))
    if any(phase.counts.get("failed") or phase.counts.get("missing") for phase in summary.phases):
        click.echo(f"why trials failed: {log_path(place, spec)}")
    if summary.stopped:
        click.echo("run the same command again to go on")
    if summary.stopped == "interrupted":
        return 130
    if summary.complete:
        if summary.trained:
            _write_report(spec.name, place, out)
        place_option = "" if storage == DEFAULT_STORAGE else f" --storage {shlex.quote(storage)}"
        click.echo(f"see the results: ablate report {shlex.quote(spec.name)}{place_option}")
    return 0 if summary.stopped or summary.complete else 1


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
    from ablate.progress import duration

    states = [_phase_text(phase) for phase in summary.phases]
    if summary.stopped:
        state = "stopped at the time limit" if summary.stopped == "timeout" else "stopped"
    elif summary.trained:
        state = "complete"
    else:
        state = "already complete, nothing to do"
    return (
        f"{name}: {state} ({'; '.join(states)}); "
        f"{summary.trained} trained now in {duration(summary.seconds)}"
    )


def _phase_text(phase: PhaseState) -> str:
    from ablate.progress import NOUNS

    outcomes = ("complete", "pruned", "infeasible", "failed", "waiting", "missing")
    counts = ", ".join(
        f"{phase.counts[name]} {name}" for name in outcomes if phase.counts.get(name)
    )
    return f"{counts or 'none yet'} of {phase.total} {NOUNS[phase.phase]}"
