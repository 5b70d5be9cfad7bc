"""Reports of studies that were run: their texts, files and figures."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET

import pytest

from ablate.document import words
from ablate.errors import InputError
from ablate.report.formats import csv as csv_format
from ablate.report.formats import markdown, terminal
from ablate.report.formats._base import Page
from ablate.report.report import make_report
from ablate.report.sections import make_document
from ablate.report.sections.trials import cell
from ablate.report.writing import write_report
from ablate.spec.measures import EVERY
from ablate.store.artifacts import Artifacts
from ablate.store.place import StoragePlace, open_existing, open_storage
from ablate.store.studies import find_study, open_study

FORMATS = ("terminal", "markdown", "csv")


def report_of(project, name="dense", **options):
    storage = open_existing(project.place)
    return make_report(find_study(storage, name), Artifacts(project.place, storage), **options)


def written_as(module, report, width=100):
    rendered = module.render(report, make_document(report), Page(width))
    return rendered if isinstance(rendered, str) else next(iter(rendered.values()))


def counts(report):
    """What became of the trials of a search."""
    (phase,) = report.phases
    assert phase.phase == "tune"
    return phase.counts


def test_a_report_counts_ranks_and_weighs(finished):
    report = report_of(finished)
    complete = counts(report)["complete"]
    assert counts(report) == {"complete": complete, "pruned": 13 - complete}
    assert 10 <= complete <= 12
    assert report.phases[0].finished == report.phases[0].total == 13
    assert report.ablation is None
    assert report.tuned == ("units", "learning_rate")
    assert len(report.tradeoff) == complete
    assert report.tradeoff["val_loss"].is_monotonic_increasing
    assert sum(report.importance.shares.values()) == pytest.approx(1)
    assert report.importance.note == (
        f"PED-ANOVA: what the best {5 / complete:.0%} of {complete} complete trials have in common; "
        "with fewer than 50 trials only a hint"
    )
    assert report.environments[0].backend == "tensorflow"
    assert {curve.number for curve in report.figures.curves} == set(range(13))
    best = min(report.figures.curves, key=lambda curve: min(curve.val_loss))
    assert best.rank == 0


def test_reasons_are_counted(troubled):
    report = report_of(troubled)
    assert counts(report) == {"complete": 1, "infeasible": 1, "failed": 6}
    assert report.reasons["infeasible: nothing can be built here"] == 1
    assert report.reasons["failed: the worker ended with exit code 3, 3 times"] == 1
    assert report.importance.note == "needs at least 10 complete trials, there are 1"


def test_the_terminal_form_fits_its_width(finished):
    report = report_of(finished, top=5)
    complete = counts(report)["complete"]
    for width in (80, 200):
        text = written_as(terminal, report, width)
        assert max(len(line) for line in text.splitlines()) <= width
        assert f"trials: {complete} complete, {13 - complete} pruned" in text
        assert f"{complete - 5} more complete trials: --top {complete}, or trials.csv" in text
        assert "learning_rate" in text.replace("learning\nrate", "learning_rate")
        best = report.tradeoff.iloc[0]
        assert f"{best['val_accuracy']:.4f}" in text


def test_hostile_texts_stay_text(troubled):
    text = written_as(markdown, report_of(troubled))
    assert "a mistake in the model &lt;script&gt; \\| \\_" in text
    assert "<script>" not in text
    assert "a mistake in the model <script> | _" in written_as(terminal, report_of(troubled), 200)


def test_the_csv_form_holds_every_trial_unrounded(finished):
    report = report_of(finished)
    rows = list(csv.DictReader(io.StringIO(written_as(csv_format, report))))
    assert len(rows) == 13
    stored = report.trials.set_index("number")["val_loss"]
    for row in rows:
        if row["outcome"] == "complete":
            assert float(row["val_loss"]) == stored[int(row["number"])]


def test_all_files_are_written_and_figures_are_drawn_once(finished, tmp_path):
    written = write_report(finished.place, "dense", FORMATS, tmp_path)
    assert [path.name for path in written.files] == ["report.md", "trials.csv"]
    assert [path.name for path in written.figures] == [
        "learning_curves.svg",
        "search_history.svg",
        "tradeoff.svg",
    ]
    times = {}
    for path in (*written.files, *written.figures):
        assert path.stat().st_size > 500
        times[path] = path.stat().st_mtime_ns
        if path.suffix == ".svg":
            assert ET.parse(path).getroot().tag.endswith("svg")
    for path in written.files:
        if path.name == "report.md":
            for name in ("tradeoff.svg", "search_history.svg", "learning_curves.svg"):
                assert f"]({name})" in path.read_text()
    again = write_report(finished.place, None, FORMATS, tmp_path)
    for path in again.figures:
        assert path.stat().st_mtime_ns == times[path]


def test_a_study_without_a_finished_trial_has_a_report(project):
    open_study(open_storage(project.place), project.study(), {"digits": "digest"})
    written = write_report(project.place, "dense", FORMATS, project.folder / "reports")
    assert "trials: none yet; 3 of 3 are still to be trained: ablate run" in written.printed[0]
    assert "No trial is complete yet." in (project.folder / "reports/dense/report.md").read_text()


def test_missing_and_damaged_artifacts_are_left_out(finished, tmp_path):
    storage = open_existing(finished.place)
    folder = tmp_path / "artifacts"
    folder.mkdir()
    curves = []
    for path in finished.place.artifacts.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
        if path.read_text().startswith("epoch,"):
            curves.append(folder / path.name)
    curves[0].unlink()
    curves[1].write_bytes(b"\xff\xfe")
    curves[2].write_text("epoch,loss\n1")
    curves[3].write_text("")
    curves[4].write_text('{"a":[1,2,"x"]}')
    lines = {path: path.read_text().splitlines(keepends=True) for path in curves[5:]}
    whole = next(path for path in lines if len(lines[path]) == 4)
    whole.write_text("".join(lines[whole][:3]))  # cut between two epochs
    elsewhere = StoragePlace(str(tmp_path / "ablate.journal"))
    report = make_report(find_study(storage, "dense"), Artifacts(elsewhere, storage))
    assert len(report.tradeoff) == counts(report)["complete"]
    assert len(report.figures.curves) == 7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "dens"}, 'dens: no such study has been run; did you mean "dense"?'),
        ({"formats": ("markdwn",)}, 'markdwn: unknown report format; did you mean "markdown"?'),
    ],
)
def test_bad_input_is_said(finished, tmp_path, arguments, message):
    options = {"name": "dense", "formats": FORMATS} | arguments
    with pytest.raises(InputError) as caught:
        write_report(finished.place, options["name"], options["formats"], tmp_path / "out")
    assert str(caught.value) == message
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_said(finished, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(InputError, match=r"cannot be written: .*; name another folder with --out"):
        write_report(finished.place, "dense", FORMATS, tmp_path / "out")


def test_values_read_well():
    assert cell("val_loss", 0.12345678, EVERY) == "0.1235"
    assert cell("parameters", 1234567, EVERY) == "1,234,567"
    assert cell("flops", None, EVERY) == "-"
    assert cell("rate", 0.000123456, EVERY) == "0.0001235"
    assert cell("pareto", True, EVERY) == "*"


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.5, 2, "+0.50"),
        (-0.5, 2, "−0.50"),
        (0.0, 2, "0.00"),
        (-0.001, 2, "0.00"),
        (0.005, 4, "+0.0050"),
    ],
)
def test_a_difference_has_a_true_sign_and_nothing_has_none(value, digits, text):
    assert words.signed(value, digits) == text


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        ("accuracy", 0.0042, "0.42 points"),
        ("accuracy", 0.0123, "1.2 points"),
        ("accuracy", 0.25, "25 points"),
        ("accuracy", 0.00004, "0.0040 points"),
        ("f1", 0.004, "0.40 points"),
        ("loss", 0.0123, "0.012"),
        ("loss", 12.3, "12"),
    ],
)
def test_an_amount_has_two_digits_and_its_unit(metric, value, text):
    assert words.amount(value, EVERY.metrics[metric]) == text
    assert words.amount(-value, EVERY.metrics[metric]) == text


def test_names_are_listed_as_in_a_sentence():
    assert words.listed(["a"]) == "a"
    assert words.listed(["a", "b"]) == "a and b"
    assert words.listed(["a", "b", "c"]) == "a, b and c"
    assert (words.plural(1, "seed"), words.plural(1200, "seed")) == ("1 seed", "1,200 seeds")


def test_p_values_never_read_as_nothing():
    assert words.p_value(0.03125) == "0.031"
    assert words.p_value(0.0004) == "<0.001"
    assert words.p_value(1.0) == "1.000"
