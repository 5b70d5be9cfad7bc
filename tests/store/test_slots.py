"""The places of a search: which are free, and what a trial that is begun again takes over."""

from __future__ import annotations

import optuna
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import IntDistribution
from optuna.trial import TrialState, create_trial

from ablate.store.slots import Slots, given_again

STATES = {
    "complete": TrialState.COMPLETE,
    "failed": TrialState.FAIL,
    "infeasible": TrialState.PRUNED,
    "interrupted": TrialState.FAIL,
    "pruned": TrialState.PRUNED,
    "running": TrialState.RUNNING,
    "waiting": TrialState.WAITING,
}
FILLING = ("complete", "failed", "infeasible", "pruned")


def search(*described):
    """A search of trials by outcome, slot and the number that they are begun again of."""
    study = optuna.create_study()
    for outcome, slot, retry_of in described:
        said = {} if outcome in ("running", "interrupted") else {"outcome": outcome}
        if slot is not None:
            said["slot"] = slot
        if retry_of is not None:
            said["retry_of"] = retry_of
        study.add_trial(
            create_trial(
                state=STATES[outcome],
                value=0.5 if outcome == "complete" else None,
                user_attrs=said,
            )
        )
    return Slots(study).refresh()


def numbers(slots, slot):
    return [trial.number for trial in slots.attempts(slot)]


def test_a_slot_is_free_until_a_trial_fills_it():
    found = search(
        ("complete", 0, None),
        ("interrupted", 1, None),
        ("running", 2, None),
        ("failed", 3, None),
        ("interrupted", 4, None),
        ("pruned", 4, 4),
        ("infeasible", 5, None),
    )
    assert found.free(8) == [1, 6, 7]
    assert found.free(2) == [1]


def test_trials_from_before_there_were_slots_take_them_in_their_order():
    found = search(
        ("complete", None, None),
        ("interrupted", None, None),
        ("complete", None, 1),
        ("pruned", None, None),
        ("complete", 3, None),
        ("waiting", None, 3),
    )
    assert [numbers(found, slot) for slot in range(5)] == [[0], [1, 2], [3, 5], [4], []]
    assert found.free(5) == [4]


@given(
    st.lists(st.tuples(st.sampled_from(sorted(STATES)), st.integers(0, 5), st.none()), max_size=20)
)
def test_every_slot_is_free_or_taken_and_every_trial_has_one(described):
    found = search(*described)
    free = found.free(6)
    taken = {slot for outcome, slot, _ in described if outcome in (*FILLING, "running")}
    assert sorted({*free, *taken}) == list(range(6))
    assert not set(free) & taken
    assert sum(len(found.attempts(slot)) for slot in range(6)) == len(described)


def test_what_was_chosen_and_what_the_grid_noted_is_given_again():
    units = IntDistribution(1, 9)
    first = create_trial(
        state=TrialState.FAIL,
        params={"units": 3},
        distributions={"units": units},
        system_attrs={"grid_id": 2, "search_space": {"units": [3]}},
    )
    bare = create_trial(state=TrialState.FAIL)
    assert given_again([]) == {}
    assert given_again([bare]) == {}
    assert given_again([first, bare]) == {
        "grid_id": 2,
        "search_space": {"units": [3]},
        "fixed_params": {"units": 3},
    }
    again = create_trial(state=TrialState.FAIL, system_attrs={"fixed_params": {"units": 3}})
    assert given_again([again]) == {"fixed_params": {"units": 3}}, "cut off before it was asked"
