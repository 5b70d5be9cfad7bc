"""Looks at comparisons, likeness within a margin, medians: what they promise, simulated and by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ablate.statistics import (
    Folds,
    Looking,
    Seen,
    barren_looks,
    compare,
    default_looks,
    first_look,
    holm,
    shapley_shares,
    sign_flip_p,
    spending,
    split_spread,
)
from ablate.statistics.alike import above_p, alike_needed, alike_p
from ablate.statistics.boundary import Boundary
from ablate.statistics.looks import Family, span_not_crossed
from ablate.statistics.medians import median_interval


def test_the_usual_looks_are_those_that_can_decide():
    assert [first_look(m) for m in (1, 2, 3, 4, 5, 8)] == [6, 7, 8, 8, 9, 9]
    assert default_looks(12, 1) == (6, 8, 10, 12)
    assert default_looks(13, 2) == (7, 9, 11, 13)
    assert default_looks(12, 4) == (8, 10, 12)
    assert default_looks(13, 8) == (9, 11, 13)
    assert default_looks(9, 1) == (6, 8, 9)
    assert spending(4) == (5 / 8, 13 / 16, 29 / 32, 1)
    assert spending(3) == (5 / 8, 13 / 16, 1)
    assert spending(1) == (1,)


def rejected(n, looks, comparisons):
    """How many half-patterns of signs are rejected up to each look."""
    magnitudes = np.array([1.0 + 0.37 * i + 0.01 * i**2 for i in range(n)])
    counts = []
    for index, pairs in enumerate(looks):
        seen = [
            Boundary(np.array([1.0, *signs]) * magnitudes[:pairs], looks[: index + 1])
            for signs in itertools.product((1.0, -1.0), repeat=pairs - 1)
        ]
        shares = spending(len(looks))
        counts.append(sum(one.crossed(shares, 0.05 / comparisons) for one in seen))
    return counts


@pytest.mark.parametrize(
    ("comparisons", "seeds", "expected"), [(1, 10, [1, 5, 25]), (4, 10, [1, 6])]
)
def test_so_many_patterns_are_rejected_as_the_level_allows(comparisons, seeds, expected):
    looks = default_looks(seeds, comparisons)
    assert rejected(seeds, looks, comparisons) == expected
    shares = [count / 2 ** (pairs - 1) for count, pairs in zip(expected, looks, strict=True)]
    spent = [share * 0.05 / comparisons for share in spending(len(looks))]
    assert all(found <= allowed for found, allowed in zip(shares, spent, strict=True))


@settings(max_examples=60)
@given(st.integers(4, 9), st.integers(0, 10**6), st.booleans())
def test_one_look_is_the_sign_flip_test(n, seed, tied):
    differences = np.random.default_rng(seed).standard_normal(n) + 0.8
    if tied:
        differences = np.round(differences)
    for level in (0.05, 0.1, 0.3):
        crossed = Boundary(differences, (n,)).crossed((1.0,), level)
        # The patterns that are tied with the found one all count in p: they fit whole, or not at all.
        assert crossed == (sign_flip_p(differences) <= level + 1e-12)


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from([0.001, 0.01, 0.012, 0.02, 0.03, 0.049, 0.2]), min_size=1, max_size=4)
)
def test_one_look_at_several_is_holms_procedure(p_values):
    family = Family(len(p_values))
    family.look(0, {key: (lambda level, p=p: p <= level) for key, p in enumerate(p_values)})
    assert set(family.decided) == {
        key for key, adjusted in enumerate(holm(p_values)) if adjusted <= 0.05
    }


def test_a_comparison_may_be_decided_by_what_others_cross_later():
    family = Family(2)
    family.look(0, {"a": lambda level: level >= 0.05, "b": lambda level: False})
    assert family.decided == {}, "a has crossed at 0.05, not at 0.025"
    family.look(1, {"b": lambda level: True})
    assert family.decided == {"a": 1, "b": 1}


def looked(rng, looks, comparisons, shift, futility=True, margin=None):
    """The looks at one study; how many seeds each variant got, and what was decided."""
    runs = rng.standard_normal((comparisons, looks[-1])) + shift
    runs = runs * 2**0.5 - 0.0
    looking = Looking(looks, comparisons, margin)
    if not futility:
        looking.futile = _Nothing()
    for index, pairs in enumerate(looks):
        going = [key for key in range(comparisons) if looking.goes_on(key)]
        looking.look(index, {k: Seen(runs[k][:pairs], looks[: index + 1]) for k in going})
        if not any(looking.goes_on(key) for key in range(comparisons)):
            break
    return pairs, looking


class _Nothing(dict):
    def __ior__(self, other):
        return self


def simulated(studies, *given, **options):
    rng = np.random.default_rng(11)
    found = [looked(rng, *given, **options) for _ in range(studies)]
    seeds = np.mean([pairs for pairs, _ in found])
    return seeds, np.mean([bool(looking.differing.decided) for _, looking in found])


def test_looks_err_as_rarely_as_one_does_and_take_fewer_seeds():
    looks = default_looks(12, 1)
    seeds, claims = simulated(1500, looks, 1, 0.0, futility=False)
    assert (seeds, claims) == (pytest.approx(11.8, abs=0.15), pytest.approx(0.05, abs=0.013))
    seeds, claims = simulated(1500, looks, 1, 0.0)
    assert seeds == pytest.approx(7.1, abs=0.2)
    assert claims <= 0.05 + 0.013
    seeds, power = simulated(600, looks, 1, 1.5)
    assert (seeds, power) == (pytest.approx(7.2, abs=0.2), pytest.approx(0.975, abs=0.015))


def test_intervals_agree_with_the_claims_and_hold_the_truth():
    rng, looks = np.random.default_rng(5), default_looks(12, 1)
    held = []
    for shift in (0.0, 1.0):
        for _ in range(120):
            runs = rng.standard_normal(12) + shift
            looking = Looking(looks, 1)
            for index, pairs in enumerate(looks):
                seen = Seen(runs[:pairs], looks[: index + 1])
                looking.look(index, {0: seen})
                if not looking.goes_on(0):
                    break
            low, high = span_not_crossed(seen, spending(4), 0.05)
            assert (0 in looking.differing.decided) == (low > 0 or high < 0)
            held.append(low <= shift <= high)
    assert np.mean(held) >= 0.92


def test_a_look_that_can_spend_nothing_is_known():
    assert barren_looks((4, 8), 1) == [4]
    assert barren_looks((6, 8), 1) == []
    assert barren_looks((6, 8), 4) == [6]


def test_likeness_is_tested_from_both_ends():
    rng = np.random.default_rng(3)
    for n in (5, 8):
        differences = rng.normal(0.1, 0.5, n)
        ours = alike_p(differences, 1.0)
        for sign in (-1, 1):
            result = stats.permutation_test(
                (1.0 + sign * differences,),
                np.sum,
                permutation_type="samples",
                alternative="greater",
                n_resamples=np.inf,
            )
            assert above_p(1.0 + sign * differences) == pytest.approx(result.pvalue)
        assert ours == max(above_p(1 - differences), above_p(1 + differences))
    assert [alike_needed(m) for m in (1, 2)] == [5, 6]


@pytest.mark.parametrize(("n", "power"), [(6, 0.37), (8, 0.61), (10, 0.80)])
def test_likeness_errs_at_the_edge_as_told_and_is_found_inside(n, power):
    noise = np.random.default_rng(7).standard_normal((1500, n))
    edge = np.mean([alike_p(one + 1, 1.0) <= 0.05 for one in noise])
    assert 0.03 <= edge <= 0.065
    assert np.mean([alike_p(one, 1.0) <= 0.05 for one in noise]) == pytest.approx(power, abs=0.04)


def test_likeness_with_looks_needs_both_ends_at_one_look():
    looking = Looking((6, 8), 1, margin=1.0)
    inside = np.array([0.1, -0.1, 0.2, 0.05, -0.2, 0.15, 0.1, -0.1])
    looking.look(0, {0: Seen(inside[:6], (6,))})
    assert looking.alike.decided == {0: 0}
    assert not looking.goes_on(0)
    far = Looking((6, 8), 1, margin=0.01)
    far.look(0, {0: Seen(inside[:6], (6,))})
    assert far.alike.decided == {}
    assert far.futile == {}, "nothing is given up where likeness is asked for"


def test_likeness_of_folds_is_a_corrected_t_test():
    folds = Folds(10, 1 / 9)
    rng = np.random.default_rng(1)
    differences = rng.normal(0, 0.2, 10)
    error = differences.std(ddof=1) * (1 / 10 + 1 / 9) ** 0.5
    by_hand = max(stats.t.sf((1 - sign * differences.mean()) / error, 9) for sign in (-1, 1))
    assert alike_p(differences, 1.0, folds=folds) == pytest.approx(by_hand)


@pytest.mark.parametrize(
    ("n", "rank"), [(5, None), (6, 1), (7, 1), (8, 1), (9, 2), (10, 2), (11, 2), (12, 3)]
)
def test_the_interval_of_a_median_is_that_of_the_sign_test(n, rank):
    values = np.random.default_rng(n).permutation(n).astype(float)
    found = median_interval(values)
    assert found.mean == np.median(values)
    ends = (None, None) if rank is None else (rank - 1, n - rank)
    assert (found.low, found.high) == ends


def test_nothing_is_judged_before_its_time():
    pairs = {"a": ([2.0, 2.1, 2.2, 1.9, 2.0, 2.3], [1.0, 1.0, 1.1, 1.0, 1.2, 1.0])}
    (early,) = compare(pairs, higher_is_better=True, is_complete=False).values()
    assert (early.verdict, early.adjusted_p, early.detectable) == ("not yet", None, None)
    (done,) = compare(pairs, higher_is_better=True, margin=5.0).values()
    assert (done.verdict, done.is_alike) == ("better", True)
    assert done.difference == early.difference


def test_the_intervals_of_all_comparisons_are_wider_than_that_of_one():
    rng = np.random.default_rng(2)
    base = rng.normal(size=8).tolist()
    pairs = {key: (rng.normal(size=8).tolist(), base) for key in range(3)}
    for found in compare(pairs, higher_is_better=True).values():
        low, high = found.simultaneous
        assert low < found.difference.low
        assert high > found.difference.high


def test_shapley_shares_are_means_over_all_orders_and_sum_to_the_whole():
    rng = np.random.default_rng(4)
    factors = dict.fromkeys("abc", (False, True))
    cells = list(itertools.product(*factors.values()))
    responses = {
        seed: {cell: float(value) for cell, value in zip(cells, rng.normal(size=8), strict=True)}
        for seed in range(8)
    }
    shares = shapley_shares(responses, factors)
    orders = list(itertools.permutations(range(3)))
    by_hand = {name: [] for name in factors}
    for of_seed in responses.values():
        gains = dict.fromkeys(factors, 0.0)
        for order in orders:
            there = [False] * 3
            for place in order:
                before = of_seed[tuple(there)]
                there[place] = True
                gains["abc"[place]] += (of_seed[tuple(there)] - before) / len(orders)
        for name, gain in gains.items():
            by_hand[name].append(gain)
    for share in shares:
        assert share.difference.mean == pytest.approx(np.mean(by_hand[share.factor]))
    assert [share.adjusted_p for share in shares] == pytest.approx(
        holm([sign_flip_p(by_hand[name]) for name in factors])
    )
    whole = np.mean(
        [one[True, True, True] - one[False, False, False] for one in responses.values()]
    )
    assert sum(share.difference.mean for share in shares) == pytest.approx(whole)


def test_there_are_no_shares_of_more_than_two_levels():
    responses = {0: {(1,): 1.0, (2,): 2.0, (3,): 3.0}}
    assert shapley_shares(responses, {"a": (1, 2, 3)}) == []


def test_the_spread_is_split_into_searches_and_seeds():
    rng = np.random.default_rng(6)
    held = {"searches": 0, "seeds": 0}
    for _ in range(1500):
        differences = rng.normal(0, 2, (9, 1)) + rng.normal(0, 1, (9, 4))
        found = split_spread(differences.tolist())
        held["searches"] += found.searches.low <= 2 <= found.searches.high
        held["seeds"] += found.seeds.low <= 1 <= found.seeds.high
    assert min(held.values()) >= 0.935 * 1500
    assert found.freedom == 8
    assert found.advice == "searches"
    assert split_spread(differences[:4].tolist()).advice == "", "too few to advise"
    assert split_spread([[1.0], [2.0]]) is None
    assert split_spread([[1.0, 1.0], [2.0, 2.0]]) is None
