"""Makes the report of a study and writes it down in the formats asked for."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ablate import catalog
from ablate.errors import InputError, Problem, did_you_mean
from ablate.files import folder_name, write_text
from ablate.report.figures import Draughtsman

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

    from ablate.storage import StoragePlace
    from ablate.stored import StoredStudy


@dataclass(frozen=True)
class WrittenReport:
    """What became of a report."""

    name: str
    """The study's name."""
    printed: tuple[str, ...]
    """The texts of formats that are printed and not written."""
    files: tuple[Path, ...]
    """The files of all other formats, and the figures beside them."""


def write_report(
    place: StoragePlace,
    name: str | None,
    formats: Sequence[str],
    out: Path,
    *,
    sort: str = "val_loss",
    top: int | None = None,
    width: int = 100,
) -> WrittenReport:
    """Reports on a study.

    Args:
        place: the storage that holds it.
        name: the study's name; None for the study with the latest trial.
        formats: names of report formats.
        out: the folder for reports; the study gets a folder in it.
        sort: the column that the trade-off table is sorted by.
        top: how many rows it shows at most; None for all.
        width: the width of the screen in characters.

    Raises:
        InputError: there is no such study, format or column, or `out` cannot be written.
    """
    modules = [catalog.load("report_formats", format_name) for format_name in formats]
    drawing = any(module.NEEDS_FIGURES for module in modules)
    with Draughtsman() if drawing else nullcontext() as draughtsman:
        # Loads pandas and Optuna, while the draughtsman loads seaborn.
        from ablate.report.sections import make_document
        from ablate.report.summary import make_report
        from ablate.storage import ArtifactStore, open_existing

        storage = open_existing(place)
        study = _find(storage, name)
        report = make_report(study, storage, ArtifactStore(place.artifacts), sort, top)
        document = make_document(report)
        folder = out / folder_name(report.name)
        printed, files = [], []
        try:
            if draughtsman is not None:
                draughtsman.draw(report.figures, folder)
                files += [folder / file for file in report.figures.files]
            for module in modules:
                text = module.render(report, document, width)
                if module.FILE is None:
                    printed.append(text)
                else:
                    write_text(folder / module.FILE, text)
                    files.append(folder / module.FILE)
        except OSError as error:
            rule = f"cannot be written: {error.strerror}"
            hint = "name another folder with --out"
            raise InputError(Problem(str(folder), rule, hint=hint)) from error
        if draughtsman is not None:
            draughtsman.wait()
    return WrittenReport(report.name, tuple(printed), tuple(sorted(files)))


def _find(storage: BaseStorage, name: str | None) -> StoredStudy:
    """The study of that name, or the one with the latest trial."""
    from ablate.stored import find_study, study_names

    known = study_names(storage)
    if not known:
        hint = "run one first, for example: ablate run smoke"
        raise InputError(Problem("storage", "there is no study in it yet", hint=hint))
    study = find_study(storage, name or known[0])
    if study is None:
        hint = did_you_mean(str(name), known)
        raise InputError(Problem(str(name), "no such study has been run", hint=hint))
    return study
