"""How columns are scaled, and the numbers of a regression."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from ablate.data.fitting import Fit, Units
from ablate.datasets import Fitted

RNG = np.random.default_rng(0)
VARIED = np.column_stack(
    [RNG.normal(size=1000), 1e9 + RNG.normal(size=1000), 1e-12 * RNG.random(1000)]
)


def fit(rows):
    columns = rows.shape[1]
    return Fit.to(rows, Fitted((True,) * columns, (False,) * columns))


@pytest.mark.parametrize("constant", [0.0, 0.1, -0.3, 1e12 / 7, 1e-9])
def test_a_column_that_is_the_same_everywhere_is_divided_by_one(constant):
    rows = np.column_stack([np.full(1000, constant), VARIED])
    found = fit(rows)
    assert found.deviation[0] == 1
    other = found.of(np.append(constant + 0.1, VARIED[0])[None])
    assert other[0, 0] == pytest.approx(0.1, abs=0.01)
    assert Units.of(rows).deviation[0] == 1


def test_all_other_columns_are_scaled_to_the_last_digit_as_ever():
    rows = np.column_stack([np.full(1000, 0.1), VARIED])
    for found in (fit(rows), Units.of(rows)):
        assert np.array_equal(found.deviation[1:], VARIED.std(axis=0))
        assert np.array_equal(found.mean[1:], VARIED.mean(axis=0))


def test_constant_is_what_scikit_learn_takes_for_it():
    constants = np.full((1000, 3), [0.1, 1e12 / 7, 5.0])
    rows = np.column_stack([constants, VARIED, constants + 1e-17 * np.arange(1000)[:, None]])
    found, theirs = fit(rows), StandardScaler().fit(rows)
    assert np.allclose(found.deviation, theirs.scale_, rtol=1e-9, atol=0)
