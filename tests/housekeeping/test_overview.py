"""Studies at a glance."""

from __future__ import annotations

import optuna
from hand_made import compare, make_stored, replicate, tune
from kept_study import AWAY, GONE

from ablate.housekeeping.overview import overview, overviews, running_trials
from ablate.store.owner import Owner


def seen(kept, name="dense"):
    return overview(kept.storage, name, kept.artifacts)


def test_a_complete_study(whole):
    found = seen(whole)
    assert (found.finished, found.total, found.running) == (8, 8, ())
    assert (found.trials, found.replicates, found.artifacts) == (4, 4, 16)
    assert found.size == sum(path.stat().st_size for path in whole.place.artifacts.iterdir())
    ends = [t.datetime_complete for s in whole.stored.parts.values() for t in s.trials]
    assert found.last == max(ends)


def test_a_study_that_was_begun(kept):
    assert (seen(kept).finished, seen(kept).total, seen(kept).last) == (0, 8, None)
    kept.tune()
    kept.tune(outcome="failed", reason="it broke")
    assert (seen(kept).finished, seen(kept).total) == (2, 8)
    assert [phase.counts for phase in seen(kept).phases] == [{"complete": 1, "failed": 1}, {}]
    assert seen(kept, "dens") is None


def test_running_is_who_is_alive(kept):
    kept.begin(owner=GONE)
    kept.begin(owner=None)
    kept.begin(owner=AWAY)
    kept.begin("units=4", owner=Owner.this_process())
    kept.begin_replicate(owner=GONE)
    found = seen(kept).running
    assert [(one.part, one.phase, one.number, one.owner, one.lost) for one in found] == [
        ("dense/tune/units=16", "tune", 0, GONE, True),
        ("dense/tune/units=16", "tune", 1, None, True),
        ("dense/tune/units=16", "tune", 2, AWAY, False),
        ("dense/tune/units=4", "tune", 0, Owner.this_process(), False),
        ("dense/replicate", "replicate", 0, GONE, True),
    ]
    everywhere = running_trials(kept.stored.parts.values(), lambda owner: owner.host == AWAY.host)
    assert [one.lost for one in everywhere] == [False, True, True, False, False]


def test_the_latest_activity_comes_first(kept, project):
    made = {
        name: make_stored(compare(project, f"study.name={name}"), kept.storage)
        for name in ("first", "second", "third")
    }
    optuna.create_study(study_name="of another hand", storage=kept.storage)
    tune(made["third"], "units=4", 0.5)
    replicate(made["first"], "units=4", 1)
    names = [found.name for found in overviews(kept.storage, kept.artifacts)]
    assert names == ["first", "third", "dense", "second"]


def test_a_study_that_does_not_say_what_it_asks(kept):
    study = optuna.create_study(study_name="other", storage=kept.storage)
    study.set_user_attr("study", "other")
    found = seen(kept, "other")
    assert (found.phases, found.writer, found.total, found.trials) == (None, None, 0, 0)


def test_a_study_that_another_version_stored(kept):
    study = next(iter(kept.stored.parts.values()))
    study.set_user_attr("spec", {"name": "dense"})
    environment = {"versions": {"keras-ablate": "9.1"}, "commit": "0123456789"}
    tune(kept.stored, "units=4", 0.5, environment=environment)
    found = seen(kept, "dense")
    assert (found.phases, found.writer) == (None, "ablate 9.1 (commit 0123456)")
    assert found.trials == 1
