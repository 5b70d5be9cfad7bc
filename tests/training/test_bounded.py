"""What was used longest ago goes first."""

from __future__ import annotations

from ablate.training.bounded import Bounded


def test_what_was_used_longest_ago_goes_where_memory_ends():
    kept = Bounded(10)
    for key, size in (("a", 4), ("b", 4)):
        kept.keep(key, key.upper(), size)
    kept.keep("a", kept.take("a"), 4)
    kept.keep("c", "C", 4)
    assert [key in kept for key in "abc"] == [True, False, True]
    kept.keep("d", "D", 11)
    assert len(kept) == 0, "more than there is memory for is not kept either"


def test_what_is_taken_or_forgotten_is_kept_no_longer():
    kept = Bounded(10)
    one, other = [], []
    kept.keep("one", one, 1)
    kept.keep("other", other, 1)
    kept.forget(one)
    assert ("one" in kept, "other" in kept) == (False, True), "that and not its like"
    assert kept.take("other") is other
    assert kept.take("other") is None
