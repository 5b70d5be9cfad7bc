"""Loads what a worker of TensorFlow loads, and becomes one each time that it is asked to.

Run as the text of `python -c`, since workers tell from the files of the calls under way who imports.
"""

import json
import os
import random
import select
import signal
import socket
import sys

import numpy as np

from ablate.workers import process
from ablate.workers.later import load_later
from ablate.workers.loading import load
from ablate.workers.without_others import do_without_others


def become_worker(order, files):
    """Turns this process into what a new one would be."""
    os.setsid()
    for number, file in enumerate(files):
        os.dup2(file, number)
    os.closerange(3, max(files) + 1)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(number, mode, 1, "utf-8") for number, mode in enumerate("rww")
    )
    random.seed()
    np.random.seed()
    process.main()


def keep(connection):
    """Makes a worker, and tells whoever asked its number and then how it ended."""
    text, files, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    while not text.endswith(b"\n"):
        text += connection.recv(1 << 20)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    worker = os.fork()
    if worker == 0:
        become_worker(json.loads(text), [*files, connection.fileno()][:3])
        return
    for file in files:
        os.close(file)
    connection.send(f"{worker}\n".encode())
    _, status = os.waitpid(worker, 0)
    connection.send(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def main():
    load_later()
    do_without_others("tensorflow")
    load("keras", "ablate.workers.trainer")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    listener.listen()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while sys.stdin not in (ready := select.select([listener, sys.stdin], [], [])[0]):
        assert listener in ready
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            keep(connection)
            return
        connection.close()


main()
