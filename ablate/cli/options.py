"""Options that several commands share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ablate.store import DEFAULT_STORAGE

if TYPE_CHECKING:
    from ablate.store.place import StoragePlace

DEFAULT_TOP = 20
"""Rows of a trade-off table that are shown; trials.csv has all."""

WIDE = 200
"""The width, in characters, of what goes to a file or a pipe."""

storage_option = click.option(
    "--storage",
    envvar="ABLATE_STORAGE",
    default=DEFAULT_STORAGE,
    show_default=True,
    metavar="FILE|URL",
    help="Where studies are kept: a journal file, or a database URL.",
)

out_option = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("reports"),
    show_default=True,
    help="The folder for reports; each study has a folder in it.",
)

set_option = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Replace a key of the study file, for example training.epochs=3. May be repeated.",
)


yes_option = click.option(
    "--yes", is_flag=True, help="Consent to a factorial design of more than 256 cells."
)


def storage_place(url: str) -> StoragePlace:
    """The place that the --storage option names.

    Raises:
        InputError: it is neither a file nor a URL.
    """
    from ablate.store.place import StoragePlace

    return StoragePlace(url)


class Duration(click.ParamType[float]):
    """A time such as ``90s``, ``30m`` or ``1.5h``; a bare number is seconds.

    Args:
        zero: whether it may be 0.
    """

    def __init__(self, *, zero: bool = True) -> None:
        self._zero = zero

    name = "time"
    _units = {"s": 1, "m": 60, "h": 3600}

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Seconds."""
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", value.strip())
        if match is None:
            self.fail(f'{value!r} is not a time; write for example "90s", "30m" or "1.5h"')
        seconds = float(match[1]) * self._units[match[2] or "s"]
        if not seconds and not self._zero:
            self.fail("must be above 0")
        return seconds


class Workers(click.ParamType[int | str]):
    """A number of workers, or ``auto``."""

    name = "workers"

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        """The number, or ``auto``."""
        if isinstance(value, int) or value == "auto":
            return value
        if not value.isdecimal() or int(value) < 1:
            self.fail(f'{value!r} is not a number of workers; write for example 2, or "auto"')
        return int(value)
