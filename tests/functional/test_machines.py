"""Two runs in two folders, as on two machines, that share a study in a PostgreSQL."""

from __future__ import annotations

import os
import shutil
import subprocess
import time

import pytest
from conftest import COMPARED, make_project

import ablate
from ablate.store.place import StoragePlace, open_storage
from ablate.store.studies import find_study
from ablate.store.trials import fills

AWAY = float(os.environ.get("ABLATE_TEST_AWAY", "3"))
"""Seconds for which the server is stopped."""


@pytest.fixture
def hosts(tmp_path):
    """Two folders with the same study."""
    found = [make_project(tmp_path / name) for name in ("one", "two")]
    for host in found:
        host.study_file.write_text(COMPARED.replace("epochs = 2", "epochs = 4"))
    return found


def begin(host, url):
    return subprocess.Popen(
        host.command("run", "study.toml", "--no-report", "--plain", "--storage", url),
        cwd=host.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for_trials(url, number, seconds=300):
    """Waits until so many trials are finished."""
    storage = open_storage(StoragePlace(url))
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        stored = find_study(storage, "compared")
        parts = stored.parts.values() if stored else ()
        if sum(fills(t) for part in parts for t in part.get_trials(deepcopy=False)) >= number:
            return
        time.sleep(0.3)
    raise AssertionError(f"no {number} trials after {seconds} s")


def test_two_machines_share_a_study_while_the_database_goes_away(hosts, server, url):
    runs = [begin(host, url) for host in hosts]
    wait_for_trials(url, 2)
    server.stop()
    time.sleep(AWAY)
    server.start()
    outputs = [run.communicate(timeout=300)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], "\n".join(outputs)
    assert sum(output.count(" complete: ") for output in outputs) == 10, outputs
    table = ablate.results("compared", storage=url)
    counts = table.groupby(["phase", "outcome"]).size().to_dict()
    assert {key: count for key, count in counts.items() if key[1] != "interrupted"} == {
        ("tune", "complete"): 4,
        ("replicate", "complete"): 6,
    }, outputs
    name = StoragePlace(url).artifacts
    made = [list((host.folder / name).iterdir()) for host in hosts]
    assert all(made), "both trained"
    for path in made[1]:
        shutil.copy(path, hosts[0].folder / name)
    health = hosts[0].ablate("doctor", ABLATE_STORAGE=url)
    assert health.returncode == 0, health.stdout
    report = hosts[0].ablate("report", "compared", ABLATE_STORAGE=url)
    assert report.returncode == 0, report.stderr
    texts = [*outputs, health.stdout, report.stdout]
    for host in hosts:
        kept = [
            path
            for path in host.folder.rglob("*")
            if path.suffix in (".log", ".md", ".html", ".csv")
        ]
        texts += [path.read_text() for path in kept]
    assert not any("s3cret" in text for text in texts)
    assert any("postgres:***@" in text for text in texts)
