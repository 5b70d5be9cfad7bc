"""Stored studies that are written by hand, and reports in every format."""

from __future__ import annotations

import pytest

from ablate import catalog
from ablate.report.writing import write_report

from . import stored
from .by_hand import ByHand

FORMATS = tuple(catalog.available("report_formats"))


@pytest.fixture
def ask(project):
    """Makes a stored study of the tables after ``[data]``; its trials are written by the test."""

    def ask(tables, **names):
        return ByHand(project.folder, tables, **names)

    return ask


@pytest.fixture(scope="session")
def places(tmp_path_factory):
    """Where three studies are stored: variants, a factorial design, a search."""
    folder = tmp_path_factory.mktemp("stored")
    return {
        "compared": stored.compared(folder / "compared"),
        "factorial": stored.compared(folder / "factorial", factorial=True),
        "tuned": stored.tuned(folder / "tuned"),
    }


@pytest.fixture(scope="session")
def written(places, tmp_path_factory):
    """The folder of each study's report, written in every format."""
    out = tmp_path_factory.mktemp("written")
    reports = {}
    for name, place in places.items():
        report = write_report(place, None, FORMATS, out / name)
        reports[name] = report.files[0].parent
        (reports[name] / "terminal.txt").write_text("".join(report.printed))
    return reports
