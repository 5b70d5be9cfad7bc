"""``ablate doctor``: is a storage in order?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from ablate.cli.options import storage_option, storage_place
from ablate.spec.outcomes import PHASES

if TYPE_CHECKING:
    from ablate.housekeeping.health import Health
    from ablate.housekeeping.mending import Mended
    from ablate.spec.study import Phase
    from ablate.store.owner import Owner

LISTED = 5
"""Lines, trials and files that are listed by name; the rest is counted."""


@click.command("doctor")
@click.option("--repair", is_flag=True, help="Mend what can be mended, and keep a backup.")
@click.option(
    "--gone",
    multiple=True,
    metavar="HOST",
    help="A machine that trains no more: its running trials were cut off. May be repeated.",
)
@storage_option
def command(repair: bool, gone: tuple[str, ...], storage: str) -> int:
    """Look a storage over: damaged lines, left-over files, lost trials, missing artifacts.

    Changes nothing without --repair. With it the journal is first copied into a folder beside it,
    and every file that is taken away is moved there. Of a database only studies, trials and their
    artifacts are looked at. Exit code 0: in order; 1: something was found, and not mended.
    """
    from datetime import datetime

    from ablate.housekeeping.health import examine
    from ablate.housekeeping.mending import mend
    from ablate.housekeeping.reading import shown

    def is_gone(owner: Owner) -> bool:
        return owner.host in gone or owner.is_gone()

    place = storage_place(storage)
    name, health = shown(place), examine(place, datetime.now(), is_gone)
    click.echo("\n".join(health_lines(name, health)))
    if repair and health.is_mendable:
        mended = mend(place, health, datetime.now(), is_gone)
        health = examine(place, datetime.now(), is_gone)
        click.echo("\n".join(["", *mended_lines(mended), "", *health_lines(name, health)]))
    elif health.is_mendable:
        click.echo("add --repair to mend what can be mended")
    return 0 if health.is_well else 1


def health_lines(name: str, health: Health) -> list[str]:
    """What was found, a line for each thing."""
    from ablate.document.words import plural

    lines = [*_journal_lines(health), *_file_lines(health), *_study_lines(health)]
    notes = [
        f"  note: {plural(count, 'trial')} of machine {host}: whether it still trains cannot be "
        f"seen from here; if it is gone, say --gone {host}"
        for host, count in health.elsewhere.items()
    ]
    if health.writing:
        notes.append("  note: the journal was being written; look again in half a minute")
    if lines:
        return [f"storage {name}: {plural(len(lines), 'finding')}", *lines, *notes]
    studies = "1 study" if health.studies == 1 else f"{health.studies} studies"
    return [f"storage {name}: in order; {studies}, {plural(health.trials, 'trial')}", *notes]


def mended_lines(mended: Mended) -> list[str]:
    """What was done."""
    from ablate.document.words import plural

    lines = []
    if mended.saved:
        lines.append(f"saved: the records of {plural(mended.saved, 'damaged line')}")
    if mended.dropped:
        lines.append(f"dropped: {plural(mended.dropped, 'line')} that held nothing legible")
    if mended.closed:
        trials = plural(mended.closed, "trial")
        lines.append(f"closed, to be trained again by the next run: {trials}")
    return [*lines, f"backup: {mended.backup}" if mended.backup else "mended"]


def _journal_lines(health: Health) -> list[str]:
    lines = []
    if health.torn:
        lines.append("  journal: its last line was cut off")
    if health.damaged:
        numbers = _listed(map(str, health.damaged))
        text = (
            f"line {numbers} is no record"
            if len(health.damaged) == 1
            else f"lines {numbers} are no records"
        )
        lines.append(f"  journal: {text}: Optuna reads no further")
    if not health.fits:
        lines.append(
            "  journal: cannot be mended: damaged lines made trials that later lines name; "
            "take the file from a backup"
        )
    if health.unreadable:
        lines.append(f"  journal: cannot be read by Optuna: {health.unreadable}")
    return lines


def _file_lines(health: Health) -> list[str]:
    from ablate.document.words import plural

    lines = [
        f"  lock: {path} is left over: whoever writes next waits for it" for path in health.stale
    ]
    for paths, singular, several in (
        (health.temporary, "is left over from a write", "are left over from writes"),
        (health.orphans, "belongs to no trial", "belong to no trial"),
    ):
        if paths:
            verb = singular if len(paths) == 1 else several
            names = _listed(path.name for path in paths)
            said = f"{plural(len(paths), 'file')} in {paths[0].parent} {verb}"
            lines.append(f"  files: {said}: {names}")
    return lines


def _study_lines(health: Health) -> list[str]:
    lost: defaultdict[tuple[str, Phase], list[str]] = defaultdict(list)
    for one in health.lost:
        lost[one.part, one.phase].append(str(one.number))
    lines = []
    for (part, phase), numbers in lost.items():
        noun, names = PHASES[phase].one, _listed(numbers)
        said = f"{noun} {names} is" if len(numbers) == 1 else f"{noun}s {names} are"
        them = "it" if len(numbers) == 1 else "them"
        lines.append(f"  trials: {part}: {said} marked as running, but nobody trains {them}")
    lines += _artifact_lines(health)
    lines += [
        f"  studies: the making of {name} was cut off; it holds no trial" for name in health.unmade
    ]
    lines += [
        f"  studies: {name} lacks parts: its making or deleting was cut off; go on with ablate run "
        "or ablate delete"
        for name in health.incomplete
    ]
    lines += [
        f"  studies: {name} was stored by {writer}, and this version cannot read it; read it with "
        "that one, or remove it: ablate delete"
        for name, writer in health.foreign
    ]
    return lines


def _artifact_lines(health: Health) -> list[str]:
    """What is wrong with artifacts; where many of a study are missing, in one line."""
    missing: defaultdict[str, list[str]] = defaultdict(list)
    lines = []
    for one in health.spoiled:
        named = f"{one.artifact.name} of trial {one.number}"
        if one.artifact.size is None:
            missing[one.part].append(named)
        else:
            lines.append(
                f"  artifacts: {one.part}: {named} {one.problem}; it cannot be mended, reports leave it out"
            )
    for part, names in missing.items():
        verb = "is" if len(names) == 1 else "are"
        lines.append(
            f"  artifacts: {part}: {_listed(names)} {verb} missing; reports leave it out, unless the "
            "machine that trained it still has it: copy its artifact folder"
        )
    return lines


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - LISTED} more" if len(every) > LISTED else ""
    return ", ".join(every[:LISTED]) + more
