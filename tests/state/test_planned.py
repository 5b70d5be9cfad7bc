"""The seeds that a verdict is about stay those that were planned, however many are asked for later."""

from __future__ import annotations

import pytest
from hand_made import compare, make_stored, replicate, tune

from ablate.errors import InputError
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
        (6, 5, 4, None),
        (5, 5, 9, None),  # too few for a verdict: none was made
        (5, 5, 4, None),
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
    same = as_planned(compare(project, "tune.trials=1", seeds=9), again)
    assert same.planned == 6
    back = as_planned(compare(project, "tune.trials=1", seeds=6), again)
    assert back.planned is None, "there are no further ones"


def test_once_a_verdict_was_made_fewer_are_refused(project):
    once = as_planned(compare(project, "tune.trials=1", seeds=9), made(project, 6, 6))
    storage = made(project, 6, 6).replicates._storage
    for stored in (made(project, 6, 6), make_stored(once, storage)):
        with pytest.raises(InputError) as refused:
            as_planned(compare(project, "tune.trials=1", seeds=5), stored)
        assert str(refused.value) == (
            f"{project.study_file}: replicate.seeds: the verdict of its 6 seeds was made, and stands, found 5; "
            "ask for 6 seeds or more, or ask anew: rename the study, or run with --fresh to delete its trials"
        )


def test_folds_that_were_judged_are_cut_no_more(project):
    text = project.study_file.read_text().replace("per_class = 20\n", "")
    without_search = text.partition("[tune]")[0]
    project.study_file.write_text(
        f"{without_search}[vary]\nunits = [4, 16]\n[replicate]\nfolds = 3\n"
    )
    stored = make_stored(project.study())
    twice = project.study("replicate.fold_repeats=2")
    assert as_planned(twice, stored) is twice, "nothing was judged"
    for variant in ("units=16", "units=4"):
        for seed in stored.spec.seeds:
            replicate(stored, variant, seed, test_accuracy=0.5)
    assert as_planned(stored.spec, stored) is stored.spec
    with pytest.raises(InputError) as refused:
        as_planned(twice, stored)
    assert str(refused.value) == (
        f"{project.study_file}: replicate.fold_repeats: the verdict of its 3 folds was made, and stands, found 2; "
        "ask for 3 folds, or ask anew: rename the study, or run with --fresh to delete its trials"
    )


@pytest.mark.parametrize(("complete", "planned"), [(5, None), (7, 12)])
def test_after_a_first_look_the_later_ones_stay_where_they_were_planned(project, complete, planned):
    looks = "replicate.looks=true"
    stored = made(project, 12, complete, looks)
    later = as_planned(compare(project, "tune.trials=1", looks, seeds=20), stored)
    assert later.planned == planned
    assert (later.looks == stored.spec.looks) is (planned is not None)


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
