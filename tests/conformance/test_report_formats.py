"""Every report format in the catalog renders a study of any state."""

from __future__ import annotations

import pytest
from hand_made import compare, make_stored, replicate, tune

from ablate import catalog
from ablate.report.sections import make_document
from ablate.report.summary import make_report
from ablate.storage import ArtifactStore, StoragePlace, open_existing, open_storage
from ablate.stored import find_study

FORMATS = catalog.available("report_formats")


def rendered(module, place, name="dense", width=100):
    storage = open_existing(place)
    report = make_report(find_study(storage, name), storage, ArtifactStore(str(place.artifacts)))
    return module.render(report, make_document(report), width)


@pytest.fixture(params=FORMATS)
def module(request):
    return catalog.load("report_formats", request.param)


def test_a_format_says_what_it_writes(module):
    assert module.FILE is None or "/" not in module.FILE
    assert isinstance(module.NEEDS_FIGURES, bool)
    assert module.__doc__


def test_formats_write_different_files():
    files = [catalog.load("report_formats", name).FILE for name in FORMATS]
    written = [file for file in files if file is not None]
    assert len(written) == len(set(written))


def test_a_format_renders_a_study_that_has_been_run(module, finished, troubled, compared):
    for ran, name in ((finished, "dense"), (troubled, "dense"), (compared, "compared")):
        text = rendered(module, ran.place, name)
        assert isinstance(text, str)
        assert text.endswith("\n")


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
    assert rendered(module, place, width=width).endswith("\n")
