"""How many workers are best is measured: more are taken as long as they train more."""

from __future__ import annotations

import pytest

from ablate.errors import InputError
from ablate.workers.executors import worker_count as best
from ablate.workers.executors.defaults import Machine, Workers
from ablate.workers.executors.worker_count import best_workers


@pytest.mark.parametrize(
    ("rates", "cores", "gpus", "count"),
    [
        ({1: 1.0, 2: 1.8, 4: 1.85}, 8, (), 2),
        ({1: 1.0, 2: 1.8, 4: 3.0, 8: 5.0}, 8, (), 8),
        ({1: 1.0, 2: 1.04}, 8, (), 1),
        ({1: 1.0}, 1, (), 1),
        ({1: 1.0, 2: 2.0}, 8, ("0", "1"), 2),
    ],
)
def test_more_are_taken_as_long_as_they_train_more(project, monkeypatch, rates, cores, gpus, count):
    monkeypatch.setattr(
        best, "epochs_a_second", lambda study, cell, place, shares: rates[len(shares)]
    )
    said = []
    machine = Machine(tuple(range(cores)), gpus, 0)
    found = best_workers(project.study(), project.place, machine, Workers(1, 1), said.append)
    assert found == count
    assert said[0] == "1 worker trains 1 epochs a second"
    assert len(said) == len(rates)


def test_it_is_measured_for_real(project):
    said = []
    one = (Machine((0,), (), 0), Workers(1, 1))
    assert best_workers(project.study(), project.place, *one, said.append) == 1
    assert float(said[0].split()[3]) > 0
    wrong = project.study("data.per_class=10000")
    with pytest.raises(InputError, match=r"digits: data\.per_class: class "):
        best_workers(wrong, project.place, *one, said.append)
