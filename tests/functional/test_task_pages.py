"""What docs/tasks.md and docs/splits.md show is what happens, from an empty folder to a report."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import needs

DOCS = Path(__file__).parents[2] / "docs"
PAGES = "\n".join((DOCS / name).read_text() for name in ("tasks.md", "splits.md"))
FILE = re.compile(r"`(\w+\.(?:py|toml))`[^\n]*\n\n```(?:python|toml)\n(.*?)```", re.DOTALL)
SECTIONS = {
    study: section
    for section in re.split(r"^##? ", PAGES, flags=re.MULTILINE)[1:]
    for study in re.findall(r'^name +\= "(\w+)"', section, re.MULTILINE)
}
FEW = ("replicate.seeds=1", "training.epochs=2")
FOLDS = {"visits": 2, "sales": 2}
"""Studies of folds, and how many are enough here."""


def test_every_section_has_a_study():
    assert list(SECTIONS) == [
        *("homes", "reviews", "waves", "sizes", "rings", "parcels", "phases", "shapes"),
        *("moved", "bursts", "spirals"),
        *("visits", "sales"),
    ]
    assert len(re.findall("^## ", PAGES, re.MULTILINE)) == len(SECTIONS)


@pytest.mark.parametrize("study", SECTIONS)
def test_a_section_can_be_followed(project, study):
    if study == "spirals":
        needs("torch")
    shutil.rmtree(project.place.folder)
    for path in project.folder.iterdir():
        path.unlink()
    files = dict(FILE.findall(SECTIONS[study]))
    for name, text in files.items():
        (project.folder / name).write_text(text)
    for maker in (name for name in files if name.startswith("make_")):
        subprocess.run([sys.executable, maker], cwd=project.folder, check=True)
    folds = FOLDS.get(study)
    settings = FEW if folds is None else (f"replicate.folds={folds}", "training.epochs=2")
    settings += ("replicate.fold_repeats=1",) if study == "visits" else ()
    few = [word for setting in settings for word in ("--set", setting)]
    models = ["--models"] if study == "reviews" else []  # a worker, and what takes its time
    checked = project.ablate("check", f"{study}.toml", *models, *few)
    assert checked.returncode == 0, checked.stderr
    assert ("twice from one seed: the same numbers" in checked.stdout) == bool(models)
    run = project.ablate("run", f"{study}.toml", "--no-report", "--plain", "--workers", "1", *few)
    assert run.returncode == 0, run.stderr
    count = 2 * (folds or 1)
    assert f"complete ({count} complete of {count} replicates)" in run.stdout
    reported = project.ablate("report", study)
    assert reported.returncode == 0, reported.stderr
    assert f"of {count}" not in reported.stdout
