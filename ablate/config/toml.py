"""Reads TOML files and ``--set`` overrides."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ablate.errors import InputError, Problem


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        InputError: the file is missing, unreadable, or not TOML (with line and column).
    """
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError as error:
        raise InputError(Problem(str(path), "there is no such file")) from error
    except OSError as error:
        raise InputError(Problem(str(path), f"cannot be read: {error.strerror}")) from error
    except UnicodeDecodeError as error:
        raise InputError(Problem(str(path), f"not UTF-8 text: {error.reason}")) from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(Problem(str(path), f"not valid TOML: {error}")) from error


def override(data: Mapping[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """A copy of `data` with each ``dotted.key=value`` set; values are written as in TOML.

    A value that is not TOML is taken as text, so that ``study.name=second`` needs no quotes.

    Raises:
        InputError: a setting has no ``=``, or its key goes through something not a table.
    """
    result: dict[str, Any] = dict(data)
    for setting in settings:
        key, separator, text = setting.partition("=")
        names = key.strip().split(".")
        if not separator or not all(names):
            rule = "must be written KEY=VALUE, for example training.epochs=3"
            raise InputError(Problem("--set", rule, found=setting))
        table = result
        for name in names[:-1]:
            inner = table.get(name, {})
            if not isinstance(inner, Mapping):
                raise InputError(Problem("--set", f"{name} is not a table", key.strip()))
            table[name] = dict(inner)
            table = table[name]
        table[names[-1]] = _value(text.strip())
    return result


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
