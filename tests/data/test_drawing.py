"""Which rows are trained on, validated and held out, whatever way they are drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.data.drawing import Drawing
from ablate.spec.data import Fold

STRATEGIES = [("stratified", False), ("stratified", True), ("random", False), ("random", True)]
DRAWN = [*STRATEGIES, ("chronological", False)]


def drawing(strategy, grouped, rows=60, classes=3, groups=20, seed=0):
    rng = np.random.default_rng(seed)
    targets = rng.permutation(np.arange(rows) % classes)
    kept = np.sort(np.arange(rows) % groups) if grouped else None
    return Drawing(targets, kept, strategy)


def apart(found, rows, *parts):
    """Whether parts share no row and no group."""
    sets = [set(part.tolist()) for part in parts]
    assert all(not one & other for i, one in enumerate(sets) for other in sets[i + 1 :])
    if found.groups is not None:
        names = [set(found.groups[part].tolist()) for part in parts]
        assert all(not one & other for i, one in enumerate(names) for other in names[i + 1 :])


@pytest.mark.parametrize(("strategy", "grouped"), DRAWN)
@settings(max_examples=15)
@given(folds=st.integers(2, 6), repeat=st.integers(0, 3), seed=st.integers(0, 99))
def test_nothing_that_a_fold_holds_out_is_trained_on_or_validated(
    strategy, grouped, folds, repeat, seed
):
    found = drawing(strategy, grouped, seed=seed)
    held_out = []
    for number in range(folds):
        fold = Fold(folds=folds, number=number, repeat=repeat, seed=seed)
        outside, held = found.fold(fold)
        train, validation = found.validation(outside, 0.2, seed)
        apart(found, 60, train, validation, held)
        assert sorted([*train, *validation]) == sorted(outside)
        assert len(train) and len(validation) and len(held)
        if strategy == "chronological":
            assert train.max() < validation.min() <= validation.max() < held.min()
        held_out += held.tolist()
    if strategy == "chronological":
        assert held_out == list(range(60 - len(held_out), 60))
    else:
        assert sorted(held_out) == list(range(60)), "each row is held out once"


def test_folds_are_those_of_the_study_and_not_of_a_replicate():
    found = drawing("stratified", False)
    one, same, other, again = (
        found.fold(Fold(folds=4, number=n, repeat=r, seed=s))[1].tolist()
        for n, r, s in [(1, 0, 7), (1, 0, 7), (1, 1, 7), (1, 0, 8)]
    )
    assert one == same
    assert one != other
    assert one != again


@pytest.mark.parametrize("grouped", [False, True])
def test_stratified_folds_have_the_shares_of_the_classes(grouped):
    found = drawing("stratified", grouped, rows=120, groups=40)
    for number in range(4):
        outside, held = found.fold(Fold(folds=4, number=number))
        counts = np.bincount(found.targets[held], minlength=3)
        assert np.abs(counts - 10).max() <= (2 if grouped else 1)
        _, validation = found.validation(outside, 0.25, 1)
        shares = np.bincount(found.targets[validation], minlength=3) / len(validation)
        assert np.abs(shares - 1 / 3).max() < 0.1


def test_a_window_expands():
    found = drawing("chronological", False)
    sizes = []
    for number in range(5):
        outside, held = found.fold(Fold(folds=5, number=number))
        assert outside.tolist() == list(range(len(outside)))
        assert held.tolist() == list(range(len(outside), len(outside) + 10))
        sizes.append(len(outside))
    assert sizes == [10, 20, 30, 40, 50]


def test_the_last_rows_are_validated_whatever_the_seed():
    found = drawing("chronological", False)
    for seed in (0, 1):
        train, validation = found.validation(np.arange(60), 0.25, seed)
        assert (train.tolist(), validation.tolist()) == (list(range(45)), list(range(45, 60)))


def test_targets_of_several_columns_are_cut_at_random():
    found = Drawing(np.zeros((20, 2)), None, "random")
    outside, held = found.fold(Fold(folds=4, number=0))
    assert (len(outside), len(held)) == (15, 5)
