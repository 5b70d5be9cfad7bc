"""Writes the committed reports anew, from the committed records. Run it with ``make docs``."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from ablate.report.writing import write_report
from ablate.storage import StoragePlace, open_existing
from ablate.stored import study_names

ROOT = Path(__file__).parent.parent
REPORTS = ROOT / "reports"
GOLDEN = ROOT / "tests" / "report" / "golden"
"""A small study with everything that a report shows; tests expect its report."""
EXPECTED = GOLDEN / "expected"
FORMATS = ("markdown", "html", "csv")
SVG = re.compile(r"<svg.*?</svg>", re.DOTALL)


def records(folder: Path) -> StoragePlace:
    """The committed storage in a folder."""
    return StoragePlace(str(folder / "records" / "ablate.journal"))


def committed_studies() -> list[str]:
    """The studies whose reports are committed."""
    return sorted(study_names(open_existing(records(REPORTS))))


def golden_texts(scratch: Path) -> dict[str, str]:
    """The golden report in every format, by file; without figures, which vary with their library."""
    formats = ("terminal", "csv", "html", "json", "latex", "markdown")
    written = write_report(records(GOLDEN), None, formats, scratch)
    texts = {path.name: path.read_text() for path in written.files}
    return {"terminal.txt": written.printed[0]} | {
        name: SVG.sub("<svg/>", text) for name, text in texts.items()
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        EXPECTED.mkdir(exist_ok=True)
        for name, text in golden_texts(Path(scratch)).items():
            (EXPECTED / name).write_text(text)
    for name in committed_studies():
        write_report(records(REPORTS), name, FORMATS, REPORTS)
