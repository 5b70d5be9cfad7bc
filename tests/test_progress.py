"""What a run shows, from the events of a made-up run and a clock that the test winds."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from ablate.messages import Finished, Started, Trained
from ablate.progress import LiveProgress, PlainProgress, RunState, duration, render
from ablate.spec import Epoch


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def epoch(number, val_loss=0.5):
    return Epoch(
        epoch=number, loss=1.0, accuracy=0.5, val_loss=val_loss, val_accuracy=0.75, seconds=2.0
    )


def events(clock, progress, study):
    progress.opened(study, 4, 1, 1)
    progress.heard(Started(number=1, parameters={"units": 8, "rate": 0.00123456}, epochs=2))
    clock.now += 10
    progress.heard(Trained(number=1, epoch=epoch(1, 0.5)))
    clock.now += 10
    progress.heard(Trained(number=1, epoch=epoch(2, 0.6)))
    progress.heard(
        Finished(number=1, outcome="complete", val_loss=0.5, val_accuracy=0.75, seconds=20.0)
    )
    progress.heard(Started(number=2, parameters={"units": 4}, epochs=2))
    progress.heard(Finished(number=2, outcome="failed", reason="out of [bold]memory"))
    progress.heard(Started(number=3, parameters={"units": 16}, epochs=2))
    progress.heard(Trained(number=3, epoch=epoch(1, 0.9)))


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
    assert running.split()[:2] == ["3", "1/2"]
    assert "0.9000" in running
    failed = next(line for line in lines if "failed" in line and "memory" in line)
    assert "out of [bold]memory" in failed
    complete = next(line for line in lines if "0.7500" in line)
    assert complete.split()[:2] == ["1", "complete"]


def test_an_interrupted_trial_counts_for_nothing():
    state = RunState(Clock())
    state.note(Started(number=0, parameters={}, epochs=3))
    state.note(Finished(number=0, outcome="interrupted"))
    assert (state.finished, list(state.last), state.running) == (0, [], {})


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
