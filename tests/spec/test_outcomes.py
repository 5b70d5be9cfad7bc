"""Every outcome and phase has a name and a place in their order."""

from __future__ import annotations

from typing import get_args

from ablate.display.live import STYLES
from ablate.spec.outcomes import OUTCOMES, PHASES, counts_text
from ablate.spec.study import Phase
from ablate.spec.trial import Outcome
from ablate.store.trials import FILLING


def test_every_phase_has_a_name():
    assert tuple(PHASES) == get_args(Phase)
    assert all(name.many == f"{name.one}s" for name in PHASES.values())


def test_every_outcome_that_is_told_has_its_place():
    # An interrupted trial is trained again: it is not told.
    assert set(OUTCOMES) == set(get_args(Outcome)) - {"interrupted"} | {
        *("missing", "running", "cut off", "waiting")
    }
    assert set(STYLES) == set(FILLING) <= set(OUTCOMES)


def test_counts_are_told_in_order_and_nothing_is_told_of_none():
    counts = {"waiting": 1, "cut off": 2, "failed": 0, "interrupted": 4, "complete": 3}
    assert counts_text(counts) == "3 complete, 2 cut off, 1 waiting"
    assert counts_text({}) == ""
