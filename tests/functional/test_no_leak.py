"""The search never meets the test images, and replicates cannot do without them."""

from __future__ import annotations

import pytest
from conftest import COMPARED

import ablate
from ablate.data.card import keep_card
from ablate.data.prepared import prepare
from ablate.errors import RunError
from ablate.running.run import run_study

pytestmark = pytest.mark.usefixtures("warm_workers")


def test_a_search_needs_no_test_images_and_a_replicate_does(project):
    project.study_file.write_text(COMPARED)
    study = project.study("training.epochs=1")
    prepared = prepare(study.datasets[0], project.place.cache)
    keep_card(prepared, study.datasets[0])
    folder = prepared.folder
    kept = {name: (folder / name).read_bytes() for name in ("x_test.npy", "y_test.npy")}
    for name in kept:
        (folder / name).unlink()
    with pytest.raises(RunError, match=r"the worker ended with exit code 1 before a trial began"):
        run_study(study, project.place)
    log = (project.place.logs / "compared.log").read_text()
    assert f"No such file or directory: '{folder / 'y_test.npy'}'" in log
    table = ablate.results("compared", storage=project.place.url)
    tuned = table[table["phase"] == "tune"]
    assert tuned["outcome"].tolist() == ["complete"] * 4, "the whole search ran without them"
    assert tuned["test_accuracy"].isna().all()
    assert "complete" not in set(table[table["phase"] == "replicate"]["outcome"])
    for name, content in kept.items():
        (folder / name).write_bytes(content)
    summary = run_study(study, project.place)
    assert (summary.trained, summary.phases[1].counts) == (6, {"complete": 6})
    table = ablate.results("compared", storage=project.place.url)
    replicates = table[(table["phase"] == "replicate") & (table["outcome"] == "complete")]
    assert replicates["test_images"].tolist() == [200] * 6
    assert replicates["test_accuracy"].notna().all()
