"""How many workers a cluster has room for; that they work is tested on a real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from ablate.errors import InputError
from ablate.spec.study import Resources
from ablate.workers.executors._base import Death
from ablate.workers.executors.ray import RayExecutor
from ablate.workers.messages import Done, Taken


def node(address="10.0.0.1", alive=True, **resources):
    return {"Alive": alive, "NodeManagerAddress": address, "Resources": resources}


def measure(nodes, resources=None, workers=None, one_machine=False):
    resources = resources or Resources()
    executor = RayExecutor(
        Path("log"), "tensorflow", resources, None, workers, one_machine=one_machine
    )
    executor._measure_cluster(nodes)
    return executor.workers


@pytest.mark.parametrize(
    ("nodes", "resources", "count"),
    [
        ([node(CPU=4.0)], Resources(), 4),
        ([node(CPU=4.0), node(CPU=3.0)], Resources(num_cpus=2), 3),
        ([node(CPU=4.0), node(CPU=8.0, alive=False)], Resources(), 4),
        # Where there are GPUs each worker gets one, and machines without them none.
        ([node(CPU=16.0, GPU=2.0), node(CPU=16.0)], Resources(), 2),
        ([node(CPU=16.0, GPU=2.0), node(CPU=16.0)], Resources(num_gpus=0), 32),
        ([node(CPU=16.0, GPU=1.0)], Resources(num_gpus=0.25), 4),
        ([node(CPU=16.0, GPU=1.0)], Resources(num_gpus=0.1), 10),
        ([node(CPU=2.0, GPU=1.0)], Resources(num_gpus=0.1), 2),
    ],
)
def test_there_are_as_many_workers_as_there_is_room_for(nodes, resources, count):
    assert measure(nodes, resources) == count


def test_machines_that_are_to_come_can_be_waited_for():
    assert measure([node(CPU=1.0)], Resources(num_cpus=8), workers=3) == 3


def test_a_worker_that_fits_nowhere_is_refused():
    with pytest.raises(InputError) as caught:
        measure([node(CPU=4.0), node(CPU=4.0)], Resources(num_cpus=6))
    assert str(caught.value) == (
        "[resources]: a worker needs 6 CPU; no machine has that, all together have 8 CPU; ask for "
        "less, or give --workers to wait for machines that are to come"
    )


def test_a_file_on_several_machines_is_refused():
    here = [node(CPU=1.0), node(CPU=1.0)]
    assert measure(here, one_machine=True) == 2
    with pytest.raises(InputError) as caught:
        measure([*here, node("10.0.0.2", CPU=1.0)], one_machine=True)
    assert str(caught.value) == (
        "--executor ray: the cluster has several machines, and a journal file is for one; keep the "
        "study in a database: --storage postgresql://..."
    )


class Told:
    """A queue of what workers have told."""

    def __init__(self, *events):
        self.events = list(events)

    def get(self, timeout):
        from ray.util.queue import Empty

        if not self.events:
            raise Empty
        return self.events.pop(0)


def dying(*events):
    """A cluster whose worker 0 has told these events and is dead."""
    executor = RayExecutor(Path("log"), "tensorflow", Resources(), None, 1, one_machine=False)
    executor._lives = {0: 1}
    executor._dead = [(0, 1, Death("of Ray ended: gone"))]
    executor._events = Told(*((0, life, event.model_dump_json()) for life, event in events))
    return executor


def test_what_a_worker_told_is_heard_before_its_death():
    executor = dying((1, Taken()), (1, Done()))
    assert executor.next_event(1.0) == (0, Taken())
    assert executor.next_event(1.0) == (0, Done())
    assert executor.next_event(1.0) == (0, Death("of Ray ended: gone"))


def test_the_word_and_the_death_of_one_that_was_replaced_are_void():
    executor = dying((1, Taken()))
    executor._lives[0] = 2
    assert executor.next_event(1.0) is None
    assert executor.next_event(1.0) is None
    assert executor._dead == []


def test_one_that_is_dead_already_can_be_ended_and_retired():
    executor = dying()
    executor.end(0, "was ended: its trial took longer than 1 s")
    executor.retire(0)
    assert executor.next_event(1.0) == (0, Death("of Ray ended: gone"))
