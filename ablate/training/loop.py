"""One trial: from its spec and its images to its result."""

from __future__ import annotations

import gc
import math
import statistics
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
from numpy.typing import NDArray

from ablate import tasks
from ablate.data.split import Split, TestSet, unweighted
from ablate.errors import AblateError
from ablate.spec.data import InputShape
from ablate.spec.measure import OBJECTIVE, Measure
from ablate.spec.training import TrainingSettings
from ablate.spec.trial import Epoch, Outcome, TrialResult, TrialSpec
from ablate.spec.user_metric import UserMetric
from ablate.tasks import Task
from ablate.training.averages import Averages, OnLag
from ablate.training.batches import Batches
from ablate.training.compiling import compile_network, set_units
from ablate.training.evaluation import (
    Measures,
    Predictions,
    Scores,
    measure_tested,
    measure_trained,
    validation_scores,
)
from ablate.training.kept import KeptNetworks
from ablate.training.network import (
    InfeasibleError,
    ModelError,
    NetworkSize,
    build_network,
    measure,
)
from ablate.training.optimizer import make_callbacks
from ablate.training.outputs import (
    DISTANCE,
    OWN_STEP,
    fault_of_distance,
    fault_of_outputs,
    leeway,
    look,
)
from ablate.training.weights import training_weights
from ablate.user_code.imported import load


class Decision(Enum):
    """What happens after an epoch."""

    CONTINUE = "continue"
    PRUNE = "prune"
    STOP = "stop"


Save = Callable[[keras.Model, float], str | None]


@dataclass(frozen=True)
class Stopped:
    """Why a training ended before its last epoch."""

    outcome: Outcome
    reason: str | None = None


def train(
    spec: TrialSpec,
    split: Split,
    on_epoch: Callable[[Epoch], Decision],
    test: TestSet | None = None,
    clock: Callable[[], float] = time.perf_counter,
    save: Save | None = None,
    kept: KeptNetworks | None = None,
    on_lag: OnLag | None = None,
) -> TrialResult:
    """Trains one network and measures it on the validation images, a replicate on the test set.

    What goes wrong inside the network is part of the result, never an exception.

    Args:
        spec: what to train.
        split: the images that the spec's seed draws.
        on_epoch: told what each epoch measured, decides whether training goes on.
        test: the test images of a replicate; a tuned trial never meets them.
        clock: seconds from some fixed point.
        save: given the network of a training that is complete, with the weights that were
            measured, and its validation loss; says why it could not be saved.
        kept: networks of earlier trainings, which need not be traced again; this one may join them.
        on_lag: told where the first epoch was validated with averages of batch norm that lag.
    """
    keras.utils.clear_session(free_memory=False)  # names begin anew; see `_train` for memory
    keras.config.set_dtype_policy(spec.training.dtype_policy)
    keras.utils.set_random_seed(spec.seed)
    try:
        networks = KeptNetworks(0) if kept is None else kept
        return _train(spec, split, on_epoch, test, clock, save, networks, on_lag)
    except AblateError:
        raise  # of what `on_epoch` did, and not of the network
    except InfeasibleError as error:
        return TrialResult(outcome="infeasible", reason=str(error))
    except ModelError as error:
        return TrialResult(outcome="failed", reason=str(error))
    except (Exception, SystemExit) as error:  # a network may call sys.exit
        traceback.print_exc(file=sys.stderr)
        return TrialResult(outcome="failed", reason=failure_reason(error))
    finally:
        keras.config.set_dtype_policy("float32")


def failure_reason(error: BaseException) -> str:
    """One line for what was raised inside a network."""
    text = str(error).strip()
    kind = type(error).__name__
    if (
        isinstance(error, MemoryError)
        or kind == "ResourceExhaustedError"
        or "RESOURCE_EXHAUSTED" in text
    ):
        return "out of memory"
    return f"{kind}: {text.splitlines()[0][:300]}" if text else kind


def _train(
    spec: TrialSpec,
    split: Split,
    on_epoch: Callable[[Epoch], Decision],
    test: TestSet | None,
    clock: Callable[[], float],
    save: Save | None,
    networks: KeptNetworks,
    on_lag: OnLag | None,
) -> TrialResult:
    settings, task, values = spec.training, tasks.find(spec.task), len(split.class_names)
    if not settings.weighted_metrics:  # weights are of the training alone
        split, test = unweighted(split, test)
    model = build_network(
        spec.architecture,
        spec.architecture_source,
        _example(split.x_train.shape),
        values,
        spec.parameters,
        settings,
        task,
    )
    size = measure(model)
    monitor = compile_network(model, settings, len(split.x_train), task, values)
    fresh, model = model, networks.exchange(model)
    if model is fresh:
        gc.collect()  # what earlier networks leave, as a new one takes its place
    del fresh
    set_units(model, split.units)
    first = look(model, split.x_train[: settings.batch_size])
    if fault := fault_of_outputs(model, first, leeway(settings), task):
        raise ModelError(fault)
    scores = Scores(task, spec.metrics, {one.name: _function(one) for one in spec.user_metrics})
    recorder = _Recorder(monitor, spec, task, on_epoch, clock)
    goes_by = spec.objective if spec.objective != OBJECTIVE else monitor
    mode = _mode(spec.searched)

    stopping = settings.early_stopping
    stopped_by = goes_by, mode
    if stopping is not None and stopping.monitor is not None:
        by_loss = stopping.monitor == OBJECTIVE
        stopped_by = (
            monitor if by_loss else stopping.monitor,
            _mode(spec.measured(stopping.monitor)),
        )
    asked = [name for name in dict.fromkeys((goes_by, stopped_by[0])) if name != monitor]

    def encoded(targets: NDArray[Any]) -> NDArray[np.float32]:
        scaled = targets if split.units is None else split.units.scaled(targets)
        return task.encoded(scaled, values)

    weights = training_weights(
        split.y_train, split.class_names, settings.class_weight, split.w_train
    )
    size_of_batch = settings.batch_size
    batches = Batches(split.x_train, split.y_train, encoded, size_of_batch, spec.seed, weights)
    validation = Batches(split.x_val, split.y_val, encoded, size_of_batch, weights=split.w_val)
    population = split.x_train if settings.batch_norm_averages == "recalibrated" else None
    averages = Averages(population, len(batches), on_lag)
    # Again, so that dropout's masks do not depend on what building the network has drawn.
    keras.utils.set_random_seed(spec.seed)
    started = clock()
    with closing(batches), closing(validation), networks.forgotten_on_error(model):
        model.fit(
            batches,
            shuffle=False,  # `batches` does
            epochs=settings.epochs,
            validation_data=validation,
            callbacks=[
                averages,
                *([_Scored(asked, settings, split, scores)] if asked else []),
                *make_callbacks(settings, goes_by, mode, stopped_by),
                recorder,
            ],
            verbose=0,
        )
    measures = _measured(size, recorder, clock() - started)
    if recorder.stopped is None:
        result = _complete(model, split, recorder, spec, scores, measures, test, clock, save)
    else:
        outcome, reason = recorder.stopped.outcome, recorder.stopped.reason
        curves = tuple(recorder.epochs)
        result = TrialResult(outcome=outcome, reason=reason, measures=measures, curves=curves)
    return result.model_copy(update={"averages": averages.validated_with()})


def _complete(
    model: keras.Model,
    split: Split,
    recorder: _Recorder,
    spec: TrialSpec,
    scores: Scores,
    measures: Mapping[str, int | float],
    test: TestSet | None,
    clock: Callable[[], float],
    save: Save | None,
) -> TrialResult:
    """Measures a network that was trained to its end, with the weights that the study asks for."""
    curves, settings, sign = tuple(recorder.epochs), spec.training, spec.searched.sign
    best = min(curves, key=lambda epoch: sign * epoch.searched)
    kept = best if settings.checkpoint == "best" else curves[-1]
    if recorder.best_weights is not None and kept.epoch != curves[-1].epoch:
        model.set_weights(recorder.best_weights)
    predictions: Predictions | None = None
    try:
        trained, confusion_matrix = measure_trained(
            model, split, scores, leeway(settings), kept.val_loss
        )
        found = {**measures, OBJECTIVE: kept.val_loss, **trained}
        if test is not None:
            tested, confusion_matrix, predictions = measure_tested(
                model, split, test, scores, leeway(settings), clock
            )
            found |= tested
    except ModelError as error:
        return TrialResult(outcome="failed", reason=str(error), measures=measures, curves=curves)
    return TrialResult(
        outcome="complete",
        measures=found,
        by=spec.objective,
        own=tuple(scores.own),
        curves=curves,
        confusion_matrix=confusion_matrix,
        predictions=predictions,
        no_model=save(model, sign * kept.searched) if save is not None else None,
    )


def _mode(measure: Measure) -> Literal["min", "max"]:
    """Whether less of a measure is better, or more."""
    return "min" if measure.sign > 0 else "max"


class _Scored(keras.callbacks.Callback):  # type: ignore[misc]
    """Measures scores after every epoch that others go by, and logs them for the callbacks after it."""

    def __init__(
        self, names: Sequence[str], settings: TrainingSettings, split: Split, scores: Scores
    ) -> None:
        super().__init__()
        self._names, self._settings = names, settings
        self._split, self._scores = split, scores

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Predicts the validation examples.

        Raises:
            ModelError: the outputs cannot be scored.
        """
        assert logs is not None
        found = validation_scores(self.model, self._split, self._scores, leeway(self._settings))
        for name in self._names:
            if name not in found:
                raise ModelError(f"{name} is not defined for these validation examples")
            logs[name] = found[name]


class _Recorder(keras.callbacks.Callback):  # type: ignore[misc]
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
        # What a regression minimises is counted in other units than the data.
        self._loss = monitor.removeprefix("val_") if task.outputs == "numbers" else "loss"
        scores = [name for metric in task.metrics for name in (metric, f"val_{metric}")]
        self._asked_for = tuple(dict.fromkeys(("loss", self._loss, monitor, *scores)))
        self._keep_best = settings.checkpoint == "best"
        self._leeway = leeway(settings)
        self._on_epoch = on_epoch
        self._clock = clock
        self._started = clock()

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self._started = self._clock()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        logs = logs or {}
        if missing := [name for name in self._asked_for if name not in logs]:
            raise ModelError(f"its epochs are logged without {' and '.join(missing)}; {OWN_STEP}")
        done = Epoch(
            epoch=epoch + 1,
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
        improved = all(cost < self.sign * earlier.searched for earlier in self.epochs)
        self.epochs.append(done)
        if improved and self._keep_best:
            self.best_weights = self.model.get_weights()
        before = self._clock()
        decision = self._on_epoch(done)
        self.told_seconds += self._clock() - before
        if done.epoch == self.params["epochs"]:
            return  # there is nothing left to save: a finished training counts
        if decision is Decision.PRUNE:
            self._stop("pruned")
        elif decision is Decision.STOP:
            self._stop("interrupted")

    def _stop(self, outcome: Outcome, reason: str | None = None) -> None:
        self.stopped = Stopped(outcome, reason)
        self.model.stop_training = True


def _function(metric: UserMetric) -> Callable[..., Any]:
    """The function of a measure of the user's own."""
    found: Callable[..., Any] = getattr(load(Path(metric.source)), metric.function)
    return found


def _example(shape: Any) -> InputShape:
    """The shape of one of the examples of a shape; of several inputs each, by name."""
    if isinstance(shape, Mapping):
        return {name: tuple(one[1:]) for name, one in shape.items()}
    return tuple(shape[1:])


def _known(value: float | None) -> float | None:
    return None if value is None else float(value)


def _measured(size: NetworkSize, recorder: _Recorder, seconds: float) -> Measures:
    """What is known of a training that took so long, however it ended."""
    epochs = recorder.epochs
    has_failed = recorder.stopped is not None and recorder.stopped.outcome == "failed"
    sign = recorder.sign
    best = None if has_failed else min(epochs, key=lambda epoch: sign * epoch.searched).epoch
    known = {
        "parameters": size.parameters,
        "trainable_parameters": size.trainable_parameters,
        "flops": size.flops,
        "training_seconds": seconds - recorder.told_seconds,
        "seconds_per_epoch": _seconds_per_epoch(epochs),
        "epochs": len(epochs),
        "best_epoch": best,
    }
    return {key: value for key, value in known.items() if value is not None}


def _seconds_per_epoch(curves: Sequence[Epoch]) -> float | None:
    later = [epoch.seconds for epoch in curves[1:]] or [epoch.seconds for epoch in curves]
    return statistics.median(later) if later else None
