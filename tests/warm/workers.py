"""Starts workers of TensorFlow as copies of a process that has loaded it."""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from ablate.workers.executors.environment import worker_environment


@functools.cache
def process_to_copy() -> str:
    """Starts a process to copy, which ends with this one; the address that it listens to."""
    folder = tempfile.TemporaryDirectory(prefix="ablate-warm-")
    address = str(Path(folder.name) / "socket")
    code = Path(__file__).with_name("server.py").read_text()
    log = Path(folder.name) / "log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", code, address],
            env=worker_environment(os.environ, "tensorflow"),
            stdin=subprocess.PIPE,
            stderr=errors,
        )

    def end() -> None:
        process.communicate()  # it ends with its input
        folder.cleanup()

    atexit.register(end)
    while not Path(address).exists():
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
    return address


class WarmWorker:
    """What `subprocess.Popen` is for a worker."""

    def __init__(self, address: str, folder: str, environment: dict[str, str], log: int) -> None:
        own_input, its_output = os.pipe()
        its_input, own_output = os.pipe()
        order = {"folder": folder, "environment": environment}
        self._connection = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self._connection.connect(address)
                break
            except (BlockingIOError, ConnectionRefusedError):  # between `bind` and `listen`
                time.sleep(0.05)
        text = json.dumps(order).encode() + b"\n"
        sent = socket.send_fds(self._connection, [text], [its_input, its_output, log])
        self._connection.sendall(text[sent:])
        os.close(its_input)
        os.close(its_output)
        self._told = self._connection.makefile("r")
        self.pid = int(self._told.readline())
        self.returncode: int | None = None
        self.stdin = os.fdopen(own_output, "w", encoding="utf-8")
        self.stdout = os.fdopen(own_input, "r", encoding="utf-8")
        self._waiting = threading.Lock()

    def wait(self, timeout: float | None = None) -> int:
        with self._waiting:
            if self.returncode is None:
                self._connection.settimeout(timeout)
                try:
                    told = self._connection.recv(64)
                except TimeoutError as error:
                    raise subprocess.TimeoutExpired("worker", timeout or 0.0) from error
                self.returncode = int(told)
                self._told.close()
                self._connection.close()
        return self.returncode

    def kill(self) -> None:
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


@contextlib.contextmanager
def warm(address: str | None = None) -> Iterator[None]:
    """Workers of TensorFlow that this process starts on this machine are warm ones."""
    from ablate.workers.executors import local

    def start(command, **options):
        environment, log = options["env"], options["stderr"]
        if environment["KERAS_BACKEND"] != "tensorflow":
            return subprocess.Popen(command, **options)
        return WarmWorker(address or process_to_copy(), str(Path.cwd()), environment, log.fileno())

    with mock.patch.object(
        local, "subprocess", SimpleNamespace(**vars(subprocess) | {"Popen": start})
    ):
        yield
