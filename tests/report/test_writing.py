"""What `write_report` writes: every format, all or nothing, the same each time."""

from __future__ import annotations

import csv
import re
import xml.etree.ElementTree as ET

import pytest

from ablate.errors import InputError
from ablate.report.writing import write_report

from .stored import HOSTILE, SECOND


def without_code(markdown):
    """The text outside of fenced code, where everything is shown as it stands."""
    return re.sub(r"^(`{3,})[a-z]*\n.*?^\1$", "", markdown, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("study", ["compared", "factorial", "tuned"])
def test_hostile_texts_are_shown_as_they_are(written, study):
    folder = written[study]
    markdown = without_code((folder / "report.md").read_text())
    assert "<script>" not in markdown and "<img" not in markdown
    printed = (folder / "terminal.txt").read_text()
    assert printed.startswith(f"{HOSTILE}\n")
    assert "\x1b" not in printed
    with (folder / "trials.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    texts = {value for row in rows for value in row.values()}
    assert {HOSTILE, SECOND} <= texts or study == "factorial"


@pytest.mark.parametrize("study", ["tuned"])
def test_figures_are_drawn_as_asked_and_always_the_same(places, written, tmp_path, study):
    again = write_report(places[study], None, ("html", "latex"), tmp_path)
    figures = again.figures
    assert {path.suffix for path in figures} == {".svg", ".pdf"}
    for path in (*again.files, *figures):
        assert path.read_bytes() == (written[study] / path.name).read_bytes(), path.name
    for path in figures:
        if path.suffix == ".svg":
            ET.parse(path)
        else:
            assert path.read_bytes().startswith(b"%PDF-")
            assert b"CreationDate" not in path.read_bytes()
    times = {path: path.stat().st_mtime_ns for path in figures}
    write_report(places[study], None, ("html", "latex"), tmp_path)
    assert times == {path: path.stat().st_mtime_ns for path in figures}


def test_long_names_leave_numbers_whole_on_a_narrow_screen(places, tmp_path):
    text = "".join(
        write_report(places["compared"], None, ("terminal",), tmp_path, width=80).printed
    )
    assert len(re.findall(r"0\.9004 ± 0\.0039", text)) == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("formats", [("markdown", "htm"), ("", "html"), ("csv", "json", "tex")])
def test_formats_are_checked_before_anything_is_written(places, tmp_path, formats):
    with pytest.raises(InputError, match="unknown report format"):
        write_report(places["tuned"], None, formats, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_format_named_twice_is_written_once(places, tmp_path):
    written = write_report(places["tuned"], None, ("terminal", "csv", "terminal", "csv"), tmp_path)
    assert len(written.printed) == 1
    assert [path.name for path in written.files] == ["trials.csv"]


@pytest.mark.parametrize("formats", [("html",), ("csv",), ("latex", "json")])
def test_a_folder_that_cannot_be_written_leaves_nothing_behind(places, tmp_path, formats):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(InputError, match=r"cannot be written: .*; name another folder with --out"):
        write_report(places["tuned"], None, formats, tmp_path / "out")
    assert (tmp_path / "out").read_text() == "a file"
