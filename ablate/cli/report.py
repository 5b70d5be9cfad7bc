"""``ablate report``: what did a study find?"""

from __future__ import annotations

from pathlib import Path

import click

from ablate import catalog
from ablate.cli.options import DEFAULT_TOP, WIDE, out_option, storage_option, storage_place

DEFAULT = "terminal,markdown,html,csv"


@click.command("report")
@click.argument("study", required=False)
@click.option(
    "--format",
    "formats",
    default=DEFAULT,
    show_default=True,
    metavar="NAMES",
    help=f"Formats, separated by commas: {', '.join(catalog.shipped_modules('report_formats'))}.",
)
@click.option(
    "--sort",
    show_default="the study's objective",
    metavar="COLUMN",
    help="Sort the table by this column.",
)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=DEFAULT_TOP,
    show_default=True,
    help="Rows of the table.",
)
@out_option
@storage_option
def command(
    study: str | None, formats: str, sort: str | None, top: int, out: Path, storage: str
) -> int:
    """Report on STUDY, by name; without one, on the study that was trained last.

    Prints the report and writes report.md, report.html, trials.csv and figures to reports/STUDY/.
    The page report.html needs no other file and no network. Reads the records only: nothing is
    trained and Keras is not loaded.

    \b
    ablate report line_dropout --sort parameters --top 10
    ablate report line_dropout --format html,latex,json
    """
    from rich.console import Console

    from ablate.report.writing import write_report

    console = Console()
    width = console.width if console.is_terminal else WIDE
    names = [name.strip() for name in formats.split(",")]
    context = click.get_current_context()
    asked = [
        f"--{name}"
        for name in ("sort", "top")
        if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT
    ]
    written = write_report(
        storage_place(storage), study, names, out, sort=sort, top=top, width=width, asked=asked
    )
    for text in written.printed:
        click.echo(text)
    if written.files:
        click.echo(written.summary)
    return 0
