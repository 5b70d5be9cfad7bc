"""``ablate judge``: what do runs say that were trained elsewhere?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ablate import catalog
from ablate.cli.options import WIDE, out_option
from ablate.errors import InputError, Problem


@click.command("judge")
@click.argument("results", metavar="RESULTS.csv")
@click.option(
    "--baseline", required=True, metavar="VARIANT", help="What the others are compared with."
)
@click.option(
    "--metric",
    default="accuracy",
    show_default=True,
    metavar="NAME",
    help="What the verdicts are about: a column of the table, also with test_ before it.",
)
@click.option(
    "--mode",
    type=click.Choice(["max", "min"]),
    help="Whether more of it is better, or less; of metrics that ablate knows it is known.",
)
@click.option(
    "--margin",
    type=float,
    metavar="NUMBER",
    help="What variants may differ by and still be alike; of accuracies and the like in points.",
)
@click.option(
    "--looks",
    metavar="yes|N,N,...",
    help="After how many seeds the results were, or are, looked at.",
)
@click.option(
    "--planned",
    type=click.IntRange(min=1),
    metavar="SEEDS",
    help="How many seeds were planned before results were seen; those of the table, unless given.",
)
@click.option(
    "--folds",
    type=click.IntRange(min=2),
    metavar="COUNT",
    help="The seeds are folds, of so many each time that the data were cut.",
)
@click.option(
    "--unpaired", is_flag=True, help="Runs share no seeds: compare means, by Welch's t test."
)
@click.option(
    "--variant-column", default="variant", show_default=True, metavar="NAME", help="The variants."
)
@click.option(
    "--seed-column", default="seed", show_default=True, metavar="NAME", help="The seeds, or folds."
)
@click.option(
    "--dataset-column", metavar="NAME", help="The data sets; dataset, where there is one."
)
@click.option("--name-column", metavar="NAME", help="In a long table, the names of the metrics.")
@click.option("--value-column", metavar="NAME", help="In a long table, their values.")
@click.option(
    "--format",
    "formats",
    default="terminal",
    show_default=True,
    metavar="NAMES",
    help=f"Formats, separated by commas: {', '.join(catalog.shipped_modules('report_formats'))}.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print all numbers as JSON, and nothing else."
)
@out_option
def command(results: str, formats: str, as_json: bool, out: Path, **given: Any) -> int:
    """Judge the runs in RESULTS.csv, which were trained elsewhere: verdicts, intervals, pairs.

    One row a run, with a column for its variant, its seed and each metric; or, in a long table, a
    row for each metric of a run. A dash reads from standard input. The verdicts are those that a
    study of ablate would get from the same numbers.

    \b
    ablate judge results.csv --baseline resnet18
    ablate judge runs.csv --baseline base --metric bleu --mode max --seed-column run
    """
    from click.core import ParameterSource
    from rich.console import Console

    from ablate.report.judging.judge import judge_table
    from ablate.report.judging.table import read_table
    from ablate.report.report import Report
    from ablate.report.writing import write_judged

    source = click.get_current_context().get_parameter_source("formats")
    if as_json and source is not ParameterSource.DEFAULT:
        rule, hint = "prints JSON and nothing else", "leave it out, or ask for --format json"
        raise InputError(Problem("ablate judge", rule, "--json", hint=hint))
    asked = _asked(given)
    is_piped = results == "-"
    where = "standard input" if is_piped else results
    told: tuple[str, ...] = ()

    def judge() -> Report:
        nonlocal told
        table = read_table(where, sys.stdin if is_piped else None, asked.columns)
        report, told = judge_table(
            table, asked, where, "results" if is_piped else Path(results).stem
        )
        return report

    if as_json:
        from ablate.report.formats import json as json_format
        from ablate.report.formats._base import Page
        from ablate.report.sections import JUDGED, make_document

        report = judge()
        rendered = json_format.render(report, make_document(report, JUDGED), Page())
        click.echo(rendered[json_format.FILE])
    else:
        console = Console()
        width = console.width if console.is_terminal else WIDE
        names = [name.strip() for name in formats.split(",")]
        written = write_judged(judge, names, out, width=width)
        for text in written.printed:
            click.echo(text)
        if written.files:
            click.echo(written.summary)
    for text in told:
        click.echo(text, err=True)
    return 0


def _asked(given: dict[str, Any]) -> Any:
    """What the options ask for.

    Raises:
        InputError: looks are no numbers, or options do not go together.
    """
    from ablate.config.validation import validate
    from ablate.report.judging.asked import Asked

    problems: list[Problem] = []
    looks: Any = False
    if given["looks"] is not None:
        parts = given["looks"].split(",")
        looks = given["looks"] == "yes" or tuple(int(one) for one in parts if one.strip().isdigit())
        if looks is not True and len(looks) != len(parts):
            rule = "must be yes, or numbers of seeds separated by commas"
            problems.append(Problem("ablate judge", rule, "--looks", given["looks"]))
    if given["unpaired"]:
        for key in ("looks", "planned", "folds", "margin"):
            if given[key]:
                rule = "needs runs that are paired by seed"
                problems.append(
                    Problem("ablate judge", rule, f"--{key}", hint="leave --unpaired out")
                )
    columns = {
        "variant": given["variant_column"],
        "seed": None if given["unpaired"] else given["seed_column"],
        "dataset": given["dataset_column"],
        "name": given["name_column"],
        "value": given["value_column"],
    }
    keys = ("baseline", "metric", "mode", "margin", "planned", "folds")
    table = {key: given[key] for key in keys} | {"looks": looks, "columns": columns}
    asked = validate(Asked, table, "ablate judge", "", problems)
    if problems:
        raise InputError(*problems)
    return asked
