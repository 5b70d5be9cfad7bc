"""Disks that are full, and disks that may not be written: real ones, small and in memory."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from datetime import datetime
from pathlib import Path

import pytest
from conftest import COMPARED
from hand_made import make_stored

import ablate
from ablate.housekeeping.health import examine
from ablate.store.place import open_existing, open_storage
from ablate.store.studies import find_study, study_names

MIB = 2**20


@pytest.fixture
def disk(tmp_path):
    """Mounts a disk of so many MiB on a folder."""
    mounted = []

    def mount(folder: Path, size: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}m", "tmpfs", str(folder)],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
        mounted.append(folder)

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Takes all the room that is left."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"0" * 4096)
    return ballast


def begin(project):
    return subprocess.Popen(
        project.command("run", "study.toml", "--no-report", "--plain"),
        cwd=project.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(project):
    if not Path(project.place.url).exists():
        return 0
    stored = find_study(open_existing(project.place), "compared")
    parts = stored.parts.values() if stored else ()
    return sum(
        t.state.name == "COMPLETE" for part in parts for t in part.get_trials(deepcopy=False)
    )


@pytest.mark.parametrize("what", ["artifacts", "storage"])
def test_a_full_disk_costs_nothing_that_is_finished(project, disk, tmp_path, what):
    project.study_file.write_text(COMPARED.replace("epochs = 2", "epochs = 6"))
    runs = project.folder / "runs"
    if what == "storage":
        disk(runs, 4)
        (project.folder / "elsewhere").mkdir()
        (runs / "artifacts").symlink_to(project.folder / "elsewhere")
    else:
        disk(runs / "artifacts", 1)
    run = begin(project)
    deadline = time.monotonic() + 300
    while finished(project) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    ballast = fill(runs if what == "storage" else runs / "artifacts")
    output, errors = run.communicate(timeout=300)
    assert run.returncode == 1, output + errors
    assert errors.endswith(
        "cannot be written: No space left on device; what is finished is kept: make room, and run "
        "the same command again to go on\n"
    )
    assert "Traceback" not in errors
    kept = finished(project)
    assert kept >= 2
    ballast.unlink()
    again = project.ablate("run", "study.toml", "--no-report", "--plain")
    assert again.returncode == 0, again.stderr
    table = ablate.results("compared", storage=project.place.url)
    counts = table.groupby(["phase", "outcome"]).size().to_dict()
    assert {key: n for key, n in counts.items() if key[1] != "interrupted"} == {
        ("tune", "complete"): 4,
        ("replicate", "complete"): 6,
    }
    assert again.stdout.count(" complete: ") == 10 - kept
    assert examine(project.place, datetime.now()).is_well


def test_a_record_whose_line_end_found_no_room_is_read_past_and_mended_later(project, disk):
    runs = project.folder / "runs"
    disk(runs, 1)
    stored = make_stored(project.study(), open_storage(project.place))
    journal = Path(project.place.url)
    stored.describing.set_user_attr("filler", "")
    room = -journal.stat().st_size % 4096
    length = len(journal.read_bytes().splitlines()[-1])
    stored.describing.set_user_attr("filler", "x" * (room + 4096 - length))
    assert journal.stat().st_size % 4096 == 1
    os.truncate(journal, journal.stat().st_size - 1)  # the last byte of a page is that of a record
    ballast = fill(runs)
    before = journal.read_bytes()
    assert study_names(open_existing(project.place)) == ["dense"]
    deleted = project.ablate("delete", "dense", "--yes")
    assert deleted.returncode == 1
    assert "cannot be written: No space left on device; what is finished is kept" in deleted.stderr
    assert journal.read_bytes() == before
    ballast.unlink()
    assert study_names(open_existing(project.place)) == ["dense"]
    assert journal.read_bytes() == before + b"\n"


def test_from_a_read_only_folder_a_study_can_be_reported_and_not_run(compared, disk, tmp_path):
    runs = tmp_path / "runs"
    disk(runs, 8)
    shutil.copytree(compared.folder / "runs", runs, dirs_exist_ok=True)
    subprocess.run(["mount", "-o", "remount,ro", str(runs)], check=True)
    command = [*compared.command(), "report", "compared", "--out", str(tmp_path / "reports")]
    report = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert report.returncode == 0, report.stderr
    assert (tmp_path / "reports" / "compared" / "report.html").is_file()
    for command in (
        ("list",),
        ("show", "compared", "0", "--phase", "tune", "--variant", "units=4"),
        ("doctor",),
    ):
        looked = subprocess.run(
            compared.command(*command), cwd=tmp_path, capture_output=True, text=True
        )
        assert looked.returncode == 0, looked.stderr
    run = subprocess.run(
        compared.command("run", str(compared.study_file), "--seeds", "4"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    deleted = subprocess.run(
        compared.command("delete", "compared", "--yes"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    for refused in (run, deleted):
        assert refused.returncode == 2
        assert refused.stderr == "storage runs/ablate.journal: cannot be written: it is read-only\n"
