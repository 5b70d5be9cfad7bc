"""The lines of a CSV file, looked over before pandas mends in silence what is wrong with them."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable

from ablate.errors import InputError, Problem

LISTED = 8
OTHERS = {";": "semicolons", "\t": "tabs"}
"""Separators that a table may have been saved with."""


def check_lines(text: str, where: str) -> None:
    """Holds every line against the header.

    Args:
        text: what the file holds.
        where: the file.

    Raises:
        InputError: two columns have one name, lines are longer or shorter than the header, or cells
            are not separated by commas.
    """
    reader = csv.reader(io.StringIO(text), skipinitialspace=True)
    problems: list[Problem] = []
    header: list[str] = []
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if not header:
                header = [name.strip() for name in row]
                _check_header(header, where)
            elif len(row) != len(header) and len(problems) < LISTED:
                rule = f"has {len(row)} cells, the header {len(header)}"
                hint = "a text that holds a comma needs quotes"
                problems.append(Problem(f"{where}: line {reader.line_num}", rule, hint=hint))
    except csv.Error as error:
        raise InputError(Problem(f"{where}: line {reader.line_num}", str(error))) from error
    if problems:
        raise InputError(*problems)


def check_names(names: Iterable[str], where: str) -> None:
    """Refuses two columns of one name.

    Raises:
        InputError: there are some.
    """
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if twice:
        rule = f"two columns are called {', '.join(twice)}"
        raise InputError(Problem(where, rule, hint="rename one of them"))


def _check_header(header: list[str], where: str) -> None:
    other = next((mark for mark in OTHERS if mark in header[0]), None)
    if len(header) == 1 and other is not None:
        rule = f"its cells are separated by {OTHERS[other]}"
        hint = "separate them by commas, and write decimals with a point"
        raise InputError(Problem(where, rule, hint=hint))
    check_names(header, where)
