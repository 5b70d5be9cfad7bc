"""Which configurations are chosen, and which of their replicates are owed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hand_made import cell, compare, make_stored, replicate, tune

from ablate.state.phases import phase_states
from ablate.state.replicates import (
    Choice,
    cell_replicates,
    choices,
    left_out_replicates,
    owed_replicates,
)

FOUR, SIXTEEN = cell("units=4"), cell("units=16")


@pytest.fixture
def spec(project):
    return compare(project)


@pytest.fixture
def searched(spec):
    """Both searches are complete; the choice is trial 0 of each."""
    stored = make_stored(spec)
    for variant in ("units=16", "units=4"):
        for loss in (0.3, 0.4, 0.5):
            tune(stored, variant, loss)
    return stored


def given(stored, trials):
    """The same, asked for another number of trials."""
    tuned = stored.spec.tune.model_copy(update={"trials": trials})
    return replace(stored, spec=stored.spec.model_copy(update={"tune": tuned}))


def owed(stored):
    return [(found.cell.variant, found.seed) for found in owed_replicates(stored)]


ALL = [
    *(("units=16", 1), ("units=4", 1)),
    *(("units=4", 2), ("units=16", 2)),
    *(("units=16", 3), ("units=4", 3)),
]


# What is chosen


def test_the_choice_is_the_complete_trial_with_the_lowest_validation_loss(spec):
    stored = make_stored(spec)
    tune(stored, "units=16", 0.4, rate=0.1)
    tune(stored, "units=16", 0.2, rate=0.2)
    tune(stored, "units=16", 0.3, rate=0.3)
    tune(stored, "units=4", 0.1, rate=0.9)
    assert choices(stored) == {
        SIXTEEN: Choice(1, {"learning_rate": 0.2}),
        FOUR: Choice(0, {"learning_rate": 0.9}),
    }


@pytest.mark.parametrize("outcome", ["pruned", "failed", "infeasible", "running", "interrupted"])
def test_only_complete_trials_are_chosen(spec, outcome):
    stored = make_stored(spec)
    tune(stored, "units=4", None, outcome)
    assert choices(stored) == {}
    tune(stored, "units=4", 0.9)
    assert choices(stored)[FOUR].number == 1


def test_of_equals_the_earliest_is_chosen(spec):
    stored = make_stored(spec)
    for rate, loss in ((0.1, 0.4), (0.2, 0.3), (0.3, 0.3)):
        tune(stored, "units=4", loss, rate=rate)
    assert choices(stored)[FOUR] == Choice(1, {"learning_rate": 0.2})


def test_where_nothing_is_tuned_every_cell_is_chosen_as_it_is(project):
    project.study_file.write_text(project.study_file.read_text().partition("[tune]")[0])
    stored = make_stored(project.study("vary.units=[4, 16]", "replicate.seeds=2"))
    assert choices(stored) == {SIXTEEN: Choice(None, {}), FOUR: Choice(None, {})}
    assert [found.choice for found in owed_replicates(stored)] == [Choice(None, {})] * 4
    replicate(stored, "units=4", 1)
    assert owed(stored) == [("units=16", 1), ("units=4", 2), ("units=16", 2)]
    assert sorted(cell_replicates(stored)[FOUR].complete) == [1]


# What is owed


def test_all_replicates_are_owed_in_their_order(searched):
    assert owed(searched) == ALL


def test_what_is_owed_names_its_configuration(spec):
    stored = make_stored(spec)
    tune(stored, "units=4", 0.5, rate=0.1)
    tune(stored, "units=4", 0.4, rate=0.2)
    assert {found.seed: found.choice for found in owed_replicates(stored)} == dict.fromkeys(
        (1, 2, 3), Choice(1, {"learning_rate": 0.2})
    )


def test_complete_ones_are_not_owed(searched):
    replicate(searched, "units=16", 1)
    replicate(searched, "units=4", 2)
    assert owed(searched) == [pair for pair in ALL if pair not in (ALL[0], ALL[2])]
    found = cell_replicates(searched)
    assert (sorted(found[SIXTEEN].complete), sorted(found[FOUR].complete)) == ([1], [2])
    assert found[FOUR].complete[2].params["variant"] == "units=4"


def test_a_running_one_is_not_owed_and_not_complete(searched):
    replicate(searched, "units=16", 1, "running")
    assert owed(searched) == ALL[1:]
    found = cell_replicates(searched)[SIXTEEN]
    assert (found.complete, found.missing) == ({}, {})


def test_one_that_was_cut_off_is_owed_in_its_place(searched):
    replicate(searched, "units=16", 1, "interrupted")
    assert owed(searched) == ALL
    replicate(searched, "units=16", 1, "interrupted")
    assert owed(searched) == ALL


def test_one_that_failed_once_is_owed_again_after_all_others(searched):
    replicate(searched, "units=4", 1, "failed", reason="out of memory")
    assert owed(searched) == [*(pair for pair in ALL if pair != ALL[1]), ALL[1]]
    assert cell_replicates(searched)[FOUR].missing == {}


def test_those_that_failed_once_come_last_in_their_order(searched):
    for variant, seed in reversed(ALL[1:]):
        replicate(searched, variant, seed, "failed")
    assert owed(searched) == ALL
    replicate(searched, "units=4", 2, "running")
    replicate(searched, "units=16", 3)
    assert owed(searched) == [ALL[0], ALL[1], ALL[3], ALL[5]]


def test_one_that_failed_and_was_cut_off_then_is_still_owed(searched):
    replicate(searched, "units=4", 1, "failed")
    replicate(searched, "units=4", 1, "interrupted")
    assert owed(searched)[-1] == ALL[1]


def test_one_that_failed_and_then_succeeded_is_complete(searched):
    replicate(searched, "units=4", 1, "failed", reason="out of memory")
    replicate(searched, "units=4", 1)
    assert ALL[1] not in owed(searched)
    found = cell_replicates(searched)[FOUR]
    assert (sorted(found.complete), found.missing) == ([1], {})


def test_one_that_failed_twice_is_missing_with_its_last_reason(searched):
    replicate(searched, "units=4", 1, "failed", reason="out of memory")
    assert owed(searched)[-1] == ALL[1]
    replicate(searched, "units=4", 1, "failed", reason="the loss became NaN")
    assert ALL[1] not in owed(searched)
    found = cell_replicates(searched)[FOUR]
    assert (found.complete, found.missing) == ({}, {1: "the loss became NaN"})


def test_one_that_cannot_be_built_is_missing_at_once(searched):
    replicate(searched, "units=4", 2, "infeasible", reason="nothing is left of the image")
    assert ALL[2] not in owed(searched)
    assert cell_replicates(searched)[FOUR].missing == {2: "nothing is left of the image"}


def test_a_missing_one_without_a_reason_is_still_missing(searched):
    replicate(searched, "units=4", 2, "infeasible")
    assert cell_replicates(searched)[FOUR].missing == {2: "no reason recorded"}


# Choices that are overtaken


def test_replicates_of_an_earlier_choice_are_counted_apart_and_owed_again(searched):
    for seed in (1, 2, 3):
        replicate(searched, "units=4", seed)
    replicate(searched, "units=16", 1)
    searched = given(searched, 4)
    tune(searched, "units=4", 0.1, rate=0.7)
    found = cell_replicates(searched)
    assert (found[FOUR].complete, found[FOUR].earlier) == ({}, 3)
    assert (sorted(found[SIXTEEN].complete), found[SIXTEEN].earlier) == ([1], 0)
    assert owed(searched) == ALL[1:]
    again = [r for r in owed_replicates(searched) if r.cell == FOUR]
    assert {r.choice.number for r in again} == {3}


def test_complete_replicates_that_do_not_count_are_known_with_their_reason(searched):
    searched = given(searched, 4)
    replicate(searched, "units=4", 1)
    tune(searched, "units=4", 0.1, rate=0.7)
    replicate(searched, "units=4", 1, "failed", chosen_from=3)
    replicate(searched, "units=4", 1, chosen_from=3)
    replicate(searched, "units=4", 1, chosen_from=3)
    replicate(searched, "units=16", 1)
    replicate(searched, "units=16", 4)
    assert left_out_replicates(searched, cell_replicates(searched)) == {
        0: "of an earlier choice",
        3: "trained twice",
        5: "of a seed that is not asked for",
    }


def test_failures_of_an_earlier_choice_do_not_count(searched):
    for _ in range(2):
        replicate(searched, "units=4", 1, "failed", reason="out of memory")
    searched = given(searched, 4)
    tune(searched, "units=4", 0.1)
    found = cell_replicates(searched)[FOUR]
    assert (found.missing, found.earlier) == ({}, 0)
    assert owed(searched) == ALL


def test_trials_beyond_those_that_are_asked_for_are_not_chosen(searched):
    more = given(searched, 4)
    tune(more, "units=4", 0.1)
    assert choices(more)[FOUR].number == 3
    assert choices(given(more, 3))[FOUR].number == 0
    assert choices(given(more, 2))[FOUR].number == 0
    assert phase_states(given(more, 4))[0].finished == 7
    searches, _ = phase_states(given(more, 3))
    assert (searches.finished, searches.total) == (6, 6)


def test_worse_trials_leave_the_choice_and_its_replicates_alone(searched):
    replicate(searched, "units=4", 1)
    tune(searched, "units=4", 0.9)
    tune(searched, "units=4", None, "pruned")
    found = cell_replicates(searched)[FOUR]
    assert (sorted(found.complete), found.earlier) == ([1], 0)


# More seeds, and fewer


def test_more_seeds_owe_only_the_new_ones(project, searched):
    for variant, seed in ALL:
        replicate(searched, variant, seed)
    assert owed(searched) == []
    more = make_stored(compare(project, seeds=5), searched.replicates._storage)
    assert owed(more) == [("units=4", 4), ("units=16", 4), ("units=16", 5), ("units=4", 5)]
    assert sorted(cell_replicates(more)[FOUR].complete) == [1, 2, 3]


def test_fewer_seeds_show_only_those_asked_for(project, searched):
    for variant, seed in ALL:
        replicate(searched, variant, seed)
    fewer = make_stored(compare(project, seeds=1), searched.replicates._storage)
    assert owed(fewer) == []
    assert sorted(cell_replicates(fewer)[FOUR].complete) == [1]
    assert cell_replicates(fewer)[FOUR].earlier == 0


# Searches that found nothing


def test_a_cell_whose_search_found_nothing_owes_nothing_and_says_why(spec):
    stored = make_stored(spec)
    for _ in range(3):
        tune(stored, "units=4", None, "failed")
        tune(stored, "units=16", 0.5)
    assert owed(stored) == [("units=16", 1), ("units=16", 2), ("units=16", 3)]
    found = cell_replicates(stored)
    assert found[FOUR].missing == dict.fromkeys((1, 2, 3), "no trial of its search is complete")
    assert found[SIXTEEN].missing == {}


def test_while_a_search_goes_on_nothing_is_missing(spec):
    stored = make_stored(spec)
    for _ in range(2):
        tune(stored, "units=4", None, "failed")
    tune(stored, "units=4", None, "running")
    tune(stored, "units=4", None, "interrupted")
    found = cell_replicates(stored)[FOUR]
    assert (found.complete, found.missing, found.earlier) == ({}, {}, 0)


def test_a_search_that_was_never_begun_misses_nothing(searched):
    (only,) = [part for part in searched.parts if part.cell == FOUR]
    parts = {part: study for part, study in searched.parts.items() if part != only}
    found = cell_replicates(replace(searched, parts=parts))
    assert found[FOUR].missing == {}


# Several data sets


def test_cells_of_different_data_sets_are_kept_apart(project):
    stored = make_stored(compare(project, 'study.dataset=["digits", "line"]', seeds=1))
    for dataset in ("digits", "line"):
        tune(stored, "units=4", 0.5, dataset=dataset)
    replicate(stored, "units=4", 1, dataset="line")
    assert [(r.cell.dataset, r.cell.variant) for r in owed_replicates(stored)] == [
        ("digits", "units=4")
    ]
    found = cell_replicates(stored)
    assert sorted(found[cell("units=4", "line")].complete) == [1]
    assert found[cell("units=4", "digits")].complete == {}


# What is not a replicate


def test_a_trial_of_another_hand_is_no_replicate(searched):
    study = searched.replicates
    study.tell(study.ask(), 0.5)
    assert owed(searched) == ALL
