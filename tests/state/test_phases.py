"""How far a study is."""

from __future__ import annotations

import pytest
from hand_made import compare, make_stored, replicate, tune

from ablate.state.phases import PhaseState, phase_states


def test_a_new_study_has_everything_before_it(project):
    stored = make_stored(compare(project, seeds=5))
    assert phase_states(stored) == (
        PhaseState("tune", 2 * 3, 0, {}),
        PhaseState("replicate", 2 * 5, 0, {}),
    )


def test_a_search_has_no_replicates_and_a_comparison_no_search(project):
    assert [state.phase for state in phase_states(make_stored(project.study()))] == ["tune"]
    project.study_file.write_text(project.study_file.read_text().partition("[tune]")[0])
    comparison = make_stored(project.study("vary.units=[4, 16]", "replicate.seeds=2"))
    assert phase_states(comparison) == (PhaseState("replicate", 4, 0, {}),)


@pytest.mark.parametrize(
    ("outcome", "counts"), [("complete", 1), ("pruned", 1), ("failed", 1), ("infeasible", 1)]
)
def test_whatever_ended_counts_for_the_search(project, outcome, counts):
    stored = make_stored(compare(project))
    tune(stored, "units=4", 0.5, outcome)
    (state, _) = phase_states(stored)
    assert (state.finished, state.counts) == (counts, {outcome: 1})


def test_the_search_counts_all_cells_together(project):
    stored = make_stored(compare(project))
    for variant in ("units=4", "units=16"):
        for outcome in ("complete", "pruned", "running", "interrupted"):
            tune(stored, variant, 0.5, outcome)
    (state, _) = phase_states(stored)
    assert (state.total, state.finished) == (6, 4)
    assert state.counts == {"complete": 2, "pruned": 2, "running": 2}


def test_the_search_of_a_cell_that_has_nothing_to_tune_is_one_trial(project):
    choices = "tune.units={ choices = [4, 16] }"
    study = project.study("tune.parameters=[]", "tune.trials=9", 'tune.sampler="grid"', choices)
    (state,) = phase_states(make_stored(study))
    assert state.total == 2


def test_replicates_count_where_they_belong_to_the_present_choice(project):
    stored = make_stored(compare(project))
    tune(stored, "units=4", 0.5)
    tune(stored, "units=16", 0.5)
    for seed in (1, 2, 3):
        replicate(stored, "units=16", seed)
    replicate(stored, "units=4", 1)
    replicate(stored, "units=4", 2, "running")
    assert phase_states(stored)[1] == PhaseState("replicate", 6, 4, {"complete": 4})
    tune(stored, "units=16", 0.1)
    assert phase_states(stored)[1] == PhaseState("replicate", 6, 1, {"complete": 1})


def test_what_is_missing_is_finished_too(project):
    stored = make_stored(compare(project))
    for _ in range(3):
        tune(stored, "units=4", None, "failed")
    tune(stored, "units=16", 0.5)
    replicate(stored, "units=16", 1)
    replicate(stored, "units=16", 2, "failed")
    replicate(stored, "units=16", 3, "infeasible")
    state = phase_states(stored)[1]
    assert (state.total, state.finished) == (6, 5)
    assert state.counts == {"complete": 1, "missing": 4}
