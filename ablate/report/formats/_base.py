"""What a format file must hold.

A file ``ablate/report/formats/NAME.py`` makes the format ``NAME``. It defines:

- ``FIGURES``: ``"svg"`` or ``"pdf"`` where it needs the figures, drawn as such files, else None;
- ``render(report: Report, document: Document, page: Page) -> Rendered``: the whole report. `report`
  holds the numbers, `document` the same put into words, tables and figures. The figures lie in
  `page.folder` when it is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

Rendered = str | Mapping[str, str]
"""A text is printed; texts by file name are written into the report's folder."""


@dataclass(frozen=True)
class Page:
    """Where a report is shown."""

    width: int = 100
    """The width of the screen in characters; only what is printed heeds it."""
    folder: Path = Path()
    """The report's folder, where its figures lie."""
