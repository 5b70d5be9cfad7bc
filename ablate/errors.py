"""What can go wrong, said so that the user can mend it.

AblateError              anything that the user is told without a traceback
├── InputError           a file, option or folder is wrong; nothing was changed (exit code 2)
└── RunError             the work itself failed (exit code 1)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in the user's input."""

    where: str
    """The file, option or folder that holds the mistake."""
    rule: str
    """What was expected, for example ``must be at least 1``."""
    key: str = ""
    """The dotted key inside the file, empty where there is none."""
    found: Any = None
    """The value found; None when it adds nothing."""
    hint: str = ""
    """What to do, for example ``did you mean "epochs"?``."""

    def __str__(self) -> str:
        text = (
            f"{self.where}: {self.key}: {self.rule}" if self.key else f"{self.where}: {self.rule}"
        )
        if self.found is not None:
            text += f", found {shown(self.found)}"
        return f"{text}; {self.hint}" if self.hint else text


class AblateError(Exception):
    """An error that is shown to the user as it stands, without a traceback."""

    exit_code = 1


class InputError(AblateError):
    """The input is wrong; carries every problem that was found."""

    exit_code = 2

    def __init__(self, *problems: Problem | str) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class RunError(AblateError):
    """A run could not be finished."""


def no_file(path: Path) -> Problem:
    """What is said of a place where a file should be, and is none."""
    if path.is_dir():
        return Problem(str(path), "is a folder", hint="name a file")
    return Problem(str(path), "there is no such file")


def shown(value: Any) -> str:
    """A value as the user wrote it in TOML, cut to 80 characters."""
    import json

    try:
        text = json.dumps(value, ensure_ascii=False)
    except TypeError:
        text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known word, or all of them when none is near."""
    import difflib

    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f'did you mean "{near[0]}"?'
    return f"known: {', '.join(names)}" if names else ""
