"""What is owed next, with what is stored and what is under way."""

from __future__ import annotations

import pytest
from hand_made import compare, make_stored, replicate, tune

from ablate.state.next_order import cut_off, next_order, under_way
from ablate.state.orders import TrainReplicate, TuneTrial


@pytest.fixture
def stored(project):
    return make_stored(compare(project, "tune.trials=2", seeds=2))


def drawn(stored, project, count, given=()):
    """So many orders, given one after the other, none of them carried out yet."""
    orders = list(given)
    for _ in range(count):
        order = next_order(stored, project.place, orders, workers=count)
        if order is None:
            break
        orders.append(order)
    return orders[len(given) :]


def shown(orders):
    return [
        (o.cell.variant, o.slot) if isinstance(o, TuneTrial) else (o.cell.variant, f"seed {o.seed}")
        for o in orders
    ]


def test_searches_take_turns_and_no_slot_is_given_twice(stored, project):
    orders = drawn(stored, project, 9)
    assert shown(orders) == [
        ("units=16", 0),
        ("units=4", 0),
        ("units=16", 1),
        ("units=4", 1),
    ]
    assert all(order.workers == 9 for order in orders)


def test_replicates_wait_for_the_last_trial_of_the_search(stored, project):
    for variant in ("units=16", "units=4"):
        tune(stored, variant, 0.5, slot=0)
    tune(stored, "units=16", 0.4, slot=1)
    (last,) = drawn(stored, project, 3)
    assert shown([last]) == [("units=4", 1)]
    tune(stored, "units=4", outcome="running", slot=1)
    assert drawn(stored, project, 1) == []
    assert under_way(stored) == 1


def test_replicates_under_way_are_not_given_again(stored, project):
    for variant in ("units=16", "units=4"):
        for slot in (0, 1):
            tune(stored, variant, 0.5 - 0.1 * slot, slot=slot)
    orders = drawn(stored, project, 9)
    assert shown(orders) == [
        ("units=16", "seed 1"),
        ("units=4", "seed 1"),
        ("units=4", "seed 2"),
        ("units=16", "seed 2"),
    ]
    assert {order.chosen_from for order in orders} == {1}
    assert isinstance(orders[0], TrainReplicate)
    replicate(stored, "units=16", 1, outcome="running", chosen_from=1)
    assert shown(drawn(stored, project, 9)) == shown(orders[1:])


def test_a_slot_that_was_cut_off_is_owed_again(stored, project):
    tune(stored, "units=16", outcome="interrupted", slot=0)
    tune(stored, "units=16", 0.5, slot=1)
    tune(stored, "units=4", 0.5, slot=0)
    assert shown(drawn(stored, project, 9)) == [("units=16", 0), ("units=4", 1)]
    assert cut_off(stored) == 1


def test_a_replicate_that_was_cut_off_is_counted(stored):
    for variant in ("units=16", "units=4"):
        for slot in (0, 1):
            tune(stored, variant, 0.5, slot=slot)
    replicate(stored, "units=16", 1, outcome="interrupted")
    assert cut_off(stored) == 1
    replicate(stored, "units=16", 1)
    assert cut_off(stored) == 0


def test_in_turn_no_search_has_two_trials_under_way(stored, project):
    first = next_order(stored, project.place, [], in_turn=True)
    second = next_order(stored, project.place, [first], in_turn=True)
    assert shown([first, second]) == [("units=16", 0), ("units=4", 0)]
    assert next_order(stored, project.place, [first, second], in_turn=True) is None
    tune(stored, "units=16", 0.5, slot=0)
    third = next_order(stored, project.place, [second], in_turn=True)
    assert shown([third]) == [("units=16", 1)]


def test_in_turn_replicates_still_go_side_by_side(stored, project):
    for variant in ("units=16", "units=4"):
        for slot in (0, 1):
            tune(stored, variant, 0.5 - 0.1 * slot, slot=slot)
    orders = []
    while (order := next_order(stored, project.place, orders, in_turn=True)) is not None:
        orders.append(order)
    assert len(orders) == 4
