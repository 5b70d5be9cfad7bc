import os
import socket
import subprocess
import sys

import psutil
import pytest

from ablate.limits import SAME_START
from ablate.store.owner import Owner

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def owner_of(pid):
    started = psutil.Process(pid).create_time() - psutil.boot_time()
    return Owner(host=socket.gethostname(), pid=pid, started=started)


def test_this_process_is_not_gone():
    owner = Owner.this_process()
    assert (owner.host, owner.pid) == (socket.gethostname(), os.getpid())
    assert not owner.is_gone()


def test_another_process_is_gone_once_it_has_ended():
    process = subprocess.Popen(SLEEP)
    try:
        owner = owner_of(process.pid)
        assert not owner.is_gone()
    finally:
        process.kill()
        process.wait()
    assert owner.is_gone()


def test_a_process_that_ended_but_was_not_waited_for_is_gone():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = owner_of(process.pid)
    process.stdin.close()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE
    assert owner.is_gone()
    process.wait()


@pytest.mark.parametrize(
    ("later", "gone"),
    [(0.0, False), (SAME_START / 2, False), (SAME_START * 2, True), (-3600.0, True)],
)
def test_a_number_that_is_used_again_is_another_process(later, gone):
    owner = Owner.this_process()
    assert owner.model_copy(update={"started": owner.started + later}).is_gone() is gone


@pytest.mark.skipif(sys.platform != "linux", reason="how psutil finds these times is Linux's")
@pytest.mark.parametrize("jump", [-86400, 30, 86400])
def test_a_clock_that_jumps_ends_no_process(monkeypatch, jump):
    owner = Owner.this_process()
    before = psutil.boot_time()
    # The kernel tells when it started by the clock as it is now.
    monkeypatch.setattr(psutil._pslinux, "boot_time", lambda: before + jump)
    assert psutil.Process().create_time() > 0
    assert not owner.is_gone()


def test_a_process_of_another_machine_is_not_known_to_be_gone():
    assert not Owner(host="elsewhere.invalid", pid=1, started=0.0).is_gone()


def test_an_owner_survives_json():
    owner = Owner.this_process()
    assert Owner.model_validate_json(owner.model_dump_json()) == owner
