"""Looks decide from what is stored alone: which replicates are asked for, in whatever order they came."""

from __future__ import annotations

import random

import pytest
from hand_made import compare, make_stored, replicate, tune

from ablate.state.next_order import next_order
from ablate.state.phases import phase_states
from ablate.state.replicates import asked_seeds, looks_of

BETTER = [0.5, 0.51, 0.53, 0.52, 0.54, 0.5, 0.52, 0.51, 0.5, 0.53, 0.52, 0.51]
BASE = [0.4, 0.42, 0.41, 0.43, 0.4, 0.41, 0.42, 0.4, 0.43, 0.41, 0.4, 0.42]
EQUAL = [b + d for b, d in zip(BASE, [0.02, -0.02] * 6, strict=True)]
DOUBTFUL = [
    b + d for b, d in zip(BASE, [0.03, 0.04, -0.01, 0.02, 0.03, 0.04, 0.03] * 2, strict=False)
]


@pytest.fixture
def stored(project):
    found = make_stored(compare(project, "tune.trials=1", "replicate.looks=true", seeds=12))
    for variant in ("units=16", "units=4"):
        tune(found, variant, 0.5, slot=0)
    return found


def give(stored, variant, scores, places):
    for place in places:
        seed = stored.spec.seeds[place]
        replicate(stored, variant, seed, test_accuracy=scores[place])


def asked(stored):
    return {cell.variant: len(seeds) for cell, seeds in asked_seeds(stored).items()}


def order_of(stored, project):
    order = next_order(stored, project.place, [])
    return None if order is None else (order.cell.variant, order.seed)


def test_the_first_look_asks_for_its_seeds_only(stored, project):
    assert stored.spec.looks == (6, 8, 10, 12)
    assert asked(stored) == {"units=16": 6, "units=4": 6}
    give(stored, "units=16", BASE, range(6))
    give(stored, "units=4", BETTER, range(5))
    assert looks_of(stored).done == 0
    assert order_of(stored, project) == ("units=4", stored.spec.seeds[5])


def test_a_score_that_is_no_number_is_none(stored):
    give(stored, "units=16", BASE, range(6))
    give(stored, "units=4", [float("nan"), *BETTER[1:]], range(6))
    without = make_stored(stored.spec)
    for variant in ("units=16", "units=4"):
        tune(without, variant, 0.5, slot=0)
    give(without, "units=16", BASE, range(6))
    give(without, "units=4", BETTER, range(1, 6))
    replicate(without, "units=4", stored.spec.seeds[0])
    assert asked(stored) == asked(without)


def test_what_is_decided_gets_no_more_seeds(stored, project):
    give(stored, "units=16", BASE, range(6))
    give(stored, "units=4", BETTER, range(6))
    found = looks_of(stored)
    assert (found.done, list(found.looking.differing.decided.values())) == (4, [0])
    assert order_of(stored, project) is None
    (_, replicates) = phase_states(stored)
    assert (replicates.finished, replicates.total) == (12, 12)


def test_what_would_hardly_be_decided_is_given_up(stored, project):
    give(stored, "units=16", BASE, range(6))
    give(stored, "units=4", EQUAL, range(6))
    found = looks_of(stored)
    assert found.looking.differing.decided == {}
    assert list(found.looking.futile.values()) == [0]
    assert order_of(stored, project) is None


def test_what_is_not_decided_goes_on_to_the_next_look(stored, project):
    give(stored, "units=16", BASE, range(6))
    give(stored, "units=4", DOUBTFUL, range(6))
    assert looks_of(stored).done == 1
    assert asked(stored) == {"units=16": 8, "units=4": 8}
    (_, replicates) = phase_states(stored)
    assert (replicates.finished, replicates.total) == (12, 24)
    assert order_of(stored, project)[1] == stored.spec.seeds[6]


def test_the_order_of_arrival_changes_nothing(project):
    found = []
    for turn in range(3):
        stored = make_stored(compare(project, "tune.trials=1", "replicate.looks=true", seeds=12))
        for variant in ("units=16", "units=4"):
            tune(stored, variant, 0.5, slot=0)
        places = [(variant, place) for variant in ("units=16", "units=4") for place in range(8)]
        random.Random(turn).shuffle(places)
        for variant, place in places:
            give(stored, variant, BASE if variant == "units=16" else DOUBTFUL, [place])
        looks = looks_of(stored)
        found.append((looks.done, looks.looking.differing.decided, looks.asked))
    assert found[0] == found[1] == found[2]


def test_a_replicate_that_cannot_be_had_leaves_its_pair_out(stored):
    give(stored, "units=16", BASE, range(6))
    give(stored, "units=4", BETTER, range(5))
    replicate(stored, "units=4", stored.spec.seeds[5], outcome="infeasible", reason="no")
    found = looks_of(stored)
    assert found.done == 1, "it is settled"
    (seen,) = found.seen.values()
    assert seen.counts == (5,)
    assert found.looking.differing.decided == {}, "of 5 pairs nothing can be told"
