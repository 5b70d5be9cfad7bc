"""The limits, as they are told to users and as they must stand to each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from ablate import limits
from ablate.cli.run import command

DOCS = Path(__file__).parents[1] / "docs"
WORDS = {2: "two", 3: "three", 4: "four", 5: "five", 10: "ten", 80: "four fifths"}
ORDINALS = {2: "second", 3: "third", 4: "fourth"}


@pytest.mark.parametrize(
    "told",
    [
        f"{WORDS[limits.FAILURES].capitalize()} failures in a row",
        f"takes down its {ORDINALS[limits.LIVES]} worker",
        f"more than its part of {WORDS[round(100 * limits.MEMORY_SHARE)]} of the machine's memory",
        f"waited for, up to {WORDS[round(limits.DATABASE_AWAY / 60)]} minutes",
        f"after {limits.HEART_STOPPED} seconds its trials are trained again",
    ],
)
def test_guide_tells_the_limits(told):
    assert told in (DOCS / "guide.md").read_text()


def test_help_tells_how_long_the_epochs_have_after_sigterm():
    assert f"when {limits.TERMINATION:g} seconds have" in command.help


def test_one_lost_sign_of_life_is_no_death():
    assert limits.HEART_STOPPED > 3 * limits.HEARTBEAT


def test_a_database_is_asked_again_many_times_before_a_run_gives_up():
    assert 20 * max(limits.DATABASE_PAUSE) < limits.DATABASE_AWAY


def test_whoever_stops_at_once_waits_less():
    assert limits.HASTE < limits.GRACE
