"""Every report format that ships renders a study of any state, those that have been run too."""

import pytest

from ablate import catalog
from ablate.report.report import make_report
from ablate.store.artifacts import Artifacts
from ablate.store.place import open_existing
from ablate.store.studies import find_study
from ablate.testing import check_report_format


@pytest.fixture(scope="module")
def trained(finished, troubled, compared):
    """The reports of studies that have been run to their end."""
    reports = {}
    for ran, name in ((finished, "dense"), (troubled, "dense"), (compared, "compared")):
        storage = open_existing(ran.place)
        artifacts = Artifacts(ran.place, storage)
        reports[str(ran.folder)] = make_report(find_study(storage, name), artifacts)
    return reports


@pytest.mark.parametrize("name", catalog.available("report_formats"))
def test_a_format_keeps_its_promises(name, trained):
    check_report_format(name, trained)
