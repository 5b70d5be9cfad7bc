"""``ablate compare``: the best of several studies side by side."""

from __future__ import annotations

import shlex

import click

from ablate.cli.options import WIDE, storage_option, storage_place
from ablate.errors import InputError, Problem


@click.command("compare")
@click.argument("studies", nargs=-1, required=True, metavar="STUDY STUDY...")
@storage_option
def command(studies: tuple[str, ...], storage: str) -> int:
    """Print the best variants of several studies in one table.

    Of each study the variant is taken that has the best mean over its seeds of the study's
    objective, the validation loss unless it says otherwise. Studies that tested on different examples
    are refused.

    \b
    ablate compare line_dropout bottleneck_components
    """
    from rich.console import Console

    from ablate.document.terminal import text_of
    from ablate.report.numbers.studies_compared import (
        compare_studies,
        comparison_document,
        data_sets_apart,
    )
    from ablate.store.place import open_existing
    from ablate.store.studies import named_study

    opened = open_existing(storage_place(storage))
    names = list(dict.fromkeys(studies))
    if len(names) < 2:
        rule, hint = "name two studies or more", f"about one: ablate report {shlex.quote(names[0])}"
        raise InputError(Problem("ablate compare", rule, hint=hint))
    found = [named_study(opened, name) for name in names]
    console = Console()
    width = console.width if console.is_terminal else WIDE
    document = comparison_document(compare_studies(found), data_sets_apart(found))
    click.echo(text_of(document, width))
    return 0
