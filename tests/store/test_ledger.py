"""What a kept ledger knows is what a walk over all trials finds, whatever happened between looks."""

from __future__ import annotations

from collections import Counter

import pytest
from conftest import make_project
from hand_made import RATE, cell, compare, make_stored, replicate, tune
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend
from optuna.trial import TrialState, create_trial

from ablate.planning.plan import replicates_in_order
from ablate.state.next_order import cut_off, under_way
from ablate.state.phases import phase_states
from ablate.state.replicates import cell_replicates, choices, owed_replicates
from ablate.store.attributes import cell_and_seed
from ablate.store.ledger import Ledger
from ablate.store.studies import find_study
from ablate.store.trials import outcome_of

VARIANTS = ("units=16", "units=4")
TOTAL = 4
STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED}


class Records(BaseJournalBackend):
    """A journal in memory, which several storages read and write."""

    def __init__(self):
        self.records, self.reads = [], 0

    def read_logs(self, log_number_from):
        self.reads += 1
        return self.records[log_number_from:]

    def append_logs(self, logs):
        self.records += logs


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    project = make_project(tmp_path_factory.mktemp("ledger"))
    return compare(project, f"tune.trials={TOTAL}", seeds=3)


class Others:
    """Runs and workers that begin and end trials, in a storage of their own."""

    def __init__(self, spec, records):
        self.stored = make_stored(spec, JournalStorage(records))
        self.open = []
        for variant in VARIANTS:
            tune(self.stored, variant, 0.2, slot=0)

    def begin(self, variant, slot, again):
        study = self.stored.tuning[cell(variant)]
        said = {} if slot is None else {"slot": slot}
        if again is not None and again < len(study.get_trials(deepcopy=False)):
            said["retry_of"] = again
        self._add(study, said, {})

    def find(self, variant, loss):
        tune(self.stored, variant, loss)

    def replicate(self, variant, seed, chosen_from):
        fixed = {"dataset": "digits", "variant": variant, "seed": seed}
        said = {"chosen_from": chosen_from}
        self._add(self.stored.replicates, said, {"fixed_params": fixed})

    def train(self, variant, seed, chosen_from, outcome):
        self.replicate(variant, seed, chosen_from)
        self.end(-1, outcome, 0.2)

    def wait(self, variant):
        self.stored.tuning[cell(variant)].enqueue_trial({"learning_rate": 0.1})

    def _add(self, study, user_attrs, system_attrs):
        study.add_trial(
            create_trial(
                state=TrialState.RUNNING,
                params={"learning_rate": 0.1} if "slot" in user_attrs else {},
                distributions={"learning_rate": RATE} if "slot" in user_attrs else {},
                user_attrs=user_attrs,
                system_attrs=system_attrs,
            )
        )
        self.open.append((study, study.get_trials(deepcopy=False)[-1]._trial_id))

    def end(self, which, outcome, loss):
        if not self.open:
            return
        study, trial_id = self.open.pop(which % len(self.open))
        storage = study._storage
        if outcome == "died":
            storage.set_trial_user_attr(trial_id, "died", "the worker ended")
        if outcome != "interrupted":
            said = "failed" if outcome == "died" else outcome
            storage.set_trial_user_attr(trial_id, "outcome", said)
        state = {**STATES, "infeasible": TrialState.PRUNED}.get(outcome, TrialState.FAIL)
        values = [loss] if state is TrialState.COMPLETE else None
        storage.set_trial_state_values(trial_id, state, values)


NUMBERS = st.integers(0, 5)
OUTCOMES = st.sampled_from(
    ("complete", "complete", "pruned", "infeasible", "failed", "failed", "died", "interrupted")
)
LOSSES = st.sampled_from((0.1, 0.2, 0.3, 0.4))
LOOK = st.tuples(st.just("look"))
END = st.tuples(st.just("end"), st.integers(0, 20), OUTCOMES, LOSSES)
SEARCHING = st.one_of(
    st.tuples(
        st.just("begin"),
        st.sampled_from(VARIANTS),
        st.one_of(st.none(), NUMBERS),
        st.one_of(st.none(), NUMBERS),
    ),
    st.tuples(st.just("find"), st.sampled_from(VARIANTS), LOSSES),
    st.tuples(st.just("wait"), st.sampled_from(VARIANTS)),
    END,
    LOOK,
)
SOME = (st.sampled_from(VARIANTS), st.integers(2, 4), st.sampled_from((0, 0, 0, 1)))
REPLICATING = st.one_of(
    st.tuples(st.just("replicate"), *SOME),
    *(st.tuples(st.just("train"), *SOME, OUTCOMES) for _ in range(3)),
    END,
    LOOK,
)


def walk_slots(trials):
    """The trials of each slot, found by a walk over all of them."""
    slots, known = {}, {}
    for trial in trials:
        slot = trial.user_attrs.get("slot", known.get(trial.user_attrs.get("retry_of", -1)))
        if slot is None:
            slot = next(number for number in range(len(trials)) if number not in slots)
        known[trial.number] = slot
        slots.setdefault(slot, []).append(trial.number)
    return slots


def check_search(search, trials):
    outcomes = {trial.number: outcome_of(trial) for trial in trials}
    slots = walk_slots(trials)
    held = {"complete", "pruned", "infeasible", "failed", "running"}
    free = [s for s in range(TOTAL) if not held & {outcomes[n] for n in slots.get(s, ())}]
    complete = [trial for trial in trials if trial.state is TrialState.COMPLETE]
    best = min(complete, key=lambda trial: (trial.value, trial.number), default=None)
    assert search.counts == Counter(outcomes.values())
    assert search.finished == sum(outcome in held - {"running"} for outcome in outcomes.values())
    assert [t.number for t in search.running] == [n for n in outcomes if outcomes[n] == "running"]
    assert search.best == best
    begun = {slot: search.attempts(slot) for slot in range(TOTAL + len(trials))}
    assert {s: [t.number for t in found] for s, found in begun.items() if found} == slots
    assert search.free(TOTAL) == free
    assert search.free(TOTAL, {1, 3}) == [slot for slot in free if slot not in (1, 3)]
    assert search.cut_off(TOTAL) == sum(slot in slots for slot in free)


def check_replicates(stored):
    """What is owed, complete and missing is what a walk over all replicates finds."""
    attempts = {}
    for trial in stored.replicates.get_trials(deepcopy=False):
        key = (*cell_and_seed(trial), trial.user_attrs["chosen_from"])
        attempts.setdefault(key, []).append(trial)
    chosen, first, again = choices(stored), [], []
    complete, missing = {}, set()
    for pair in replicates_in_order(stored.spec):
        trials = attempts.get((*pair, chosen[pair[0]].number), [])
        outcomes = [outcome_of(trial) for trial in trials]
        failed = [trial for trial in trials if outcome_of(trial) == "failed"]
        over = len(failed) > 1 or any("died" in trial.user_attrs for trial in failed)
        if "complete" in outcomes:
            complete[pair] = trials[outcomes.index("complete")]
        elif over or "infeasible" in outcomes:
            missing.add(pair)
        elif "running" not in outcomes:
            (again if failed else first).append(pair)
    assert [(owed.cell, owed.seed) for owed in owed_replicates(stored)] == first + again
    found = cell_replicates(stored)
    assert {(c, seed): t for c in found for seed, t in found[c].complete.items()} == complete
    assert {(c, seed) for c in found for seed in found[c].missing} == missing
    for one, replicates in found.items():
        number = chosen[one].number
        done = [k for k in attempts if "complete" in map(outcome_of, attempts[k]) and k[0] == one]
        beyond = {seed for _, seed, choice in done if choice == number} - set(stored.spec.seeds)
        earlier = (outcome_of(t) for k in done if k[2] != number for t in attempts[k])
        assert replicates.beyond == tuple(sorted(beyond))
        assert replicates.earlier == [*earlier].count("complete")


def check(kept, records):
    """A kept study answers like one that was just opened."""
    fresh = find_study(JournalStorage(records), "dense")
    assert under_way(kept) == under_way(fresh)
    assert cut_off(kept) == cut_off(fresh)
    for one, search in kept.searches.items():
        check_search(search, fresh.tuning[one].get_trials(deepcopy=False))
    check_replicates(kept)
    assert phase_states(kept) == phase_states(fresh)
    assert cell_replicates(kept) == cell_replicates(fresh)
    found = [(owed.cell, owed.seed, owed.choice) for owed in owed_replicates(kept)]
    assert found == [(owed.cell, owed.seed, owed.choice) for owed in owed_replicates(fresh)]


def play(spec, actions):
    """Others act, and between some of their acts a kept study is asked and compared."""
    records = Records()
    others = Others(spec, records)
    kept = find_study(JournalStorage(records), "dense")
    for name, *arguments in (*actions, ("look",)):
        if name == "look":
            check(kept, records)
        else:
            getattr(others, name)(*arguments)


@settings(max_examples=100)
@given(actions=st.lists(SEARCHING, max_size=40))
def test_a_kept_search_knows_what_a_walk_over_all_trials_finds(spec, actions):
    play(spec, actions)


@settings(max_examples=100)
@given(actions=st.lists(REPLICATING, max_size=40), more=st.lists(SEARCHING, max_size=10))
def test_kept_replicates_are_those_that_a_walk_over_all_trials_finds(spec, actions, more):
    play(spec, [*actions, *more, ("look",), *actions])


def test_a_look_reads_only_what_is_new(spec):
    records = Records()
    stored = make_stored(spec, JournalStorage(records))
    ledger = Ledger(stored.tuning[cell("units=4")])
    reads = []
    for count in (1, 40):
        for _ in range(count):
            tune(stored, "units=4", 0.5)
        tune(stored, "units=4", outcome="running")
        ledger.refresh()
        before = records.reads
        assert ledger.refresh().counts == {
            "complete": 1 + 40 * (count > 1),
            "running": count // 40 + 1,
        }
        reads.append(records.reads - before)
    assert reads == [2, 3], "one for each running trial, and one for what is new"


def test_a_ledger_without_a_study_knows_what_is_entered(spec):
    stored = make_stored(spec)
    for loss in (0.4, 0.3, 0.3):
        tune(stored, "units=4", loss)
    tune(stored, "units=4", outcome="running")
    ledger = Ledger()
    assert (ledger.refresh().best, ledger.counts) == (None, {})
    for trial in stored.tuning[cell("units=4")].trials:
        ledger.enter(trial)
    assert ledger.best.number == 1, "the earliest of the lowest"
    assert ledger.refresh().counts == {"complete": 3, "running": 1}


def test_a_replicate_that_ends_late_is_counted_once(spec):
    records = Records()
    others = Others(spec, records)
    kept = find_study(JournalStorage(records), "dense")
    for _ in range(2):
        others.replicate("units=4", 1, 0)
    check(kept, records)
    others.end(1, "complete", 0.2)
    check(kept, records)
    others.end(0, "complete", 0.1)
    check(kept, records)
    found = cell_replicates(kept)[cell("units=4")]
    assert (found.complete[1].number, found.earlier) == (0, 0), "the first of them counts"
    replicate(others.stored, "units=4", 9)
    assert cell_replicates(kept)[cell("units=4")].beyond == (9,)
