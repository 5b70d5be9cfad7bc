"""The corrected t test of folds: its formula, its edges, and how often it is wrong."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ablate.statistics import Folds, compare, factorial_effects, mean_interval, paired_difference

FIVE = Folds(5, 1 / 4)
DIFFERENCES = [0.3, -0.1, 0.4, 0.2, 0.25, 0.1, 0.05, 0.3, -0.05, 0.2]


def test_it_is_that_of_nadeau_and_bengio():
    found = paired_difference(DIFFERENCES, [0.0] * 10, folds=FIVE)
    error = math.sqrt((1 / 10 + 1 / 4) * np.var(DIFFERENCES, ddof=1))
    t = np.mean(DIFFERENCES) / error
    assert found.p == pytest.approx(2 * stats.t.sf(t, df=4))
    reach = stats.t.ppf(0.975, df=4) * error
    assert (found.low, found.high) == pytest.approx((found.mean - reach, found.mean + reach))
    uncorrected = stats.ttest_1samp(DIFFERENCES, 0).pvalue
    assert found.p > uncorrected


def test_the_mean_of_a_variant_has_the_same_error():
    found = mean_interval(DIFFERENCES, folds=FIVE)
    wider = mean_interval(DIFFERENCES)
    assert found.mean == wider.mean
    assert found.high - found.low > wider.high - wider.low
    both = paired_difference(DIFFERENCES, [0.0] * 10, folds=FIVE)
    assert (found.low, found.high) == (both.low, both.high)


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=12), st.integers(2, 10))
def test_verdicts_intervals_and_p_agree(differences, folds):
    design = Folds(folds, 1 / (folds - 1))
    found = compare(
        {"a": (differences, [0.0] * len(differences))}, higher_is_better=True, folds=design
    )["a"]
    own = found.difference
    is_claimed = found.verdict in ("better", "worse")
    assert is_claimed == (found.adjusted_p <= 0.05)
    if own.sd:
        assert is_claimed == (own.low > 0 or own.high < 0) or own.p == pytest.approx(0.05)
        assert found.detectable > 0


def test_differences_that_do_not_spread_say_no_more_than_their_signs():
    found = paired_difference([1.0] * 4, [0.5] * 4, folds=FIVE)
    assert (found.sd, found.p) == (0.0, 0.125)
    none = paired_difference([1.0] * 4, [1.0] * 4, folds=FIVE)
    assert none.p == 1.0
    verdict = compare({"a": ([1.0] * 4, [1.0] * 4)}, higher_is_better=True, folds=FIVE)["a"].verdict
    assert verdict == "identical"


def test_a_single_fold_says_nothing():
    found = compare({"a": ([1.0], [0.5])}, higher_is_better=True, folds=FIVE)["a"]
    assert (found.verdict, found.difference.p, found.needed) == ("too few seeds", 1.0, 2)


def test_holm_stands_on_top():
    pairs = {name: (DIFFERENCES, [shift] * 10) for name, shift in [("a", 0.0), ("b", 0.15)]}
    found = compare(pairs, higher_is_better=True, folds=FIVE)
    alone = compare({"a": pairs["a"]}, higher_is_better=True, folds=FIVE)
    assert found["a"].adjusted_p == pytest.approx(2 * alone["a"].adjusted_p)


def test_what_it_can_see_is_found_four_times_in_five():
    """With the differences that it is made for: normal, as correlated as it takes them for."""
    rng, ratio, n = np.random.default_rng(1), 1 / 4, 5
    rho = ratio / (1 + ratio)
    shared = rng.normal(size=(4000, 1)) * math.sqrt(rho)
    noise = shared + rng.normal(size=(4000, n)) * math.sqrt(1 - rho)
    seen = Folds(5, ratio).detectable(n, math.sqrt(1 - rho), 1, 0.8, 0.05)
    claims = [
        Folds(5, ratio).p(n, float(row.mean()), float(row.std(ddof=1))) <= 0.05
        for row in noise + seen
    ]
    assert np.mean(claims) == pytest.approx(0.8, abs=0.03)


def test_effects_of_a_factorial_have_it_too():
    responses = {
        seed: {("x",): value, ("y",): value + shift}
        for seed, (value, shift) in enumerate(zip(DIFFERENCES, DIFFERENCES, strict=True))
    }
    plain, corrected = (
        factorial_effects(responses, {"f": ("x", "y")}, folds)[0].difference
        for folds in (None, FIVE)
    )
    assert plain.mean == corrected.mean
    assert corrected.high - corrected.low > plain.high - plain.low


def test_equal_learners_are_seldom_told_apart():
    """A small version of `benchmarks/folds.py`, with its seeds."""
    path = Path(__file__).parents[1] / "benchmarks" / "folds.py"
    spec = importlib.util.spec_from_file_location("folds_benchmark", path)
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    verdict, own_freedom, uncorrected = benchmark.claims("nearest", 60, 5, 2, studies=400)
    assert verdict <= 0.05
    assert verdict < own_freedom < uncorrected
    assert uncorrected > 0.2, "what the correction is for"
