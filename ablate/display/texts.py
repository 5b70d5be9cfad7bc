"""What is said of a run, in the live display and in plain lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ablate.spec.measure import OBJECTIVE, Measure, Stage, loss_first
from ablate.spec.measures import EVERY
from ablate.workers.messages import Finished

SHOWN = loss_first(EVERY.shown("progress"))
STOPPING = "stopping after this epoch; Ctrl-C again stops at once"


def outcome_text(event: Finished) -> str:
    """How a trial ended, in one line."""
    if event.outcome == "interrupted":
        why = f": {event.reason}" if event.reason else ""
        return f"interrupted{why}; it will be trained again"
    if event.reason:
        return f"{event.outcome}: {event.reason}"
    if event.repeats is not None:
        return f"{repeated(event)}, and was not trained: {_measured(event)}"
    if event.outcome == "complete":
        return "; ".join(
            text for text in (f"complete: {_measured(event)}", no_model(event)) if text
        )
    if event.outcome == "pruned":
        return f"pruned: best validation loss {loss(event.measures.get(OBJECTIVE))}"
    return event.outcome


def _measured(event: Finished) -> str:
    """What was measured on the validation images, and how well it does on the test images."""
    tested = (measure for measure in SHOWN if measure.is_score and measure.kind != "loss")
    test = scores(tested, "test", event.measures)
    validation = f"validation {scores(SHOWN, 'validation', event.measures)}"
    return f"{validation}, test {test}" if test else validation


def scores(measures: Iterable[Measure], stage: Stage, values: Mapping[str, float]) -> str:
    """Measures of a stage by name, those that were reached."""
    keys = ((measure, measure.key(stage)) for measure in measures)
    return ", ".join(
        f"{one.title} {one.text(values[key])}" for one, key in keys if values.get(key) is not None
    )


def latest(measure: Measure, values: Mapping[str, float]) -> str:
    """Its value on the test images, or where there is none on the validation images."""
    value = values.get(measure.key("test"), values.get(measure.key("validation")))
    return "" if value is None else measure.text(value)


def no_model(event: Finished) -> str:
    """Why its network was not kept, where it should have been."""
    return f"its model was not saved: {event.no_model}" if event.no_model else ""


def repeated(event: Finished) -> str:
    """Which trial it repeats; empty where it was trained."""
    return "" if event.repeats is None else f"repeats trial {event.repeats}"


def queued_again(queued: int) -> str:
    """How many trials an earlier run left behind."""
    trials = "trial was" if queued == 1 else "trials were"
    return f"{queued} {trials} cut off earlier and will be trained again"


def loss(value: float | None) -> str:
    """A loss, empty where there is none."""
    return "" if value is None else f"{value:.4f}"
