"""Draws the figures of a report, in a process of its own.

Seaborn takes longer to load than a report takes to compute, so the two go side by side:
`Draughtsman` starts this module as a program, which loads seaborn while the caller reads the
storage, and then sends it what to draw.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Self

from ablate.errors import AblateError
from ablate.report.figures_data import FiguresData
from ablate.space import Frozen


class Order(Frozen):
    """What to draw, and where."""

    data: FiguresData
    folder: str


class Draughtsman:
    """The process that draws; it is started at once and given its order later."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ablate.report.drawing"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.kill()
            self._process.communicate()

    def draw(self, data: FiguresData, folder: Path) -> None:
        """Sends the order; figures that are there already, unchanged, are not drawn again."""
        if all(_is_current(folder / name, data) for name in data.files):
            self._process.kill()
            return
        folder.mkdir(parents=True, exist_ok=True)
        assert self._process.stdin is not None
        self._process.stdin.write(Order(data=data, folder=str(folder)).model_dump_json())
        self._process.stdin.close()
        self._process.stdin = None

    def wait(self) -> None:
        """Waits until all is drawn.

        Raises:
            AblateError: drawing failed.
        """
        _, errors = self._process.communicate()
        if self._process.returncode > 0:
            raise AblateError(f"the figures could not be drawn:\n{errors.strip()}")


def _is_current(path: Path, data: FiguresData) -> bool:
    try:
        return data.digest in path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
