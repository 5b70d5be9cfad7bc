"""Scores agree with scikit-learn, also where a class is never predicted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from ablate.training.evaluation import score


@given(st.integers(2, 12), st.integers(1, 200), st.integers(0, 2**32 - 1))
def test_scores_agree_with_scikit_learn(classes, count, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count)
    predicted = rng.integers(0, classes - 1, count)  # the last class is never predicted
    found = score(labels, predicted, classes)
    assert found.accuracy == pytest.approx(np.mean(labels == predicted), abs=1e-12)
    expected = metrics.f1_score(labels, predicted, average="macro", zero_division=0)
    assert found.f1 == pytest.approx(expected, abs=1e-12)
    matrix = np.array(found.confusion_matrix)
    assert matrix.shape == (classes, classes)
    assert matrix.sum() == count
    assert (matrix.sum(axis=1) == np.bincount(labels, minlength=classes)).all()
    assert matrix[:, -1].sum() == 0
