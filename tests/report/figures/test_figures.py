"""The figures of a comparison: drawn, well-formed, named, and the same for the same data."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import matplotlib as mpl
import pytest

from ablate.report.figures.draw import draw
from ablate.report.figures.process import Draughtsman
from ablate.report.figures.records import FiguresData, ForestRow, SearchCurve
from report.by_hand import quoted

FACTORIAL = """
[vary]
design = "factorial"
units = [4, 16]
epochs = [1, 10]
[tune]
trials = 2
learning_rate = { low = 1e-4, high = 1e-1, log = true }
[replicate]
seeds = 8
"""


@pytest.fixture
def data(ask):
    study = ask(FACTORIAL)
    for index, variant in enumerate(study.spec.variants):
        study.trial(variant.name, 0.5 + 0.1 * index)
        study.trial(variant.name, 0.4)
        accuracies = [0.9 - 0.02 * index + 0.003 * (seed % (index + 2)) for seed in range(8)]
        study.replicates(variant.name, accuracies, chosen_from=1)
    return study.report().figures


def drawn(data, folder):
    """Draws in this process, and leaves matplotlib as it was; the files' contents."""
    folder.mkdir()
    with mpl.rc_context():
        draw(data, folder, ("svg",))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def texts(svg):
    """What stands in a figure: matplotlib draws letters as paths and notes them beside."""
    parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))
    root = ET.fromstring(svg, parser)
    assert root.tag.endswith("svg")
    return [node.text.strip() for node in root.iter() if node.tag is ET.Comment]


def test_the_figures_of_a_comparison_are_drawn_with_their_names_and_always_alike(data, tmp_path):
    assert data.files == (
        *("differences.svg", "interactions.svg", "expected_best.svg", "search_history.svg"),
        "variants.svg",
    )
    with Draughtsman() as draughtsman:
        draughtsman.draw(data, tmp_path / "one", ("svg",))
        found = drawn(data, tmp_path / "other")
        draughtsman.wait()
    assert set(found) == set(data.files)
    for name, content in found.items():
        assert (tmp_path / "one" / name).read_bytes() == content, name
    variants = {"units=4 epochs=1", "units=4 epochs=10", "units=16 epochs=1"}
    differences = texts(found["differences.svg"])
    assert set(differences) >= {
        *variants,
        "difference to units=16 epochs=10 in test accuracy (points)",
    }
    assert "units=16 epochs=10" not in differences, "the baseline is the line at 0"
    interactions = texts(found["interactions.svg"])
    assert set(interactions) >= {"units", "epochs", "4", "16", "1", "10", "test accuracy"}
    expected = texts(found["expected_best.svg"])
    assert set(expected) >= {*variants, "units=16 epochs=10", "trials"}
    assert "expected lowest validation loss" in expected


def test_figures_show_the_numbers_of_the_report(data):
    rows = {row.variant: row for row in data.forest}
    assert set(rows) == {"units=4 epochs=1", "units=4 epochs=10", "units=16 epochs=1"}
    assert data.unit == "points"
    for row in rows.values():
        assert row.low < row.mean < row.high
    assert rows["units=4 epochs=1"].verdict == "better"
    assert {curve.name: curve.expected for curve in data.searches} == {
        "units=4 epochs=1": (pytest.approx(0.45), pytest.approx(0.4)),
        "units=4 epochs=10": (pytest.approx(0.5), pytest.approx(0.4)),
        "units=16 epochs=1": (pytest.approx(0.55), pytest.approx(0.4)),
        "units=16 epochs=10": (pytest.approx(0.6), pytest.approx(0.4)),
    }


def test_other_data_have_another_digest(data):
    other = data.model_copy(update={"unit": ""})
    assert other.digest != data.digest
    assert data.model_copy().digest == data.digest


def test_hostile_names_are_drawn_and_the_file_stays_well_formed(ask, project, tmp_path):
    names = ["<script>", "a|b", "back\\slash", "\"quotes\" and 'others'", "größer ≥", "a -- b"]
    space = project.folder / "space.toml"
    space.write_text(space.read_text().replace("[4, 8, 16]", str([16, *range(20, 26)])))
    variants = "".join(f"{quoted(n)} = {{ units = {20 + i} }}\n" for i, n in enumerate(names))
    study = ask(f"[replicate]\nseeds = 2\n[vary.variants]\n{variants}")
    for variant in study.spec.variants:
        study.replicates(variant.name, [0.9, 0.91])
    svg = drawn(study.report().figures, tmp_path / "out")["differences.svg"]
    assert b"<script>" not in svg
    # A comment must not hold two hyphens: matplotlib sets them apart.
    assert {"&lt;script&gt;", *names[1:-1], "a - - b"} <= set(texts(svg))


def forest(name):
    row = ForestRow(
        dataset="digits", variant=name, mean=1.0, low=0.5, high=1.5, verdict="too few seeds"
    )
    return FiguresData(name="asked", metric="test accuracy", unit="points", forest=(row,))


def test_a_single_pair_is_drawn_without_an_interval(tmp_path):
    row = forest("one").forest[0].model_copy(update={"low": None, "high": None})
    data = forest("one").model_copy(update={"forest": (row,)})
    assert "one" in texts(drawn(data, tmp_path / "out")["differences.svg"])


@pytest.mark.parametrize("name", ["$x$", "$\\frac$", "100$ or 200$"])
def test_a_dollar_in_a_name_is_a_dollar(name, tmp_path):
    svg = drawn(forest(name), tmp_path / "out")["differences.svg"]
    assert name in texts(svg)
    assert b"Oblique" not in svg, "formulas are set in another font"


def test_a_name_that_begins_with_an_underscore_is_in_the_legend(tmp_path):
    curves = tuple(SearchCurve(name=name, expected=(0.5, 0.4)) for name in ("_one", "two"))
    data = FiguresData(name="asked", searches=curves)
    found = texts(drawn(data, tmp_path / "out")["expected_best.svg"])
    assert any(text.endswith("_one") for text in found)


def test_a_long_name_leaves_room_for_the_figure(tmp_path):
    # Warnings are errors here; matplotlib warns when it gives the layout up.
    assert drawn(forest("x" * 100), tmp_path / "out")
