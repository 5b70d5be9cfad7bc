"""A report's sections: each puts a part of it into words, tables and figures, one file each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ablate.document.elements import Document, Section
from ablate.report.sections.conclusion import conclusion
from ablate.report.sections.confusion import confusion
from ablate.report.sections.curves import curves
from ablate.report.sections.data import data
from ablate.report.sections.differences import differences
from ablate.report.sections.effects import effects
from ablate.report.sections.environment import environment
from ablate.report.sections.lead import lead
from ablate.report.sections.predictions import predictions
from ablate.report.sections.provenance import commands, study_file
from ablate.report.sections.published import published
from ablate.report.sections.runs import runs
from ablate.report.sections.search import search
from ablate.report.sections.trials import importance, learning_curves, trials
from ablate.report.sections.variants import variants

if TYPE_CHECKING:
    from ablate.report.report import Report

SECTIONS = (
    conclusion,
    variants,
    differences,
    effects,
    published,
    curves,
    confusion,
    predictions,
    search,
    trials,
    learning_curves,
    importance,
    runs,
    data,
    study_file,
    environment,
    commands,
)
"""In the order in which they are read; each gives None where it has nothing to say."""


JUDGED = (variants, differences)
"""Those of a table of results that were trained elsewhere."""


def make_document(
    report: Report, asked: Sequence[Callable[[Report], Section | None]] = SECTIONS
) -> Document:
    """The whole report, or some of its sections."""
    made = (section(report) for section in asked)
    return Document(
        title=report.name,
        lead=tuple(lead(report)),
        sections=tuple(section for section in made if section is not None),
    )
