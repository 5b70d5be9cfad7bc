"""Published numbers beside ours."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from ablate.statistics import mean_interval, prediction_interval
from report.by_hand import answer_of, rows_of, section

TABLES = """
[vary]
units = [4, 16]
[replicate]
seeds = 3
[published."units=16"]
source = "a report, page 3"
accuracy = {accuracy}
loss = 0.2
parameters = 1000
training_time = 1
[published."units=4"]
source = "a report, page 4"
accuracy = 0.80
loss = 0.1
parameters = 500
training_time = 3
"""


@pytest.fixture
def found(ask):
    study = ask(TABLES.format(accuracy=0.91))
    study.replicates("units=16", [0.90, 0.91, 0.92], loss=0.3, training_seconds=1.0)
    for seed, (accuracy, loss) in enumerate(((0.85, 0.25), (0.86, 0.36), (0.87, 0.30)), 1):
        seconds = {"training_seconds": 2.0 + 0.1 * seed, "parameters": 500}
        study.replicate("units=4", seed, accuracy, loss=loss, **seconds)
    return study


def test_a_number_is_inside_where_one_run_of_ours_could_be(found):
    rows = rows_of(section(found, "Published numbers"))
    shown = {(row["variant"], row["measure"]): row for row in rows}
    accuracy = shown["units=16", "accuracy"]
    half = stats.t.ppf(0.975, 2) * 0.01 * (1 + 1 / 3) ** 0.5
    assert accuracy["one run of ours"] == f"{0.91 - half:.4f} to {0.91 + half:.4f}"
    assert (accuracy["published"], accuracy["verdict"]) == ("0.9100", "inside")
    assert shown["units=4", "accuracy"]["verdict"] == "outside"
    assert shown["units=4", "parameters"]["verdict"] == "x 1"
    assert ("units=4", "training time") not in shown, "its unit is theirs alone"


def test_orderings_are_confirmed_contradicted_or_undecided(found):
    rows = rows_of(section(found, "Published numbers"), place=1)
    verdicts = {row["published ordering"]: row["ordering"] for row in rows}
    assert verdicts == {
        "units=16 has a better accuracy than units=4": "confirmed",
        "units=4 has a better loss than units=16": "undecided",
        "units=4 has fewer parameters than units=16": "confirmed",
        "units=16 takes less training time than units=4": "confirmed",
    }
    times = next(row for row in rows if "training time" in row["published ordering"])
    assert times["published"] == "x 3"
    assert times["ours"].startswith("x 2.2 [x ")
    assert times["size"] == "outside"
    logs = [math.log(2.0 + 0.1 * seed) for seed in (1, 2, 3)]
    half = stats.t.ppf(0.975, 2) * stats.tstd(logs) * (1 + 1 / 3) ** 0.5
    low, high = (math.exp(sum(logs) / 3 + sign * half) for sign in (-1, 1))
    assert times["one pair of ours"] == f"x {low:.3g} to x {high:.3g}"
    parameters = next(row for row in rows if "parameters" in row["published ordering"])
    assert (parameters["ours"], parameters["one pair of ours"]) == ("x 2", "-")


def test_an_ordering_that_ours_turn_round_is_contradicted(ask):
    study = ask(TABLES.format(accuracy=0.70))
    study.replicates("units=16", [0.90, 0.91, 0.92])
    study.replicates("units=4", [0.80, 0.81, 0.82])
    rows = rows_of(section(study, "Published numbers"), place=1)
    row = next(row for row in rows if "accuracy" in row["published ordering"])
    assert row["published ordering"] == "units=4 has a better accuracy than units=16"
    assert (row["published"], row["ordering"]) == ("+0.1000", "contradicted")


def test_one_seed_cannot_tell(ask):
    study = ask(TABLES.format(accuracy=0.9))
    for variant in ("units=16", "units=4"):
        study.replicate(variant, 1, 0.9)
    rows = rows_of(section(study, "Published numbers"))
    assert rows[0]["verdict"] == "cannot be told"
    orderings = rows_of(section(study, "Published numbers"), place=1)
    by_name = {row["published ordering"]: row for row in orderings}
    accuracy = by_name["units=16 has a better accuracy than units=4"]
    assert accuracy["ordering"] == "undecided"
    assert accuracy["size"] == "cannot be told"


def test_without_replicates_nothing_can_be_set_beside_them(ask):
    texts = section(ask(TABLES.format(accuracy=0.9)), "Published numbers").elements
    assert texts[0].text == "None of ours can be set beside them yet."


def test_without_published_numbers_there_is_no_section(ask):
    assert section(ask("[replicate]\nseeds = 2\n"), "Published numbers") is None


def test_a_prediction_interval_is_that_of_one_further_run():
    values = [0.9, 0.92, 0.91, 0.95]
    found = prediction_interval(mean_interval(values))
    sd = stats.tstd(values)
    half = stats.t.ppf(0.975, 3) * sd * (1 + 1 / 4) ** 0.5
    assert (found.low, found.high) == pytest.approx((found.mean - half, found.mean + half))
    assert prediction_interval(mean_interval([0.9])).low is None


def test_no_interval_reaches_where_no_score_can_lie(ask):
    study = ask(TABLES.format(accuracy=0.95))
    study.replicates("units=16", [0.99, 0.90, 0.95], loss=0.01)
    row = rows_of(section(study, "Published numbers"))[0]
    assert row["one run of ours"].endswith(" to 1.0000")
    assert row["verdict"] == "inside"


def test_seeds_that_agree_tell_nothing_of_other_runs(ask):
    study = ask(TABLES.format(accuracy=0.97))
    study.replicates("units=16", [0.95, 0.95, 0.95])
    row = rows_of(section(study, "Published numbers"))[0]
    assert row["verdict"] == "cannot be told"


def test_the_answer_counts_what_holds(found):
    assert answer_of(found)[1] == (
        "Of 3 published scores 2 are where a single run of ours is expected. Of 4 published orderings "
        "3 are confirmed and 1 is undecided, each by its own 95 % interval alone."
    )
