"""Committed records make the committed reports: after a change of words run ``make docs``, and read the difference."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "docs" / "make_reports.py"
spec = importlib.util.spec_from_file_location("make_reports", SCRIPT)
made = importlib.util.module_from_spec(spec)
spec.loader.exec_module(made)
NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    return made.golden_texts(tmp_path_factory.mktemp("golden"))


def test_every_format_is_among_them(texts):
    assert set(texts) == {path.name for path in made.EXPECTED.iterdir()}
    assert set(texts) == {
        *("terminal.txt", "report.md", "report.html", "report.tex", "report.json", "trials.csv")
    }


@pytest.mark.parametrize("name", ["terminal.txt", "report.md", "report.html", "report.tex"])
def test_the_golden_report_is_what_it_was(texts, name):
    assert texts[name] == (made.EXPECTED / name).read_text()


@pytest.mark.parametrize("name", ["report.json", "trials.csv"])
def test_its_numbers_are_what_they_were(texts, name):
    expected = (made.EXPECTED / name).read_text()
    # Unrounded: the last digits depend on the processor.
    assert NUMBER.sub("#", texts[name]) == NUMBER.sub("#", expected)
    found, known = (list(map(float, NUMBER.findall(text))) for text in (texts[name], expected))
    assert found == pytest.approx(known, rel=1e-9)


def test_it_shows_all_that_a_report_can(texts):
    titles = re.findall("^## (.*)$", texts["report.md"], re.MULTILINE)
    assert titles == [
        "Conclusion",
        "Variants",
        "Differences to dropout=0.0",
        "Published numbers",
        "Learning curves",
        "Confusion on the test set",
        "Search",
        "Training runs",
        "Data",
        "Study file",
        "Environment",
        "How to make this again",
    ]
    assert json.loads(texts["report.json"])["spec"]["name"] == "digits_dropout"


@pytest.mark.parametrize("study", made.committed_studies())
def test_committed_reports_are_those_of_their_records(study, tmp_path):
    written = made.report(made.REPORTS, study, made.FORMATS, tmp_path)
    committed = made.REPORTS / study
    names = {path.name for path in (*written.files, *written.figures)}
    assert names == {path.name for path in committed.iterdir()}
    for path in written.files:
        found, known = (made.SVG.sub("", p.read_text()) for p in (path, committed / path.name))
        assert found == known, path.name
