"""Notes each epoch of a training, and ends it when it should end."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import keras

from ablate.spec.measure import OBJECTIVE
from ablate.spec.training import TrainingSettings
from ablate.spec.trial import Epoch, Outcome, TrialSpec
from ablate.tasks import Task
from ablate.training.evaluation import Scores, validation_scores
from ablate.training.network import ModelError
from ablate.training.outputs import DISTANCE, OWN_STEP, fault_of_distance, leeway
from ablate.training.parts import Part
from ablate.training.user_fit import TrainingEndedError


class Decision(Enum):
    """What happens after an epoch."""

    CONTINUE = "continue"
    PRUNE = "prune"
    STOP = "stop"


@dataclass(frozen=True)
class Stopped:
    """Why a training ended before its last epoch."""

    outcome: Outcome
    reason: str | None = None


class ScoredEpochs(keras.callbacks.Callback):  # type: ignore[misc]
    """Measures scores after every epoch that others go by, and logs them for the callbacks after it."""

    def __init__(
        self, names: Sequence[str], settings: TrainingSettings, validation: Part, scores: Scores
    ) -> None:
        super().__init__()
        self._names, self._settings = names, settings
        self._validation, self._scores = validation, scores

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Predicts the validation examples.

        Raises:
            ModelError: the outputs cannot be scored.
        """
        assert logs is not None
        found = validation_scores(
            self.model, self._validation, self._scores, leeway(self._settings)
        )
        for name in self._names:
            if name not in found:
                raise ModelError(undefined(name))
            logs[name] = found[name]


def undefined(name: str) -> str:
    """Says that a measure that others go by has no finite value."""
    return f"{name} is not defined for these validation examples"


def check_logged(logs: Iterable[str], monitor: str, task: Task) -> None:
    """Makes sure that an epoch was logged with all that a result needs.

    Args:
        logs: the names of what was logged.
        monitor: what the plain validation loss is called there.
        task: what the network's outputs mean.

    Raises:
        ModelError: something is missing.
    """
    scores = [name for metric in task.metrics for name in (metric, f"val_{metric}")]
    asked_for = dict.fromkeys(("loss", _loss_of(monitor, task), monitor, *scores))
    if missing := [name for name in asked_for if name not in logs]:
        raise ModelError(f"its epochs are logged without {' and '.join(missing)}; {OWN_STEP}")


def _loss_of(monitor: str, task: Task) -> str:
    """What the training loss is called in logs; a regression minimises it in other units than the data."""
    return monitor.removeprefix("val_") if task.outputs == "numbers" else "loss"


class Recorder(keras.callbacks.Callback):  # type: ignore[misc]
    """Notes each epoch, keeps the best weights, and ends training when it should end."""

    def __init__(
        self,
        monitor: str,
        spec: TrialSpec,
        task: Task,
        on_epoch: Callable[[Epoch], Decision],
        clock: Callable[[], float],
    ) -> None:
        super().__init__()
        self.epochs: list[Epoch] = []
        self.best_weights: list[Any] | None = None
        self.stopped: Stopped | None = None
        self.told_seconds = 0.0
        """What telling others of the epochs has taken: no training, least of all where a database
        was waited for."""
        settings = spec.training
        self._monitor, self._task = monitor, task
        self._by, self.sign = spec.objective, spec.searched.sign
        self._loss = _loss_of(monitor, task)
        self._least = math.inf
        """The cost of the best epoch so far."""
        self._most_epochs = settings.epochs
        self._keep_best = settings.checkpoint == "best"
        self._leeway = leeway(settings)
        self._on_epoch = on_epoch
        self._clock = clock
        self._started = clock()

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Looks at the clock.

        Raises:
            TrainingEndedError: the training was ended before.
        """
        if self.stopped is not None:
            raise TrainingEndedError  # a loop of the user's own goes on with another `fit`
        self._started = self._clock()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Notes what was logged, and ends training where that is asked for.

        Raises:
            ModelError: something is missing in the logs.
        """
        logs = logs or {}
        check_logged(logs, self._monitor, self._task)
        done = Epoch(
            epoch=len(self.epochs) + 1,  # a loop of the user's own may count from 1 again
            loss=float(logs[self._loss]),
            accuracy=_known(logs.get("accuracy")),
            val_loss=float(logs[self._monitor]),
            val_accuracy=_known(logs.get("val_accuracy")),
            seconds=self._clock() - self._started,
            objective=None if self._by == OBJECTIVE else float(logs[self._by]),
        )
        for name, value in (("training loss", done.loss), ("validation loss", done.val_loss)):
            if not math.isfinite(value):
                self._stop("failed", f"the {name} is {value} after epoch {done.epoch}")
                return
        distance = max(logs.get(name, 0) for name in (DISTANCE, f"val_{DISTANCE}"))
        if distance > self._leeway:
            self._stop("failed", fault_of_distance(self.model, distance, done.epoch, self._task))
            return
        cost = self.sign * done.searched
        improved = cost < self._least
        self._least = min(cost, self._least)
        self.epochs.append(done)
        if improved and self._keep_best:
            self.best_weights = self.model.get_weights()
        before = self._clock()
        decision = self._on_epoch(done)
        self.told_seconds += self._clock() - before
        if done.epoch == self._most_epochs:
            return  # there is nothing left to save: a finished training counts
        if decision is Decision.PRUNE:
            self._stop("pruned")
        elif decision is Decision.STOP:
            self._stop("interrupted")

    def _stop(self, outcome: Outcome, reason: str | None = None) -> None:
        self.stopped = Stopped(outcome, reason)
        self.model.stop_training = True


def _known(value: float | None) -> float | None:
    return None if value is None else float(value)
