"""The seeds that a verdict is about stay those that were planned, however many are asked for later."""

from __future__ import annotations

import pytest
from hand_made import compare, make_stored, replicate, tune

from ablate.state.planned import as_planned


def made(project, seeds, complete, *settings, storage=None):
    stored = make_stored(compare(project, "tune.trials=1", *settings, seeds=seeds), storage)
    for variant in ("units=16", "units=4"):
        tune(stored, variant, 0.5, slot=0)
        for seed in stored.spec.seeds[:complete]:
            replicate(stored, variant, seed, test_accuracy=0.5)
    return stored


@pytest.mark.parametrize(
    ("before", "complete", "asked", "planned"),
    [
        (6, 6, 9, 6),
        (6, 6, 6, None),
        (6, 5, 9, None),
        (6, 6, 4, None),
        (5, 5, 9, None),  # too few for a verdict: none was made
    ],
)
def test_what_was_planned_stands_once_it_is_complete(project, before, complete, asked, planned):
    stored = made(project, before, complete)
    study = as_planned(compare(project, "tune.trials=1", seeds=asked), stored)
    assert study.planned == planned
    assert study.planned_seeds == (planned or asked)
    assert study.question() == stored.spec.question()


def test_it_stands_however_often_more_is_asked_for(project):
    stored = made(project, 6, 6)
    once = as_planned(compare(project, "tune.trials=1", seeds=9), stored)
    again = make_stored(once, stored.replicates._storage)
    twice = as_planned(compare(project, "tune.trials=1", seeds=12), again)
    assert twice.planned == 6, "also where the further ones are not trained yet"
    fewer = as_planned(compare(project, "tune.trials=1", seeds=5), again)
    assert fewer.planned is None


def test_what_could_be_called_alike_was_judged(project):
    margin = "replicate.margin=1"
    stored = made(project, 5, 5, margin)
    assert as_planned(compare(project, "tune.trials=1", margin, seeds=9), stored).planned == 5


def test_a_new_study_has_none(project):
    study = compare(project, "tune.trials=1", seeds=9)
    assert as_planned(study, None) is study
    assert "planned" not in study.model_dump()


def test_seeds_after_the_last_look_confirm(project):
    study = compare(project, "replicate.looks=[6, 8]", seeds=12)
    assert study.planned_seeds == 8
    assert study.looks == (6, 8)
