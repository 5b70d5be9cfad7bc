"""Several searches of each variant: their seeds, what they are called, and which are owed."""

from __future__ import annotations

import pytest
from hand_made import compare, make_stored, replicate

from ablate.planning.plan import parts
from ablate.state.next_order import next_order
from ablate.state.orders import TrainReplicate, TuneTrial
from ablate.state.phases import phase_states
from ablate.store.runs import training_runs


def study(project, searches, *settings, seeds=6):
    return compare(
        project, "tune.trials=2", f"replicate.searches={searches}", *settings, seeds=seeds
    )


def test_each_seed_has_a_search_of_its_own(project):
    spec = study(project, '"each"')
    assert spec.search_count == 6
    assert len(spec.searched_cells) == 12
    (cell, _) = spec.cells
    searched = [spec.searched_cell(cell, seed) for seed in spec.seeds]
    assert [one.search for one in searched] == [0, 1, 2, 3, 4, 5]
    assert [one.within for one in searched][:2] == ["search 1", "search 2"]
    assert {one.whole for one in searched} == {cell}
    seeds = {spec.search_seed(one) for one in spec.searched_cells}
    assert len(seeds) == 6, "the same for all variants"
    assert not seeds & {spec.seed, *spec.seeds}
    assert parts(spec)[0].name == "dense/tune/units=16/search 1"


def test_seeds_are_dealt_out_to_a_few_searches(project):
    spec = study(project, 3)
    (cell, _) = spec.cells
    assert [spec.searched_cell(cell, seed).search for seed in spec.seeds] == [0, 1, 2, 0, 1, 2]
    more = study(project, 3, seeds=9)
    assert [more.searched_cell(cell, seed) for seed in more.seeds[:6]] == [
        spec.searched_cell(cell, seed) for seed in spec.seeds
    ], "further seeds change nothing of those before"


def test_one_search_is_as_it_was(project):
    spec = compare(project, "tune.trials=2")
    assert spec.searched_cells == spec.cells
    assert all(spec.search_seed(cell) == spec.seed for cell in spec.cells)
    assert "search" not in spec.cells[0].model_dump()
    assert "searches" not in spec.replicate.model_dump()


def carry_out(stored, order):
    """Writes what an order asks for as if it had been trained."""
    from hand_made import RATE, _write

    if isinstance(order, TuneTrial):
        _write(
            stored.tuning[order.cell],
            "complete",
            0.5,
            {"learning_rate": (0.1, RATE)},
            {"slot": order.slot},
        )
    else:
        replicate(
            stored,
            order.cell.variant,
            order.seed,
            chosen_from=order.chosen_from,
            test_accuracy=0.9 if order.cell.variant == "units=4" else 0.5 + order.seed / 100,
        )


@pytest.mark.parametrize(
    ("settings", "tuned", "replicated"),
    [((), 2 * 2 * 8, 16), (("replicate.looks=true",), 2 * 2 * 6, 12)],
)
def test_looks_save_searches_too(project, settings, tuned, replicated):
    stored = make_stored(study(project, '"each"', *settings, seeds=8))
    orders = []
    while (order := next_order(stored, project.place, [])) is not None:
        orders.append(order)
        carry_out(stored, order)
    assert sum(isinstance(one, TuneTrial) for one in orders) == tuned
    assert sum(isinstance(one, TrainReplicate) for one in orders) == replicated
    assert [(one.finished, one.total) for one in phase_states(stored)] == [
        (tuned, tuned),
        (replicated, replicated),
    ]
    runs = list(training_runs(stored.spec, stored.parts))
    assert {run.seed for run in runs if run.phase == "replicate"} == {
        one.seed for one in orders if isinstance(one, TrainReplicate)
    }
