"""Writes the committed reports anew, from the committed records. Run it with ``make docs``."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from contextlib import chdir
from pathlib import Path

from ablate import catalog
from ablate.report.writing import WrittenReport, write_report
from ablate.store.place import StoragePlace, open_existing
from ablate.store.studies import study_names

ROOT = Path(__file__).parent.parent
REPORTS = ROOT / "reports"
GOLDEN = ROOT / "tests" / "report" / "golden"
"""A small study with everything that a report shows; tests expect its report."""
EXPECTED = GOLDEN / "expected"
FORMATS = ("markdown", "html", "csv")
SVG = re.compile(r"<svg.*?</svg>", re.DOTALL)


def committed_studies() -> list[str]:
    """The studies whose reports are committed."""
    return sorted(study_names(open_existing(StoragePlace(str(ROOT / records(REPORTS))))))


def records(folder: Path) -> str:
    """The committed storage in a folder, from the repository's own folder."""
    return str((folder / "records" / "ablate.journal").relative_to(ROOT))


def report(folder: Path, study: str | None, formats: Sequence[str], out: Path) -> WrittenReport:
    """The report of a study in a committed storage; it names the storage as from the repository."""
    with chdir(ROOT):
        return write_report(StoragePlace(records(folder)), study, formats, out)


def golden_texts(scratch: Path) -> dict[str, str]:
    """The golden report in every format, by file; without figures, which vary with their library."""
    formats = catalog.available("report_formats")
    written = report(GOLDEN, None, formats, scratch)
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
        report(REPORTS, name, FORMATS, REPORTS)
