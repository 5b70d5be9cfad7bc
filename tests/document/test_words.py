"""What a report says about its times."""

from __future__ import annotations

import pytest

from ablate.document.words import side_by_side
from ablate.store.results import workers_of


@pytest.mark.parametrize(
    ("workers", "text"),
    [
        ((), None),
        ((1,), None),
        (
            (2,),
            "2 were trained side by side: times are longer than alone, and compare with each other only.",
        ),
        (
            (1, 2, 4),
            "Not all were trained with the same number side by side (1, 2 and 4): their times do not "
            "compare. Train again with --fresh to compare times.",
        ),
    ],
)
def test_it_is_said_what_else_was_trained_at_the_time(workers, text):
    assert side_by_side(workers) == text


def test_only_complete_trials_have_times(kept):
    kept.tune("units=16")
    kept.begin("units=4")
    trials = [t for study in kept.stored.tuning.values() for t in study.trials]
    (first,) = (trial for trial in trials if trial.state.name == "COMPLETE")
    assert len(trials) == 2
    assert workers_of(trials) == (1,)
    assert workers_of([first]) == (1,)
    for trial, workers in ((first, 2), (first, 1)):
        trial.user_attrs["workers"] = workers
        assert workers_of([trial]) == (workers,)
