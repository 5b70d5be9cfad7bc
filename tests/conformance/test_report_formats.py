"""Every report format in the catalog renders a study of any state."""

from __future__ import annotations

import pytest

from ablate import catalog
from ablate.report.summary import make_report
from ablate.storage import ArtifactStore, find_study, open_existing, open_storage, open_study


@pytest.mark.parametrize("name", catalog.available("report_formats"))
def test_a_format_renders(name, finished, troubled, project):
    module = catalog.load("report_formats", name)
    assert module.FILE is None or "/" not in module.FILE
    assert isinstance(module.NEEDS_FIGURES, bool)
    open_study(open_storage(project.place), project.study(), "digest")
    for ran in (finished, troubled, project):
        storage = open_existing(ran.place)
        study = find_study(storage, "dense")
        report = make_report(study, storage, ArtifactStore(ran.place.artifacts))
        text = module.render(report, 100)
        assert isinstance(text, str)
        assert text.endswith("\n")
