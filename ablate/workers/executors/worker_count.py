"""How many workers train most in the same time, found by a quick measurement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from ablate.errors import InputError
from ablate.files import folder_name
from ablate.workers.executors.local import LocalWorker
from ablate.workers.executors.shares import Share
from ablate.workers.messages import Refused, TimeEpoch

if TYPE_CHECKING:
    from ablate.spec.study import Cell, StudySpec
    from ablate.store.place import StoragePlace
    from ablate.workers.executors.defaults import Machine, Workers

WORTH = 1.05
"""How many times more must be trained before another worker is taken."""


def best_workers(
    study: StudySpec,
    place: StoragePlace,
    machine: Machine,
    usual: Workers,
    say: Callable[[str], None],
) -> int:
    """Times two epochs with one worker, with two, four and so on, until more bring no more.

    Args:
        study: the study; its first cell is trained, untuned.
        place: its storage; nothing is written there but the prepared data.
        machine: what may be used of this machine.
        usual: how the study is trained here otherwise, with how many threads, for example.
        say: is told what was measured.

    Raises:
        InputError: the data cannot be prepared.
        RunError: a worker died.
    """
    gpus, cores = machine.gpus, machine.cores
    most = len(gpus) * usual.workers_per_gpu if gpus else len(cores)
    best, best_rate = 1, 0.0
    count = 1
    while count <= most:
        shares = replace(usual, count=count).shares(machine)
        rate = epochs_a_second(study, study.cells[0], place, shares)
        say(
            f"{count} {'worker trains' if count == 1 else 'workers train'} {rate:.3g} epochs a second"
        )
        if rate < best_rate * WORTH:
            break
        best, best_rate = count, rate
        count *= 2
    return best


def epochs_a_second(
    study: StudySpec, cell: Cell, place: StoragePlace, shares: Sequence[Share]
) -> float:
    """Has all workers train a cell's untuned network for two epochs side by side.

    Returns:
        The epochs that they train together in a second, once the network is compiled.

    Raises:
        InputError: the data cannot be prepared.
        RunError: a worker died.
    """
    order = TimeEpoch(study=study, cell=cell, cache=str(place.cache))
    log = place.logs / f"{folder_name(study.name)}.log"
    with ExitStack() as stack:
        workers = [
            stack.enter_context(LocalWorker(log, study.training.backend, share)) for share in shares
        ]
        for worker in workers:
            worker.give(order)
        rate = 0.0
        for worker in workers:
            answer = worker.answer()
            if isinstance(answer, Refused):
                raise InputError(*answer.problems)
            # The second epoch: the first compiles.
            rate += 1 / answer.answer["later"] if answer.answer["later"] else 0.0
    return rate
