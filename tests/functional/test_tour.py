"""The tour can be followed: its blocks are run in their order, and show what it says they show."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOUR = ROOT / "docs" / "tour.md"
TEXT = TOUR.read_text()
STATIONS = re.findall(r"^## \d+\. (.*)\n((?:(?!## ).*\n)+)", TEXT, re.M)
LINKS = re.findall(r"\]\(([^)#]+)(?:#([^)]*))?\)", TEXT)


def block(language):
    """What stands in the blocks of a language, each line where it is on the page, the rest empty."""
    found, inside = [], False
    for line in TEXT.splitlines():
        if line.startswith("```"):
            inside = line == f"```{language}"
            found.append("")
        else:
            found.append(line if inside else "")
    return "\n".join(found)


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """What there is when all blocks have been run, in a folder with the study file alone."""
    example = doctest.DocTestParser().get_doctest(block("pycon"), {}, TOUR.name, str(TOUR), 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.FAIL_FAST)
    told = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("tour"))
        for name in ("KERAS_BACKEND", "ABLATE_DATA_HOME", "ABLATE_STORAGE"):
            patch.delenv(name, raising=False)
        Path("tour.toml").write_text(block("toml"))
        runner.run(example, out=told.append, clear_globs=False)
    assert not runner.failures, "".join(told)
    return example.globs


def test_what_the_page_shows_is_what_happens(followed):
    """The value is found where the tour ends: in a row of the table, in one of the report."""
    assert set(followed["ours"]["dropout"]) == {0.5}
    rows = [line for line in followed["text"].splitlines() if line.startswith("| dropout=0.5")]
    cells = [cell.strip() for cell in rows[0].split("|")]
    mean = followed["ours"]["test_accuracy"].mean()
    assert cells[1:3] == ["dropout=0.5", "2"]
    assert cells[3].startswith(f"{mean:.4f} ± ")


def test_every_station_shows_the_value():
    assert len(STATIONS) > 10
    for title, text in STATIONS[1:]:  # the first one is the study file
        assert "```pycon\n" in text, f"nothing is shown at station {title}"
        assert "](../" in text, f"no file is named at station {title}"


def test_every_link_leads_somewhere():
    assert LINKS
    for path, anchor in LINKS:
        target = (TOUR.parent / path).resolve()
        assert target.exists(), path
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(), re.M)
            assert anchor in {re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings}


def test_every_file_that_the_tour_uses_is_named_in_it():
    linked = {(TOUR.parent / path).resolve() for path, _ in LINKS}
    used = re.findall(r"^(?:>>>|\.\.\.) +(?:from|import) (ablate[\w.]*)", TEXT, re.M)
    assert len(used) > 20
    for module in used:
        file = ROOT.joinpath(*module.split("."))
        places = {file.with_suffix(".py"), file / "__init__.py"}
        assert linked & places or any(one.is_relative_to(file) for one in linked), module


def test_the_tour_is_short():
    assert len(TEXT.splitlines()) <= 300
