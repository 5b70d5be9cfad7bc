"""The trade-off table and its Pareto front."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.errors import InputError
from ablate.report.numbers.tradeoff import pareto_front, tradeoff_table, undominated
from ablate.spec.measure import MeasureTable
from ablate.spec.measures import measures_of

ROWS = [
    # number, outcome, accuracy, f1, loss, parameters, flops, seconds, units
    (0, "complete", 0.90, 0.90, 0.30, 100, 10, 5.0, 1),
    (1, "complete", 0.95, 0.94, 0.20, 200, 20, 9.0, 2),
    (2, "complete", 0.89, 0.88, 0.10, 100, 10, 5.0, 3),
    (3, "pruned", None, None, None, 50, 5, 1.0, 4),
    (4, "complete", 0.95, 0.95, 0.25, 200, None, 8.0, 5),
]
NAMES = [
    "phase",
    "dataset",
    "variant",
    "number",
    "outcome",
    "val_accuracy",
    "val_f1",
    "val_loss",
    "parameters",
    "flops",
    "training_seconds",
    "units",
]
RESULTS = pd.DataFrame(
    [("tune", "digits", "dense", *row) for row in ROWS], columns=NAMES
).convert_dtypes()


MEASURES = measures_of("classification")
OBJECTIVES = [one.key("validation") for one in MEASURES.weighed]


def test_complete_trials_are_sorted_and_the_front_is_marked():
    table = tradeoff_table(RESULTS, ["units"], MEASURES)
    assert list(table["number"]) == [2, 1, 4, 0]
    assert dict(zip(table["number"], table["pareto"], strict=True)) == {
        0: True,
        1: False,  # trial 4 is as accurate and quicker
        2: False,  # trial 0 is more accurate at the same cost
        4: True,
    }


def test_replicates_are_no_rows_of_the_table():
    both = pd.concat([RESULTS, RESULTS.assign(phase="replicate")])
    assert tradeoff_table(both, ["units"], MEASURES).equals(
        tradeoff_table(RESULTS, ["units"], MEASURES)
    )


def test_several_variants_and_data_sets_are_told_apart():
    assert list(tradeoff_table(RESULTS, ["units"], MEASURES).columns[:2]) == ["number", "units"]
    other = RESULTS.assign(variant="wide", dataset="line")
    table = tradeoff_table(pd.concat([RESULTS, other]), ["units"], MEASURES)
    assert list(table.columns[:3]) == ["dataset", "variant", "number"]
    assert len(table) == 8


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("val_accuracy", [1, 4, 0, 2]),
        ("accuracy", [1, 4, 0, 2]),
        ("F1", [4, 1, 0, 2]),
        ("parameters", [0, 2, 1, 4]),
        ("time (s)", [0, 2, 4, 1]),
        ("units", [0, 1, 2, 4]),
        ("flops", [0, 2, 1, 4]),
    ],
)
def test_scores_sort_from_the_highest_and_costs_from_the_lowest(sort, order):
    assert list(tradeoff_table(RESULTS, ["units"], MEASURES, sort)["number"]) == order


def test_a_measure_that_is_newer_than_all_trials_has_no_column():
    results = RESULTS.assign(flops=pd.NA)
    assert "flops" in tradeoff_table(results, ["units"], MEASURES)
    newer = MeasureTable(tuple(replace(one, optional=one.name == "flops") for one in MEASURES.all))
    assert "flops" not in tradeoff_table(results, ["units"], newer)
    assert "flops" in tradeoff_table(RESULTS, ["units"], newer)


def test_an_unknown_column_is_said():
    with pytest.raises(InputError) as caught:
        tradeoff_table(RESULTS, ["units"], MEASURES, "val_acuracy")
    assert str(caught.value) == (
        '--sort: there is no column val_acuracy; did you mean "val_accuracy"?'
    )


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12
    )
)
def test_the_front_is_what_nothing_dominates(points):
    table = pd.DataFrame(points, columns=list(OBJECTIVES)).convert_dtypes()

    def dominates(one, other):
        at_least = one[0] >= other[0] and one[1] <= other[1] and one[2] <= other[2]
        return at_least and one != other

    expected = [not any(dominates(other, point) for other in points) for point in points]
    assert pareto_front(table, OBJECTIVES) == expected
    assert any(expected)


def test_costs_that_are_about_the_same_are_so_below_0_too():
    costs = np.array([[-1.0, 2.0], [-1.05, 1.0], [-1.0, 1.0]])
    assert undominated(costs, [0.1, 0.0]) == [False, True, True]
    assert undominated(-costs, [0.1, 0.0]) == [True, False, False]
