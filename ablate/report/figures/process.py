"""Draws the figures of a report, in a process of its own.

Seaborn takes longer to load than a report takes to compute, so the two go side by side:
`Draughtsman` starts `program`, which loads seaborn while the caller reads the storage, and
then sends it what to draw.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Literal, Self

from ablate.errors import AblateError
from ablate.report.figures.records import FiguresData
from ablate.spec.space import Frozen

FileType = Literal["svg", "pdf"]


class Order(Frozen):
    """What to draw, where, and as which files."""

    data: FiguresData
    folder: str
    types: tuple[FileType, ...]


def figure_files(data: FiguresData, types: Iterable[FileType]) -> list[str]:
    """The files of all figures; those of one figure differ in their ending only."""
    return [str(Path(name).with_suffix(f".{kind}")) for kind in types for name in data.files]


class Draughtsman:
    """The process that draws; it is started at once and given its order later."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "ablate.report.figures.program"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self._unneeded = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.kill()
            self._process.communicate()

    def draw(self, data: FiguresData, folder: Path, types: tuple[FileType, ...]) -> None:
        """Sends the order; figures that are there already, unchanged, are not drawn again.

        Raises:
            OSError: nothing can be written into the folder.
        """
        digest = data.digest.encode()
        if all(_holds(folder / name, digest) for name in figure_files(data, types)):
            self._unneeded = True
            self._process.kill()
            return
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        order = Order(data=data, folder=str(folder), types=types)
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has failed already, and says why below
            self._process.stdin.write(order.model_dump_json())
            self._process.stdin.close()
        self._process.stdin = None

    def wait(self) -> None:
        """Waits until all is drawn.

        Raises:
            AblateError: drawing failed.
        """
        _, errors = self._process.communicate()
        if self._process.returncode and not self._unneeded:
            raise AblateError(f"the figures could not be drawn:\n{errors.strip()}")


def _holds(path: Path, digest: bytes) -> bool:
    try:
        return digest in path.read_bytes()
    except OSError:
        return False
