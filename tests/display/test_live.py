"""What a run shows, from the events of a made-up run and a clock that the test winds."""

from __future__ import annotations

import io

import pytest
from hand_made import compare
from rich.console import Console

from ablate.display.live import LiveProgress, render
from ablate.display.plain import PlainProgress
from ablate.display.state import RunState
from ablate.document.words import duration
from ablate.spec.averages import MovingAverages
from ablate.spec.study import Cell, ReplicateSettings
from ablate.spec.trial import Epoch
from ablate.state.phases import PhaseState
from ablate.workers.messages import Finished, Lags, Started, Trained


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def epoch(number, val_loss=0.5):
    return Epoch(
        epoch=number, loss=1.0, accuracy=0.5, val_loss=val_loss, val_accuracy=0.75, seconds=2.0
    )


CELL = Cell(dataset="digits", variant="space")


def started(number, *, cell=CELL, phase="tune", part="dense", epochs=2, **parameters):
    return Started(
        part=part, number=number, phase=phase, cell=cell, parameters=parameters, epochs=epochs
    )


def trained(number, epoch_number, val_loss=0.5, part="dense"):
    return Trained(part=part, number=number, epoch=epoch(epoch_number, val_loss))


def finished(number, outcome="complete", part="dense", *, reason=None, no_model=None, **measures):
    known = {"val_loss": 0.5, "val_accuracy": 0.75} if outcome == "complete" else {}
    return Finished(
        part=part,
        number=number,
        outcome=outcome,
        reason=reason,
        measures=known | measures,
        no_model=no_model,
    )


def events(clock, progress, study):
    progress.opened(study, [PhaseState("tune", 4, 1, {"complete": 1})], 1)
    progress.heard(started(1, units=8, rate=0.00123456))
    clock.now += 10
    progress.heard(trained(1, 1, 0.5))
    clock.now += 10
    progress.heard(trained(1, 2, 0.6))
    progress.heard(finished(1, training_seconds=20.0))
    progress.heard(started(2, units=4))
    progress.heard(finished(2, "failed", reason="out of [bold]memory"))
    progress.heard(started(3, units=16))
    progress.heard(trained(3, 1, 0.9))


def compared_events(clock, progress, study):
    """Both searches end; then a replicate of each variant."""
    phases = [PhaseState("tune", 2, 0, {}), PhaseState("replicate", 6, 1, {"complete": 1})]
    progress.opened(study, phases, 0)
    for variant in ("units=16", "units=4"):
        cell, part = Cell(dataset="digits", variant=variant), f"compared/tune/{variant}"
        progress.heard(started(0, cell=cell, part=part, learning_rate=0.01))
        clock.now += 6
        progress.heard(finished(0, part=part))
    part = "compared/replicate"
    for number, variant in enumerate(("units=4", "units=16"), 1):
        cell = Cell(dataset="digits", variant=variant)
        progress.heard(started(number, cell=cell, phase="replicate", part=part, seed=2))
        clock.now += 4
        progress.heard(trained(number, 1, part=part))
        if number == 1:
            progress.heard(finished(number, part=part, test_accuracy=0.8125, training_seconds=3.5))


def test_plain_lines_say_what_happens(project):
    clock, out = Clock(), io.StringIO()
    console = Console(file=out, width=80)
    with PlainProgress(console, clock) as progress:
        events(clock, progress, project.study())
        progress.stopping()
    assert out.getvalue().splitlines() == [
        "1 trial was cut off earlier and will be trained again",
        "dense: 1 of 4 trials are finished",
        "trial 1 started: units=8 rate=0.001235",
        "trial 1 epoch 1/2: validation loss 0.5000, accuracy 0.7500, 2.0 s",
        "trial 1 epoch 2/2: validation loss 0.6000, accuracy 0.7500, 2.0 s",
        "trial 1 complete: validation loss 0.5000, accuracy 0.7500 (2 of 4, about 40 s left)",
        "trial 2 started: units=4",
        "trial 2 failed: out of [bold]memory (3 of 4, about 10 s left)",
        "trial 3 started: units=16",
        "trial 3 epoch 1/2: validation loss 0.9000, accuracy 0.7500, 2.0 s",
        "stopping after this epoch; Ctrl-C again stops at once",
    ]


def test_the_live_display_shows_study_running_and_last_trials(project):
    clock = Clock()
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None)
    with LiveProgress(console, clock) as progress:
        events(clock, progress, project.study())
        shown = Console(file=io.StringIO(), width=100, color_system=None)
        shown.print(progress._render())
    lines = shown.file.getvalue().splitlines()
    assert "3/4 trials" in lines[0]
    assert "1 complete, 1 failed, 1 earlier" in " ".join(lines[:2])
    running = next(line for line in lines if "units=16" in line)
    assert running.split()[:3] == ["trial", "3", "1/2"]
    assert "0.9000" in running
    failed = next(line for line in lines if "failed" in line and "memory" in line)
    assert "out of [bold]memory" in failed
    complete = next(line for line in lines if "0.7500" in line)
    assert complete.split()[:3] == ["trial", "1", "complete"]


def test_plain_lines_of_a_comparison_name_phase_variant_and_seed(project):
    clock, out = Clock(), io.StringIO()
    with PlainProgress(Console(file=out, width=80), clock) as progress:
        compared_events(clock, progress, compare(project))
    assert out.getvalue().splitlines() == [
        "dense: 0 of 2 trials are finished",
        "dense: 1 of 6 replicates are finished",
        "tune units=16 trial 0 started: learning_rate=0.01",
        "tune units=16 trial 0 complete: validation loss 0.5000, accuracy 0.7500 "
        "(1 of 2, about 36 s left)",
        "tune units=4 trial 0 started: learning_rate=0.01",
        "tune units=4 trial 0 complete: validation loss 0.5000, accuracy 0.7500 "
        "(2 of 2, about 30 s left)",
        "replicate units=4 seed 2 started",
        "replicate units=4 seed 2 epoch 1/2: validation loss 0.5000, accuracy 0.7500, 2.0 s",
        "replicate units=4 seed 2 complete: validation loss 0.5000, accuracy 0.7500, "
        "test accuracy 0.8125 (2 of 6, about 16 s left)",
        "replicate units=16 seed 2 started",
        "replicate units=16 seed 2 epoch 1/2: validation loss 0.5000, accuracy 0.7500, 2.0 s",
    ]


def test_folds_are_called_folds(project):
    folds = ReplicateSettings(folds=3, fold_repeats=2)
    study = compare(project).model_copy(update={"replicate": folds})
    clock, out = Clock(), io.StringIO()
    with PlainProgress(Console(file=out, width=80), clock) as progress:
        progress.opened(study, [PhaseState("replicate", 12, 0, {})], 0)
        cell = Cell(dataset="digits", variant="units=4")
        for number, seed in enumerate(study.seeds[-2:]):
            progress.heard(
                started(number, cell=cell, phase="replicate", part="dense/replicate", seed=seed)
            )
    assert out.getvalue().splitlines()[1:] == [
        "replicate units=4 fold 5 started",
        "replicate units=4 fold 6 started",
    ]


def test_the_live_display_of_a_comparison_has_a_bar_for_each_phase(project):
    clock = Clock()
    console = Console(file=io.StringIO(), width=120, force_terminal=True, color_system=None)
    with LiveProgress(console, clock) as progress:
        compared_events(clock, progress, compare(project))
        shown = Console(file=io.StringIO(), width=120, color_system=None)
        shown.print(progress._render())
    tune, replicate, *rest = shown.file.getvalue().splitlines()
    assert tune.split()[:2] == ["dense", "tune"]
    assert "2/2 trials" in tune
    assert "14 s left" in tune
    assert "2 complete" in tune
    assert replicate.split()[0] == "replicate"
    assert "2/6 replicates" in replicate
    assert "1 complete, 1 earlier" in replicate
    running = next(line for line in rest if "1/2" in line)
    assert running.startswith("replicate units=16 seed 2 ")
    ended = next(line for line in rest if "0.8125" in line)
    assert ended.startswith("replicate units=4 seed 2 ")
    assert "0.7500" not in ended


def test_several_data_sets_are_named_too(project):
    state = RunState(Clock())
    state.open(compare(project, 'study.dataset=["digits", "line"]'), [])
    cell = Cell(dataset="line", variant="units=4")
    state.note(started(3, cell=cell))
    state.note(started(4, cell=cell, phase="replicate", part="dense/replicate", seed=7))
    assert [trial.title for trial in state.running.values()] == [
        "tune line units=4 trial 3",
        "replicate line units=4 seed 7",
    ]


def test_one_variant_is_told_by_phase_too_where_it_is_replicated(project):
    state = RunState(Clock())
    state.open(project.study("replicate.seeds=2"), [])
    state.note(started(0))
    state.note(started(1, phase="replicate", part="dense/replicate", seed=2))
    assert [trial.title for trial in state.running.values()] == [
        "tune space trial 0",
        "replicate space seed 2",
    ]


def test_trials_of_different_parts_may_have_the_same_number(project):
    state = RunState(Clock())
    state.open(compare(project), [PhaseState("tune", 4, 0, {})])
    for variant in ("units=4", "units=16"):
        cell = Cell(dataset="digits", variant=variant)
        state.note(started(0, cell=cell, part=variant, epochs=4))
    state.note(trained(0, 3, part="units=4"))
    assert [trial.epoch for trial in state.running.values()] == [3, 0]
    state.note(finished(0, part="units=16"))
    assert list(state.running) == [("units=4", 0)]


# What is left


def state_of(project, *phases):
    state = RunState(Clock())
    state.open(compare(project), phases)
    return state


def train(state, number, seconds, outcome="complete", phase="tune"):
    state.note(started(number, phase=phase, part=phase, seed=number))
    state.clock.now += seconds
    state.note(finished(number, outcome, part=phase))


def test_before_the_first_trial_ends_nobody_knows(project):
    state = state_of(project, PhaseState("tune", 3, 0, {}))
    assert state.seconds_left is None
    state.note(started(0))
    state.note(trained(0, 1))
    assert state.seconds_left is None


def test_a_complete_study_needs_no_more_time(project):
    done = PhaseState("tune", 3, 3, {}), PhaseState("replicate", 2, 2, {})
    assert state_of(project, *done).seconds_left == 0


def test_what_is_left_takes_as_long_as_what_was_done(project):
    state = state_of(project, PhaseState("tune", 5, 1, {}))
    train(state, 0, 4.0)
    assert state.seconds_left == pytest.approx(3 * 4)
    train(state, 1, 2.0, "pruned")
    assert state.seconds_left == pytest.approx(2 * 3)


def test_the_epochs_of_a_running_trial_count(project):
    state = state_of(project, PhaseState("tune", 2, 0, {}))
    train(state, 0, 8.0)
    state.note(started(1, epochs=4))
    state.note(trained(1, 3))
    assert state.seconds_left == pytest.approx(8 * 0.25)


def test_replicates_are_expected_to_take_as_long_as_a_complete_trial(project):
    phases = PhaseState("tune", 3, 0, {}), PhaseState("replicate", 4, 0, {})
    state = state_of(project, *phases)
    train(state, 0, 2.0, "pruned")
    assert state.seconds_left is None
    train(state, 1, 10.0)
    assert state.seconds_left == pytest.approx(1 * 6 + 4 * 10)
    train(state, 2, 6.0, "failed")
    assert state.seconds_left == pytest.approx(4 * 10)
    train(state, 3, 5.0, phase="replicate")
    assert state.seconds_left == pytest.approx(3 * 5)


def test_an_interrupted_trial_counts_for_nothing(project):
    state = state_of(project, PhaseState("tune", 3, 0, {}))
    train(state, 0, 1.0, "interrupted")
    assert (state.phases["tune"].finished, list(state.last), state.running) == (0, [], {})
    assert not state.counts


def test_outcomes_are_counted_over_all_phases(project):
    state = state_of(project, PhaseState("tune", 3, 2, {}), PhaseState("replicate", 2, 0, {}))
    train(state, 0, 1.0)
    train(state, 1, 1.0, phase="replicate")
    train(state, 2, 1.0, "failed", phase="replicate")
    assert dict(state.counts) == {"complete": 2, "failed": 1}
    assert state.phases["tune"].finished == 3


def test_before_the_first_event_the_display_says_so():
    console = Console(file=io.StringIO(), width=100)
    console.print(render(RunState(Clock())))
    assert console.file.getvalue().startswith("preparing the data and starting a worker")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")],
)
def test_times_are_said_as_people_say_them(seconds, text):
    assert duration(seconds) == text


def test_a_model_that_was_not_saved_is_told(project):
    clock, out = Clock(), io.StringIO()
    state = state_of(project, PhaseState("tune", 4, 0, {}))
    with PlainProgress(Console(file=out, width=80), clock) as progress:
        progress.opened(project.study(), [PhaseState("tune", 4, 0, {})], 0)
        for heard in (started(1, units=8), finished(1, no_model="the disk is full")):
            progress.heard(heard)
            state.note(heard)
    told = "its model was not saved: the disk is full"
    assert out.getvalue().splitlines()[-1] == (
        f"trial 1 complete: validation loss 0.5000, accuracy 0.7500; {told} (1 of 4)"
    )
    shown = Console(file=io.StringIO(), width=140, color_system=None)
    shown.print(render(state))
    assert told in shown.file.getvalue()


@pytest.mark.parametrize("progress", [PlainProgress, LiveProgress])
def test_a_lag_is_told_once_for_each_variant(progress, project):
    console = Console(file=io.StringIO(), width=300)
    shown = progress(console)
    shown.opened(project.study(), [PhaseState("tune", 4, 0, {})], 0)
    other = Cell(dataset="digits", variant="other")
    for cell in (CELL, CELL, other):
        shown.heard(Lags(cell=cell, epochs=2, averages=MovingAverages(momentum=0.99, steps=4)))
    warnings = [line for line in console.file.getvalue().splitlines() if "averages" in line]
    assert [line.split(" with a momentum")[0] for line in warnings] == [
        "warning: space:",
        "warning: other:",
    ]
