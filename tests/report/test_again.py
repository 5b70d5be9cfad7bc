"""The commands that run and report a study again can be pasted into a shell."""

from __future__ import annotations

from ablate.config import find_study, load_study
from ablate.report.again import report_command, run_command


def test_a_file_is_named_with_its_settings_and_its_storage(project):
    study = project.study("training.epochs=3", 'study.name="my study"')
    file = project.study_file
    assert run_command(study) == (
        f"ablate run {file} --set training.epochs=3 --set 'study.name=\"my study\"'"
    )
    assert run_command(project.study(), "my runs/a.journal") == (
        f"ablate run {file} --storage 'my runs/a.journal'"
    )
    assert report_command(study, "a.journal") == "ablate report 'my study' --storage a.journal"


def test_a_shipped_study_is_called_by_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_command(load_study(find_study("smoke"))) == "ablate run smoke"
