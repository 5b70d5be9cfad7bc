"""``ablate delete``: remove a study with its trials and artifacts."""

from __future__ import annotations

import sys
from socket import gethostname
from typing import TYPE_CHECKING

import click

from ablate.cli.options import storage_option, storage_place
from ablate.errors import InputError, Problem
from ablate.spec.outcomes import PHASES

if TYPE_CHECKING:
    from ablate.housekeeping.overview import StudyOverview
    from ablate.spec.study import Phase


@click.command("delete")
@click.argument("study")
@click.option("--yes", is_flag=True, help="Do not ask.")
@storage_option
def command(study: str, yes: bool, storage: str) -> int:
    """Delete STUDY, by name: its trials, its replicates and their artifacts.

    Says what would be deleted and asks first. Reports under reports/ stay. A study that is being
    trained is not deleted.
    """
    from ablate.housekeeping.overview import overview, overviews
    from ablate.housekeeping.reading import open_to_read
    from ablate.store.artifacts import Artifacts
    from ablate.store.place import open_storage, told_plainly
    from ablate.store.studies import not_run, remove_study

    place = storage_place(storage)
    opened = open_to_read(place)
    found = overview(opened, study, Artifacts(place, opened))
    if found is None:
        known = [other.name for other in overviews(opened, Artifacts(place, opened))]
        raise InputError(not_run(study, known))
    _check_idle(found)
    if not yes:
        if not sys.stdin.isatty():
            rule = "is deleted only after a question, and there is no terminal to ask on"
            raise InputError(Problem(study, rule, hint="consent with --yes"))
        if not click.confirm(f"delete {content_text(found)}?"):
            click.echo("nothing was deleted")
            return 0
        opened = open_to_read(place)
        now = overview(opened, study, Artifacts(place, opened))
        if now is not None:  # much may have happened since the question
            _check_idle(now)
    place.check()
    with told_plainly(place):
        writable = open_storage(place)
        remove_study(writable, study, Artifacts(place, writable))
    click.echo(f"deleted {content_text(found)}")
    return 0


def content_text(study: StudyOverview) -> str:
    """What there is of a study: as many trials and replicates as a list counts, and all else."""
    from rich.filesize import decimal

    from ablate.document.words import plural

    counted: dict[Phase, int] = {"tune": study.trials, "replicate": study.replicates}
    if study.phases is not None:
        own = {phase.phase: phase.counts for phase in study.phases}
        counted = {
            phase: sum(count for name, count in own.get(phase, {}).items() if name != "running")
            for phase in counted
        }
    more = study.trials + study.replicates - sum(counted.values())
    parts = [plural(count, PHASES[phase].one) for phase, count in counted.items()]
    parts += [plural(more, "other training")] if more > 0 else []
    parts.append(plural(study.artifacts, "artifact"))
    return f"{study.name}: {', '.join(parts)} ({decimal(study.size)})"


def _check_idle(study: StudyOverview) -> None:
    """Refuses a study that is being trained.

    Raises:
        InputError: it is, or another machine may be at it.
    """
    problems = []
    for one in study.running:
        if one.lost or one.owner is None:
            continue
        rule = f"process {one.owner.pid} on {one.owner.host} is training trial {one.number}"
        hint = "end that run first"
        if one.owner.host != gethostname():
            hint += f"; where that machine is gone: ablate doctor --repair --gone {one.owner.host}"
        problems.append(Problem(one.part, rule, hint=hint))
    if problems:
        raise InputError(*problems)
