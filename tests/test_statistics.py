import importlib.util
import math
import sys
from itertools import combinations, pairwise, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from ablate.statistics import (
    compare,
    detectable_difference,
    expected_best,
    factorial_effects,
    holm,
    mean_interval,
    noise_floor,
    paired_difference,
    ratio_interval,
    seeds_needed,
    sign_flip_p,
    smallest_p,
)

numbers = st.floats(-100, 100, allow_subnormal=False)
some = st.lists(numbers, min_size=1, max_size=10)


def drawn(n, seed=0):
    return np.random.default_rng(seed).normal(0.3, 1, n).tolist()


def brute_force_p(differences):
    found = abs(math.fsum(differences))
    sums = [
        abs(math.fsum(sign * value for sign, value in zip(signs, differences, strict=True)))
        for signs in product((1, -1), repeat=len(differences))
    ]
    return sum(value >= found - 1e-9 * math.fsum(map(abs, differences)) for value in sums) / len(
        sums
    )


# Intervals


@pytest.mark.parametrize("n", [2, 3, 10, 200])
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_intervals_are_those_of_scipy(n, confidence):
    values, baseline = drawn(n), drawn(n, seed=1)
    expected = stats.ttest_rel(values, baseline).confidence_interval(confidence)
    found = paired_difference(values, baseline, confidence)
    assert (found.low, found.high) == pytest.approx(tuple(expected))
    expected = stats.ttest_1samp(values, 0).confidence_interval(confidence)
    found = mean_interval(values, confidence)
    assert (found.low, found.high) == pytest.approx(tuple(expected))


def test_one_value_has_a_mean_and_no_interval():
    interval = mean_interval([0.9])
    assert (interval.n, interval.mean, interval.low, interval.high) == (1, 0.9, None, None)
    interval = ratio_interval([3.0], [2.0])
    assert (interval.low, interval.high) == (None, None)
    assert interval.mean == pytest.approx(1.5)


def test_equal_values_have_an_interval_without_width():
    interval = mean_interval([0.1] * 3)
    assert (interval.mean, interval.low, interval.high) == (0.1, 0.1, 0.1)


def test_a_ratio_is_a_geometric_mean_with_an_interval_on_the_logarithms():
    values, baseline = [2.0, 8.0, 3.0], [1.0, 2.0, 2.0]
    interval = ratio_interval(values, baseline)
    logs = np.log([2.0, 4.0, 1.5])
    assert interval.mean == pytest.approx(12.0 ** (1 / 3))
    expected = stats.ttest_1samp(logs, 0).confidence_interval()
    assert (interval.low, interval.high) == pytest.approx(tuple(np.exp(expected)))
    turned = ratio_interval(baseline, values)
    assert (1 / turned.mean, 1 / turned.high) == pytest.approx((interval.mean, interval.low))


@given(some, st.floats(-50, 50), st.floats(0.1, 50))
def test_intervals_move_and_stretch_with_the_values(values, shift, scale):
    assume(len(values) == 1 or np.ptp(values) > 1e-6)
    before = mean_interval(values)
    after = mean_interval([scale * value + shift for value in values])
    assert after.mean == pytest.approx(scale * before.mean + shift, abs=1e-8)
    if before.low is not None and before.high is not None:
        assert after.low == pytest.approx(scale * before.low + shift, abs=1e-8)
        assert after.high == pytest.approx(scale * before.high + shift, abs=1e-8)


def test_the_noise_floor_is_half_of_wilsons_interval():
    for correct, images in ((910, 1000), (0, 50), (50, 50), (1, 1)):
        expected = stats.binomtest(correct, images).proportion_ci(method="wilson")
        # SciPy cuts the interval at 0 and 1, so the middle is taken from Wilson's formula.
        z = stats.norm.ppf(0.975)
        middle = (correct / images + z * z / (2 * images)) / (1 + z * z / images)
        half = max(expected.high - middle, middle - expected.low)
        assert noise_floor(correct / images, images) == pytest.approx(half)


# Paired differences


def test_one_pair_shows_a_mean_and_nothing_else():
    found = paired_difference([0.5], [0.25])
    assert (found.n, found.mean, found.p) == (1, 0.25, 1.0)
    assert [found.low, found.high, found.sd, found.effect_size] == [None] * 4


def test_the_effect_size_is_hedges_g():
    values = drawn(5)
    found = paired_difference(values, [0.0] * 5)
    exact = math.gamma(2) / (math.sqrt(2) * math.gamma(1.5))
    assert found.effect_size == pytest.approx(exact * np.mean(values) / np.std(values, ddof=1))
    assert paired_difference([1.0, 2.0], [0.0, 0.0]).effect_size is None


def test_hedges_correction_removes_the_bias():
    rng = np.random.default_rng(0)
    sizes = [paired_difference(rng.normal(1, 1, 6), np.zeros(6)).effect_size for _ in range(4000)]
    assert np.mean(sizes) == pytest.approx(1, abs=0.04)


@pytest.mark.parametrize("n", [2, 6, 20])
def test_differences_that_are_equal_but_for_rounding_do_not_spread(n):
    baseline = [round(0.8 + 0.007 * index, 3) for index in range(n)]
    values = [round(value + 0.01, 3) for value in baseline]
    assert len({a - b for a, b in zip(values, baseline, strict=True)}) > 1
    found = paired_difference(values, baseline)
    assert found.mean == pytest.approx(0.01)
    assert (found.sd, found.effect_size) == (0.0, None)
    assert found.low == found.high == found.mean
    assert found.p == pytest.approx(max(smallest_p(n), 1e-5))


def test_differences_that_are_zero_but_for_rounding_are_zero():
    values = [0.1 + 0.2, 0.7 + 0.1, 0.3 + 0.6, 0.91 - 0.9, 0.5, 0.5]
    found = paired_difference(values, [0.3, 0.8, 0.9, 0.01, 0.5, 0.5])
    assert (found.mean, found.sd, found.p, found.effect_size) == (0.0, 0.0, 1.0, None)


# The sign-flip test


@pytest.mark.parametrize("n", [1, 2, 5, 8, 12])
def test_the_exact_p_is_that_of_all_patterns_and_of_scipy(n):
    differences = drawn(n, seed=n)
    p = sign_flip_p(differences)
    assert p == brute_force_p(differences)
    if n > 1:
        expected = stats.permutation_test(
            (differences, np.zeros(n)),
            lambda a, b: np.mean(a) - np.mean(b),
            permutation_type="samples",
            n_resamples=np.inf,
        )
        assert p == pytest.approx(expected.pvalue)


@given(st.lists(st.integers(0, 200), min_size=2, max_size=9), st.data())
def test_ties_of_accuracies_count_although_floats_round(counts, data):
    other = data.draw(st.lists(st.integers(0, 200), min_size=len(counts), max_size=len(counts)))
    in_images = [a - b for a, b in zip(counts, other, strict=True)]
    as_shares = [a / 200 - b / 200 for a, b in zip(counts, other, strict=True)]
    assert sign_flip_p(as_shares, 1e-12) == brute_force_p(in_images)
    found = paired_difference([a / 200 for a in counts], [b / 200 for b in other])
    assert found.p == brute_force_p(in_images)


def test_with_more_pairs_random_patterns_come_near_the_exact_p():
    differences = drawn(18, seed=3)
    exact = brute_force_p(differences)
    assert sign_flip_p(differences) == pytest.approx(exact, abs=4 * math.sqrt(exact / 99_999))
    assert sign_flip_p(differences) == sign_flip_p(differences[::-1])
    assert sign_flip_p(differences) == sign_flip_p([-value for value in differences])
    assert sign_flip_p([1.0] * 17) >= smallest_p(17)
    assert sign_flip_p([0.0] * 200) == 1.0
    assert sign_flip_p([1.0] * 200) == 1e-5


@given(some, st.randoms(use_true_random=False))
def test_the_p_is_in_range_and_knows_neither_order_nor_direction(differences, random):
    p = sign_flip_p(differences)
    assert smallest_p(len(differences)) <= p <= 1
    shuffled = random.sample(differences, len(differences))
    assert sign_flip_p(shuffled) == p
    assert sign_flip_p([-value for value in differences]) == p
    assert sign_flip_p([4 * value for value in differences]) == p


def test_how_many_seeds_a_family_needs():
    assert [smallest_p(n) for n in (1, 2, 6)] == [1.0, 0.5, 0.03125]
    assert smallest_p(0) == 1.0
    assert [seeds_needed(family) for family in (1, 2, 4, 10)] == [6, 7, 8, 9]
    assert seeds_needed(1, alpha=0.03125) == 6
    for family in range(1, 60):
        needed = seeds_needed(family)
        assert smallest_p(needed) * family <= 0.05 < smallest_p(needed - 1) * family


# Holm


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9, 0.01]) == pytest.approx([1.0, 1.0, 0.03])
    assert holm([0.2]) == [0.2]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_keeps_the_order_and_never_lowers_a_p(p_values):
    adjusted = holm(p_values)
    assert all(raw <= new <= 1 for raw, new in zip(p_values, adjusted, strict=True))
    for (raw_a, new_a), (raw_b, new_b) in combinations(zip(p_values, adjusted, strict=True), 2):
        assert (new_a <= new_b) if raw_a <= raw_b else (new_b <= new_a)
    if p_values:
        assert min(adjusted) == min(1.0, len(p_values) * min(p_values))


# What can be detected


@pytest.mark.parametrize(("n", "comparisons"), [(6, 1), (8, 1), (8, 4), (10, 1), (13, 2), (15, 1)])
def test_a_detectable_difference_is_found_four_times_in_five(n, comparisons):
    difference = detectable_difference(n, comparisons)
    rng = np.random.default_rng(n)
    p_values = [sign_flip_p(rng.normal(difference, 1, n)) for _ in range(1500)]
    # Three standard errors of 1,500 studies.
    assert np.mean([p * comparisons <= 0.05 for p in p_values]) == pytest.approx(0.8, abs=0.031)


def test_what_is_detectable_follows_seeds_comparisons_power_and_alpha():
    assert detectable_difference(5) is None
    assert detectable_difference(6, 2) is None
    by_seeds = [detectable_difference(n) for n in range(6, 31)]
    assert by_seeds == sorted(by_seeds, reverse=True)
    assert detectable_difference(8, 4) > detectable_difference(8)
    assert detectable_difference(8, power=0.9) > detectable_difference(8)
    assert detectable_difference(8, alpha=0.01) > detectable_difference(8)
    # The normal approximation, (1.96 + 0.84) / sqrt(n).
    assert detectable_difference(200) == pytest.approx(2.802 / math.sqrt(200), rel=0.01)


# Verdicts


def pairs(*means, n=8, sd=0.01):
    baseline = [0.8 + value for value in drawn(n, seed=9)]
    noise = [[sd * value for value in drawn(n, seed=index)] for index, _ in enumerate(means)]
    return {
        index: ([b + mean + e for b, e in zip(baseline, noise[index], strict=True)], baseline)
        for index, mean in enumerate(means)
    }


def test_verdicts():
    family = pairs(0.5, -0.5, 0.0)
    family["same"] = (family[0][1], family[0][1])
    found = compare(family, higher_is_better=True)
    assert [c.verdict for c in found.values()] == [
        "better",
        "worse",
        "no detectable difference",
        "identical",
    ]
    assert found[0].adjusted_p == 4 * smallest_p(8)
    assert {c.needed for c in found.values()} == {8}
    unit = detectable_difference(8, 4)
    assert found[2].detectable == pytest.approx(unit * found[2].difference.sd)
    assert found["same"].detectable is None
    assert compare({}, higher_is_better=True) == {}


def test_with_too_few_seeds_nothing_is_claimed():
    family = pairs(0.5, 0.0, n=6)
    family["same"] = (family[0][1], family[0][1])
    found = compare(family, higher_is_better=True)
    assert {c.verdict for c in found.values()} == {"too few seeds"}
    assert {(c.needed, c.detectable) for c in found.values()} == {(7, None)}
    alone = compare({0: family[0]}, higher_is_better=True)
    assert (alone[0].verdict, alone[0].needed) == ("better", 6)


def test_holms_later_steps_let_a_variant_with_fewer_seeds_follow():
    found = compare(pairs(0.5, n=10) | {"few": pairs(0.5, n=6)[0]}, higher_is_better=True)
    assert [c.verdict for c in found.values()] == ["better", "better"]
    assert found["few"].adjusted_p == smallest_p(6)


@given(st.lists(st.lists(st.integers(-4, 6), min_size=9, max_size=9), min_size=1, max_size=3))
@settings(max_examples=60)
def test_verdicts_turn_with_what_is_better(rows):
    family = {index: (row, [0] * 9) for index, row in enumerate(rows)}
    turn = {"better": "worse", "worse": "better"}
    up, down = (compare(family, higher_is_better=higher) for higher in (True, False))
    for key, comparison in up.items():
        assert down[key].verdict == turn.get(comparison.verdict, comparison.verdict)
        assert down[key].difference == comparison.difference
        claimed = comparison.verdict in turn
        assert claimed == (comparison.adjusted_p <= 0.05)
        assert (comparison.verdict == "identical") == (not any(family[key][0]))


# Searches

losses = st.lists(st.one_of(st.floats(-5, 5), st.just(math.inf)), min_size=1, max_size=7)


@given(losses)
def test_the_expected_best_is_the_mean_over_all_subsets(values):
    found = expected_best(values)
    for k, expected in enumerate(found, start=1):
        best = [min(subset) for subset in combinations(values, k)]
        assert expected == pytest.approx(sum(best) / len(best), abs=1e-9)
    assert found[-1] == min(values)
    assert all(later <= earlier for earlier, later in pairwise(found))


def test_the_expected_best_of_many_trials():
    n = 10_000
    found = expected_best(np.random.default_rng(0).permutation(n) / n)
    # The lowest of k of the numbers 1 to n is (n + 1) / (k + 1) on average.
    expected = [((n + 1) / (k + 1) - 1) / n for k in range(1, n + 1)]
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)
    with_infinite = expected_best([0.5] * 9_000 + [math.inf] * 1_000)
    assert with_infinite == [math.inf] * 1_000 + [0.5] * 9_000
    assert expected_best([]) == []


# Factorial effects

FACTORS = {"norm": (False, True), "size": (16, 32, 64), "head": ("a", "b")}
CELLS = list(product(*FACTORS.values()))


def test_effects_by_hand():
    factors = {"a": (0, 1), "b": ("x", "y")}
    cells = [(0, "x"), (0, "y"), (1, "x"), (1, "y")]
    table = {
        7: dict(zip(cells, (1.0, 2.0, 4.0, 9.0), strict=True)),
        8: dict(zip(cells, (0.0, 3.0, 2.0, 5.0), strict=True)),
        9: {cells[0]: 100.0},
    }
    found = factorial_effects(table, factors)
    assert [effect.terms for effect in found] == [
        (("a", 1),),
        (("b", "y"),),
        (("a", 1), ("b", "y")),
    ]
    # Seed 7: ((4 - 1) + (9 - 2)) / 2, ((2 - 1) + (9 - 4)) / 2, 5 - 1; seed 8: 2, 3, 3 - 3.
    assert [effect.difference.mean for effect in found] == pytest.approx([3.5, 3.0, 2.0])
    assert found[0].difference.sd == pytest.approx(3 / math.sqrt(2))
    assert {effect.difference.n for effect in found} == {2}


def test_effects_are_contrasts_of_the_table():
    rng = np.random.default_rng(4)
    table = {seed: {cell: float(rng.normal()) for cell in CELLS} for seed in range(5)}
    found = {effect.terms: effect.difference for effect in factorial_effects(table, FACTORS)}
    assert [tuple(name for name, _ in terms) for terms in found] == [
        *[("norm",), ("size",), ("size",), ("head",)],
        *[("norm", "size")] * 2,
        *[("norm", "head")],
        *[("size", "head")] * 2,
    ]
    main = [
        np.mean([y[n, 64, h] - y[n, 16, h] for n, h in product((False, True), "ab")])
        for y in table.values()
    ]
    assert found[("size", 64),].mean == pytest.approx(np.mean(main))
    assert found[("size", 64),].p == sign_flip_p(main)
    interaction = [
        np.mean([y[n, 32, "b"] - y[n, 32, "a"] - y[n, 16, "b"] + y[n, 16, "a"] for n in (0, 1)])
        for y in table.values()
    ]
    difference = found[("size", 32), ("head", "b")]
    assert difference.mean == pytest.approx(np.mean(interaction))
    assert difference.sd == pytest.approx(np.std(interaction, ddof=1))


def test_an_additive_response_has_no_interactions():
    rng = np.random.default_rng(4)
    parts = [{level: float(rng.normal()) for level in levels} for levels in FACTORS.values()]
    table = {
        seed: {
            cell: seed / 7 + sum(part[level] for part, level in zip(parts, cell, strict=True))
            for cell in CELLS
        }
        for seed in range(6)
    }
    for effect in factorial_effects(table, FACTORS):
        difference = effect.difference
        if len(effect.terms) == 2:
            assert (difference.mean, difference.sd, difference.p) == (0.0, 0.0, 1.0)
        else:
            (name, level), *_ = effect.terms
            part = parts[list(FACTORS).index(name)]
            assert difference.mean == pytest.approx(part[level] - part[FACTORS[name][0]])
            assert (difference.sd, difference.p) == (0.0, smallest_p(6))


# What is refused


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: mean_interval([]), "values: at least one number is needed"),
        (lambda: mean_interval([1.0, math.nan]), "values: must be finite numbers, found nan"),
        (lambda: mean_interval([1.0], 95), "confidence must lie between 0 and 1, found 95"),
        (
            lambda: paired_difference([1.0], [1.0, 2.0]),
            "values and baseline must be pairs, found 1 and 2 numbers",
        ),
        (
            lambda: paired_difference([1.0], [-math.inf]),
            "baseline: must be finite numbers, found -inf",
        ),
        (
            lambda: ratio_interval([1.0, 0.0], [1.0, 1.0]),
            "values: a ratio needs numbers above 0, found 0.0",
        ),
        (
            lambda: ratio_interval([1.0], [-2.0]),
            "baseline: a ratio needs numbers above 0, found -2.0",
        ),
        (lambda: noise_floor(91.0, 100), "accuracy must lie between 0 and 1, found 91.0"),
        (lambda: noise_floor(0.9, 0), "images must be at least 1, found 0"),
        (lambda: sign_flip_p([]), "differences: at least one number is needed"),
        (lambda: sign_flip_p([math.nan]), "differences: must be finite numbers, found nan"),
        (lambda: seeds_needed(0), "comparisons must be at least 1, found 0"),
        (lambda: seeds_needed(1, 0), "alpha must lie between 0 and 1, found 0"),
        (lambda: detectable_difference(8, power=1), "power must lie between 0 and 1, found 1"),
        (lambda: holm([0.5, math.nan]), "p-values must lie between 0 and 1, found nan"),
        (lambda: holm([1.5]), "p-values must lie between 0 and 1, found 1.5"),
        (lambda: expected_best([1.0, math.nan]), "losses: must be numbers or inf, found nan"),
        (lambda: expected_best([-math.inf]), "losses: must be numbers or inf, found -inf"),
        (
            lambda: compare({"b": ([], [])}, higher_is_better=True),
            "b: values: at least one number is needed",
        ),
        (
            lambda: factorial_effects({0: {(1,): 1.0}}, {"a": (1, 2)}),
            "responses: no seed has a value in every cell",
        ),
        (
            lambda: factorial_effects({}, {"a": (1,)}),
            "responses: no seed has a value in every cell",
        ),
        (
            lambda: factorial_effects({0: {(1,): 1.0, (2,): math.inf}}, {"a": (1, 2)}),
            "responses: must be finite numbers, found inf",
        ),
    ],
)
def test_what_is_wrong_is_said(call, text):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == text


# Calibration


@pytest.fixture(scope="module")
def calibration():
    path = Path(__file__).parent.parent / "benchmarks" / "calibration.py"
    spec = importlib.util.spec_from_file_location("calibration", path)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        # Where dataclasses look up what their annotations name.
        patch.setitem(sys.modules, "calibration", module)
        spec.loader.exec_module(module)
        yield module


NOISES = ["normal", "heavy-tailed", "skewed"]


@pytest.mark.parametrize("noise", NOISES)
def test_studies_of_equals_rarely_claim_a_difference(calibration, noise):
    claims = []
    for seeds, variants in product(range(6, 11), (1, 2, 4)):
        rng = np.random.default_rng([seeds, variants])
        for study in calibration.draw_studies(noise, variants, seeds, 400, rng):
            claims.append((variants, calibration.claims_any(calibration.equalized(study))))
    for variants in (1, 2, 4):
        # 2,000 studies each: 0.06 lies two standard errors above 0.05.
        assert np.mean([claimed for found, claimed in claims if found == variants]) <= 0.06


@pytest.mark.parametrize("noise", NOISES)
def test_intervals_hold_the_true_difference_as_often_as_they_say(calibration, noise):
    rng = np.random.default_rng(0)
    covered = [
        calibration.covers(study)
        for seeds in range(6, 11)
        for study in calibration.draw_studies(noise, 1, seeds, 1000, rng)
    ]
    # The standard error of 5,000 is 0.003.
    assert 0.93 <= np.mean(covered) <= 0.97


@pytest.mark.parametrize("noise", NOISES)
def test_a_difference_of_two_standard_deviations_is_found(calibration, noise):
    row = calibration.calibrate(noise, variants=1, seeds=8, studies=400, seed=1)
    assert row.power >= 0.9


def test_where_so_few_seeds_find_nothing_no_power_is_given(calibration):
    row = calibration.calibrate("normal", variants=4, seeds=7, studies=20, seed=1)
    assert (row.false_claims, row.power) == (0.0, None)


# What the guide says


NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "six": 6, "seven": 7, "twelve": 12}


def test_the_guide_names_the_seeds_that_are_needed():
    guide = (Path(__file__).parent.parent / "docs" / "guide.md").read_text()
    _, _, text = guide.partition("cannot say anything with fewer than ")
    parts = text.partition(".")[0].replace(" seeds for", " for").split(", ")
    said = {}
    for part in parts:
        seeds, _, comparisons = part.partition(" for ")
        words = [NUMBERS[word] for word in comparisons.split() if word in NUMBERS]
        said |= dict.fromkeys(range(words[0], words[-1] + 1), int(seeds))
    assert said == {comparisons: seeds_needed(comparisons) for comparisons in range(1, 13)}


@pytest.mark.parametrize("comparisons", [1, 3, 6, 12])
def test_one_seed_more_finds_two_standard_deviations_as_the_guide_says(comparisons):
    seeds = seeds_needed(comparisons) + 1
    assert detectable_difference(seeds, comparisons, power=0.9) <= 2
