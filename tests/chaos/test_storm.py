"""A short storm; the long one is run by hand: ``python tests/chaos/storm.py``."""

from __future__ import annotations

import random

from storm import (
    FAULTS,
    Tally,
    count,
    count_differing,
    cut_last_line,
    make_folder,
    results,
    run_under_fire,
    start,
)

SIZE = {"trials": 2, "seeds": 2, "epochs": 12}


def test_nothing_is_lost_repeated_or_changed_in_a_storm(tmp_path):
    calm = make_folder(tmp_path / "calm", **SIZE)
    assert start(calm).wait() == 0, (calm / "output.log").read_text()
    struck = make_folder(tmp_path / "struck", **SIZE)
    rng = random.Random(1)
    kinds = iter(FAULTS * 10)
    tally = run_under_fire(
        struck, faults=4, rng=rng, pause=lambda: rng.uniform(3.0, 9.0), kinds=kinds, deadline=300
    )
    count(struck, tally)
    tally.differing = count_differing(results(calm), results(struck))
    assert tally.is_clean, tally
    assert sum(tally.faults.values()) >= 2, "a fast machine may be done before all four"
    assert tally.planned == tally.finished == 8


def test_a_storm_that_lost_or_changed_something_says_so():
    for name, value in (("finished", 2), ("repeated", 1), ("running", 1), ("differing", 1)):
        tally = Tally(planned=3, finished=3)
        assert tally.is_clean
        setattr(tally, name, value)
        assert not tally.is_clean


def test_the_last_line_is_cut_in_its_middle(tmp_path):
    journal = tmp_path / "a.journal"
    journal.write_bytes(b'{"op_code": 0}\n{"op_code": 1}\n')
    cut_last_line(journal, random.Random(0))
    first, rest = journal.read_bytes().split(b"\n", 1)
    assert first == b'{"op_code": 0}'
    assert 0 < len(rest) < len(b'{"op_code": 1}\n')
