"""Measures that a user's own function gives: `evaluate`, in the file of the network."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from ablate.training.network import ModelError
from ablate.user_code.imported import load

CONVENTION = "evaluate(model, data)"


def find_evaluate(
    architecture: str, source: str | None, asked: Sequence[str]
) -> Callable[[keras.Model, Any], dict[str, int | float]] | None:
    """What measures a network by a function of the user's; None where nothing is asked of it.

    Args:
        architecture: as the study names it.
        source: the network's file.
        asked: the names of what it must give.

    Raises:
        ModelError: it cannot be called as it is.
    """
    if source is None or not asked:
        return None
    file = architecture.rpartition(":")[0]
    function: Callable[..., Any] | None = getattr(load(Path(source)), "evaluate", None)
    try:
        if function is None:
            raise TypeError("there is none")
        inspect.signature(function).bind(None, None)
    except (TypeError, ValueError) as error:
        raise ModelError(f"evaluate in {file} must be {CONVENTION}: {error}") from error

    def evaluate(model: keras.Model, data: Any) -> dict[str, int | float]:
        try:
            found = function(model, data)
        except (Exception, SystemExit) as error:
            first = next(iter(str(error).splitlines()), "")
            raise ModelError(f"evaluate raised {type(error).__name__}: {first}") from error
        if not isinstance(found, Mapping):
            kind = type(found).__name__
            raise ModelError(f"evaluate returned {kind}, not a dictionary of measures by name")
        return {name: _number(found, name) for name in asked}

    return evaluate


def _number(found: Mapping[str, Any], name: str) -> float:
    """One of the measures.

    Raises:
        ModelError: it is missing, or no finite number.
    """
    if name not in found:
        given = ", ".join(map(str, found)) or "nothing"
        raise ModelError(f"evaluate returned no {name}, which the study asks for; it gave {given}")
    try:
        number = float(found[name])
    except (TypeError, ValueError) as error:
        kind = type(found[name]).__name__
        raise ModelError(f"evaluate gave a {kind} as {name}, which is no number") from error
    if not math.isfinite(number):
        raise ModelError(f"evaluate gave {number} as {name}, which is no finite number")
    return number
