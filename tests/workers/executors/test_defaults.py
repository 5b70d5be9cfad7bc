"""How many workers there are, and with how many threads, where nobody says."""

from __future__ import annotations

import pytest
from hand_made import compare

from ablate.workers.executors.defaults import Machine, Workers, choose_workers, workers_text
from ablate.workers.executors.shares import Share

GIB = 2**30
TWO = Machine((0, 1), (), 16 * GIB)


def test_a_study_of_several_cells_has_a_worker_on_each_core(project):
    spec = compare(project, "tune.trials=2", seeds=2)
    assert choose_workers(spec, TWO) == Workers(2, 1, in_turn=True)
    eight = Machine(tuple(range(8)), (), 16 * GIB)
    assert choose_workers(spec, eight) == Workers(4, 2, in_turn=True), "4 replicates"


def test_a_single_search_has_one_worker_with_all_cores(project):
    assert choose_workers(project.study(), TWO) == Workers(1, 2, in_turn=True)


def test_memory_bounds_the_number_of_workers(project):
    spec = compare(project, "tune.trials=2", seeds=2)
    assert choose_workers(spec, Machine(tuple(range(4)), (), 5 * GIB)).count == 2
    assert choose_workers(spec, Machine(tuple(range(4)), (), GIB)).count == 1


@pytest.mark.parametrize("count", [1, 2, 5])
def test_threads_do_not_depend_on_the_number_of_workers(project, count):
    spec = compare(project, "tune.trials=2", seeds=2)
    assert choose_workers(spec, TWO, count=count) == Workers(count, 1)


def test_a_study_goes_on_with_its_threads_unless_others_are_asked_for(project):
    assert choose_workers(project.study(), TWO, recorded=4).threads == 4
    assert choose_workers(project.study(), TWO, recorded=4, threads=3).threads == 3


def test_gpus_have_a_worker_each_and_libraries_their_threads(project):
    machine = Machine((0, 1, 2, 3), ("0", "1"), 16 * GIB)
    assert choose_workers(project.study(), machine) == Workers(2, None)
    found = choose_workers(project.study(), machine, workers_per_gpu=2)
    assert found.shares(machine) == tuple(
        Share(gpu, (core,), 1) for gpu, core in zip("0011", range(4), strict=True)
    )


def test_it_is_said_in_words():
    assert workers_text(Workers(2, 1), (0, 1)) == "2 side by side, 1 thread each (of 2 cores)"
    assert workers_text(Workers(1, 2), (0, 1)) == "1, 2 threads each (of 2 cores)"
    assert workers_text(Workers(1, None), (0,)) == "1 (of 1 core)"
