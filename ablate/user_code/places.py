"""Where in a user's file an error came from."""

from __future__ import annotations

import traceback
from pathlib import Path


def line_of(error: BaseException, file: Path) -> str:
    """The line of a user's file that an error came through last, in brackets; empty where it did not."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename) == file]
    return f" (line {lines[-1]} of {file.name})" if lines else ""
