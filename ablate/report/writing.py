"""Makes the report of a study and writes it down in the formats asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Literal

from ablate import catalog
from ablate.document.words import listed, plural
from ablate.errors import InputError, Problem
from ablate.files import folder_name, write_text
from ablate.report.figures.process import Draughtsman, figure_files
from ablate.report.formats._base import Page

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

    from ablate.document.elements import Document
    from ablate.report.report import Report
    from ablate.store.place import StoragePlace
    from ablate.store.studies import StoredStudy

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class WrittenReport:
    """What became of a report."""

    name: str
    """The study's name."""
    printed: tuple[str, ...]
    """The texts of formats that are printed and not written."""
    files: tuple[Path, ...]
    """The files of all other formats."""
    figures: tuple[Path, ...]
    """The figures beside them."""

    @property
    def summary(self) -> str:
        """What was written, in one line."""
        parts = [str(path) for path in self.files]
        if self.figures:
            parts.append(plural(len(self.figures), "figure"))
        return f"written: {listed(parts)}"


def write_report(
    place: StoragePlace,
    name: str | None,
    formats: Sequence[str],
    out: Path,
    *,
    sort: str | None = None,
    top: int | None = None,
    width: int = 100,
    asked: Sequence[str] = (),
) -> WrittenReport:
    """Reports on a study.

    Args:
        place: the storage that holds it.
        name: the study's name; None for the study with the latest trial.
        formats: names of report formats.
        out: the folder for reports; the study gets a folder in it.
        sort: the column that the trade-off table is sorted by; None for the study's objective.
        top: how many rows it shows at most; None for all.
        width: the width of the screen in characters.
        asked: options about the table of trials that the user has given.

    Raises:
        InputError: there is no such study, format or column, or `out` cannot be written.
    """
    modules = [catalog.load("report_formats", one) for one in dict.fromkeys(formats)]
    types = tuple(sorted({module.FIGURES for module in modules if module.FIGURES}))
    with Draughtsman() if types else nullcontext() as draughtsman:
        # Loads pandas and Optuna, while the draughtsman loads seaborn.
        from ablate.report.report import make_report
        from ablate.report.sections import make_document
        from ablate.store.artifacts import Artifacts
        from ablate.store.place import open_existing

        storage = open_existing(place)
        study = _find(storage, name, place)
        # The URL of a database may hold a password.
        report = make_report(study, Artifacts(place, storage), sort, top, place.shown)
        if asked and len(report.searches) != 1:
            rule = f"the report of {report.name} has no table of trials: it compares variants"
            raise InputError(Problem(" and ".join(asked), rule, hint="leave it out"))
        folder = out / folder_name(report.name)
        return _written(report, make_document, modules, types, draughtsman, Page(width, folder))


def write_judged(
    judge: Callable[[], Report], formats: Sequence[str], out: Path, *, width: int = 100
) -> WrittenReport:
    """Reports on a table of results that were trained elsewhere.

    Args:
        judge: makes the report of it.
        formats: names of report formats.
        out: the folder for reports; the table gets a folder in it.
        width: the width of the screen in characters.

    Raises:
        InputError: the table cannot be judged, there is no such format, or `out` cannot be written.
    """
    modules = [catalog.load("report_formats", one) for one in dict.fromkeys(formats)]
    types = tuple(sorted({module.FIGURES for module in modules if module.FIGURES}))
    with Draughtsman() if types else nullcontext() as draughtsman:
        from ablate.report.sections import JUDGED, make_document

        report = judge()
        folder = out / folder_name(report.name)

        def document_of(report: Report) -> Document:
            return make_document(report, JUDGED)

        return _written(report, document_of, modules, types, draughtsman, Page(width, folder))


def _written(
    report: Report,
    document_of: Callable[[Report], Document],
    modules: Sequence[ModuleType],
    types: tuple[Literal["svg", "pdf"], ...],
    draughtsman: Draughtsman | None,
    page: Page,
) -> WrittenReport:
    """Renders a report and writes it down.

    Raises:
        InputError: it cannot be written.
    """
    folder = page.folder
    try:
        if draughtsman is not None:
            draughtsman.draw(report.figures, folder, types)
        document = document_of(report)
        if draughtsman is not None:
            draughtsman.wait()
        rendered = [module.render(report, document, page) for module in modules]
        texts = {
            name: text for one in rendered if not isinstance(one, str) for name, text in one.items()
        }
        for file, text in texts.items():
            write_text(folder / file, _clean(text))
    except OSError as error:
        rule = f"cannot be written: {error.strerror}"
        hint = "name another folder with --out"
        raise InputError(Problem(str(folder), rule, hint=hint)) from error
    return WrittenReport(
        name=report.name,
        printed=tuple(_clean(one) for one in rendered if isinstance(one, str)),
        files=tuple(sorted(folder / file for file in texts)),
        figures=tuple(sorted(folder / file for file in figure_files(report.figures, types))),
    )


def _clean(text: str) -> str:
    """A text without what messages may hold: orders to a terminal, and halves of characters."""
    return _CONTROL.sub("", text).encode("utf-8", "backslashreplace").decode()


def _find(storage: BaseStorage, name: str | None, place: StoragePlace) -> StoredStudy:
    """The study of that name, or the one with the latest trial."""
    from ablate.store.studies import named_study, study_names

    known = study_names(storage)
    if not known:
        hint = "run one first, for example: ablate run smoke"
        raise InputError(
            Problem(f"storage {place.shown}", "there is no study in it yet", hint=hint)
        )
    return named_study(storage, name or known[0])
