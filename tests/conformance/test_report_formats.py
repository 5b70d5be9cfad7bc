"""Every report format in the catalog renders a study of any state."""

from __future__ import annotations

import pytest
from hand_made import compare, make_stored, replicate, tune

from ablate import catalog
from ablate.artifacts import Artifacts
from ablate.report.formats._base import Page
from ablate.report.sections import make_document
from ablate.report.summary import make_report
from ablate.storage import StoragePlace, open_existing, open_storage
from ablate.stored import find_study

FORMATS = catalog.available("report_formats")


FIGURE = '<svg xmlns="http://www.w3.org/2000/svg" width="9pt" height="9pt" viewBox="0 0 9 9"/>'


def rendered(module, place, folder, name="dense", width=100):
    """The texts of a report, by file name."""
    storage = open_existing(place)
    report = make_report(find_study(storage, name), Artifacts(place, storage))
    for file in report.figures.files:
        (folder / file).write_text(FIGURE)
    texts = module.render(report, make_document(report), Page(width, folder))
    return {"printed": texts} if isinstance(texts, str) else texts


@pytest.fixture(params=FORMATS)
def module(request):
    return catalog.load("report_formats", request.param)


def test_a_format_says_which_figures_it_needs(module):
    assert module.FIGURES in (None, "svg", "pdf")
    assert module.__doc__


def are_whole(texts):
    return texts and all(
        file and "/" not in file and text.endswith("\n") for file, text in texts.items()
    )


def test_a_format_renders_a_study_that_has_been_run(module, finished, troubled, compared, tmp_path):
    for ran, name in ((finished, "dense"), (troubled, "dense"), (compared, "compared")):
        assert are_whole(rendered(module, ran.place, tmp_path, name))


def test_formats_write_different_files(compared, tmp_path):
    modules = [catalog.load("report_formats", name) for name in FORMATS]
    texts = [rendered(module, compared.place, tmp_path, "compared") for module in modules]
    files = [file for found in texts for file in found]
    assert len(files) == len(set(files))


def search_alone(project, storage):
    make_stored(project.study(), storage)


def comparison(project, storage):
    make_stored(compare(project), storage)


def half_searched(project, storage):
    stored = make_stored(compare(project), storage)
    tune(stored, "units=4", 0.5)
    tune(stored, "units=16", None, "running")


def half_replicated(project, storage):
    stored = make_stored(compare(project), storage)
    for variant in ("units=4", "units=16"):
        tune(stored, variant, 0.5)
    replicate(stored, "units=4", 1, test_accuracy=0.5, test_f1=0.5, test_loss=1.0)
    replicate(stored, "units=16", 1, "failed", reason="out of memory")


def several_data_sets(project, storage):
    make_stored(compare(project, 'study.dataset=["digits", "line"]'), storage)


@pytest.mark.parametrize(
    "begin", [search_alone, comparison, half_searched, half_replicated, several_data_sets]
)
@pytest.mark.parametrize("width", [40, 200])
def test_a_format_renders_a_study_that_was_begun(module, project, begin, width):
    place = StoragePlace(str(project.folder / "runs" / "begun.journal"))
    begin(project, open_storage(place))
    assert are_whole(rendered(module, place, project.folder, width=width))
