"""Curves of two classes agree with scikit-learn's; their averages over seeds hold what they say."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from ablate.report.numbers import predictions
from ablate.report.numbers.predictions import make_errors, rates
from ablate.spec.study import Cell

GRID = np.linspace(0, 1, 101)


@given(st.integers(4, 80), st.integers(2, 12), st.integers(0, 2**32 - 1))
def test_curves_agree_with_scikit_learn(count, levels, seed):
    rng = np.random.default_rng(seed)
    share = rng.integers(0, levels, count) / (levels - 1)  # many are equal
    true = rng.integers(0, 2, count).astype(float)
    true[:2] = 0, 1
    roc, precision = rates(true, share, GRID)
    false_rate, true_rate, _ = metrics.roc_curve(true, share, drop_intermediate=False)
    assert np.allclose(roc, np.interp(GRID, false_rate, true_rate))
    exact, recall, _ = metrics.precision_recall_curve(true, share)
    expected = [exact[:-1][recall[:-1] >= place - 1e-9].max() for place in GRID]
    assert np.allclose(precision, expected)


def test_the_calibration_is_of_bins_that_every_seed_has():
    first = np.array([0.0, 1, 1, 0]), np.array([0.05, 0.95, 0.97, 0.45])
    second = np.array([0.0, 1, 0, 1]), np.array([0.01, 0.91, 0.99, 0.55])
    found = predictions._separation(Cell(dataset="d", variant="v"), [first, second])
    assert found.seeds == 2
    assert len(found.roc) == len(found.precision) == predictions.GRID
    assert [place for place, _ in found.calibration] == pytest.approx([0.03, 0.955])
    assert [share.mean for _, share in found.calibration] == [0.0, 0.75]


def test_points_are_drawn_from_rows_that_lie_sorted(monkeypatch):
    rows = np.arange(4000.0)[:, None]
    monkeypatch.setattr(
        predictions, "read_predictions", lambda trial, artifacts: (("y",), rows, rows + 1)
    )
    cell = Cell(dataset="diabetes", variant="default")
    study = SimpleNamespace(task="regression")
    (found,) = make_errors(study, {cell: SimpleNamespace(complete={1: None, 2: None})}, None)
    assert len(found.true) == predictions.POINTS
    assert np.array(found.predicted) - np.array(found.true) == pytest.approx(1)
    for start in range(0, 4000, 500):
        share = np.mean([start <= one < start + 500 for one in found.true])
        assert 0.05 < share < 0.2
