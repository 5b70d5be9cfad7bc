"""About how long a study takes."""

from __future__ import annotations

import pytest
from hand_made import cell, compare

from ablate.planning.estimate import Timing, estimate

FOUR, SIXTEEN = cell("units=4"), cell("units=16")


def test_every_trial_and_replicate_takes_its_first_epoch_and_the_later_ones(project):
    study = compare(project, "training.epochs=5", "tune.trials=3", seeds=7)
    found = estimate(study, {FOUR: 10, SIXTEEN: 10}, {FOUR: Timing(3.0, 1.0)})
    assert (found.tune, found.replicate) == (2 * 3 * (3 + 4 * 1), 2 * 7 * (3 + 4 * 1))


def test_what_lies_between_is_interpolated_by_its_work(project):
    study = compare(project, "vary.units=[4, 8, 16]", "training.epochs=2", seeds=1)
    work = {FOUR: 100, cell("units=8"): 125, SIXTEEN: 200}
    found = estimate(study, work, {FOUR: Timing(1.0, 2.0), SIXTEEN: Timing(5.0, 10.0)})
    # A quarter of the way: 2 s and 4 s.
    assert found.replicate == pytest.approx((1 + 2) + (2 + 4) + (5 + 10))


def test_each_data_set_is_timed_by_itself(project):
    both = 'study.dataset=["digits", "line"]'
    study = compare(project, both, "training.epochs=1", "tune.trials=2", seeds=1)
    work = dict.fromkeys(study.cells, 10)
    timings = {FOUR: Timing(1.0, 0.0), cell("units=4", "line"): Timing(10.0, 0.0)}
    found = estimate(study, work, timings)
    assert found.replicate == pytest.approx(2 * 1 + 2 * 10)
    assert found.tune == pytest.approx(2 * found.replicate)


def test_a_variant_trains_as_long_as_it_says(project):
    study = compare(project, "vary.units=[16]", "vary.epochs=[1, 4]", "training.epochs=1", seeds=1)
    work = dict.fromkeys(study.cells, 10)
    found = estimate(study, work, {study.cells[0]: Timing(2.0, 1.0)})
    assert found.replicate == 2 + (2 + 3 * 1)


def test_what_cannot_be_built_takes_no_time(project):
    study = compare(project, "training.epochs=1", seeds=2)
    assert estimate(study, {FOUR: 10}, {FOUR: Timing(1.0, 1.0)}).replicate == 2


def test_a_search_alone_has_no_replicates(project):
    study = project.study("tune.trials=2")
    found = estimate(study, {study.cells[0]: 10}, {study.cells[0]: Timing(1.0, 1.0)})
    assert (found.tune, found.replicate) == (2 * 2, 0)


def test_workers_side_by_side_shorten_what_does_not_follow_one_another(project):
    study = compare(project, "training.epochs=5", "tune.trials=3", seeds=7)
    work, timings = dict.fromkeys(study.cells, 10), {FOUR: Timing(3.0, 1.0)}
    one, two = estimate(study, work, timings), estimate(study, work, timings, gain=1.6)
    assert (two.tune, two.replicate) == (one.tune / 1.6, one.replicate / 1.6)
    search = project.study("tune.trials=2")
    times = {search.cells[0]: Timing(1.0, 1.0)}
    assert estimate(search, {search.cells[0]: 10}, times, gain=1.6).tune == 4
