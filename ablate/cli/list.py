"""``ablate list``: which studies are there, and how far are they?"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from ablate.cli.options import WIDE, storage_option, storage_place
from ablate.spec.outcomes import PHASES, counts_text

if TYPE_CHECKING:
    from ablate.document.elements import Document
    from ablate.housekeeping.overview import StudyOverview
    from ablate.spec.study import Phase


@click.command("list")
@storage_option
def command(storage: str) -> int:
    """List the studies of a storage: how far each is, its size, its last activity.

    The study with the latest activity comes first. Trials that were cut off are trained again
    by the next run. Sizes are those of its artifacts on disk.
    """
    from rich.console import Console

    from ablate import catalog
    from ablate.document.terminal import text_of
    from ablate.housekeeping.overview import overviews
    from ablate.housekeeping.reading import RUN_FIRST, is_empty, open_to_read, shown
    from ablate.store.artifacts import Artifacts

    place = storage_place(storage)
    opened = None if is_empty(place) else open_to_read(place)
    studies = [] if opened is None else overviews(opened, Artifacts(place, opened))
    if not studies:
        click.echo(f"{shown(place)}: nothing has been run here yet; {RUN_FIRST}")
        click.echo(f"studies that ship with ablate: {', '.join(catalog.shipped('studies'))}")
        return 0
    console = Console()
    width = console.width if console.is_terminal else WIDE
    click.echo(text_of(studies_document(shown(place), studies), width).rstrip())
    return 0


def studies_document(place: str, studies: list[StudyOverview]) -> Document:
    """The studies as a table."""
    from rich.filesize import decimal

    from ablate.document.elements import Column, Document, table
    from ablate.document.words import plural

    columns = (
        Column("study", "name"),
        Column("state", "name"),
        *(Column(phase.many, "text") for phase in PHASES.values()),
        Column("size"),
        Column("last activity"),
    )
    rows = [
        (
            study.name,
            state_text(study),
            *(phase_text(study, phase) for phase in PHASES),
            decimal(study.size),
            f"{study.last:%Y-%m-%d %H:%M}" if study.last else "",
        )
        for study in studies
    ]
    count = "1 study" if len(studies) == 1 else plural(len(studies), "studie")
    return Document(f"{place}: {count}", (table(columns, rows),), ())


def state_text(study: StudyOverview) -> str:
    """How far a study is, and whether somebody is at it."""
    if study.writer is not None:
        state = f"stored by {study.writer}, unreadable here"
    elif study.phases is None:
        state = "cut off while it was made"
    elif study.finished >= study.total:
        state = "complete"
    else:
        state = f"{study.finished} of {study.total} trained"
    return f"{state}, running now" if any(not one.lost for one in study.running) else state


def phase_text(study: StudyOverview, phase: Phase) -> str:
    """The trials of a phase by outcome."""
    counts: Counter[str] = Counter()
    for state in study.phases or ():
        if state.phase == phase:
            counts.update(state.counts)
    del counts["running"]  # what is marked so is not always true
    for one in study.running:
        if one.phase == phase:
            counts["cut off" if one.lost else "running"] += 1
    return counts_text(counts)
