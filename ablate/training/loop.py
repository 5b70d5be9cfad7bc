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
from pathlib import Path
from typing import Any, Literal

import keras

from ablate import tasks
from ablate.data.fitting import Units
from ablate.errors import AblateError
from ablate.spec.measure import OBJECTIVE, Measure
from ablate.spec.trial import Epoch, TrialResult, TrialSpec
from ablate.spec.user_metric import UserMetric
from ablate.training.averages import Averages, OnLag
from ablate.training.compiling import compile_network, measured_when_compiled, set_units
from ablate.training.evaluation import (
    Measures,
    Predictions,
    Scores,
    measure_tested,
    measure_trained,
)
from ablate.training.feeding import AnySplit, AnyTest, Feeding, feed, tested
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
    fault_of_outputs,
    leeway,
    look,
)
from ablate.training.parts import Part
from ablate.training.pipelines import Pipelines
from ablate.training.recorder import Decision, Recorder, ScoredEpochs, undefined
from ablate.training.streams import Watch
from ablate.training.user_evaluate import find_evaluate
from ablate.training.user_fit import Fit, call_fit, find_fit
from ablate.user_code.imported import load
from ablate.user_code.streams import StreamError

__all__ = ["Decision", "failure_reason", "train"]

Save = Callable[[keras.Model, float], str | None]


def train(
    spec: TrialSpec,
    split: AnySplit,
    on_epoch: Callable[[Epoch], Decision],
    test: AnyTest | None = None,
    clock: Callable[[], float] = time.perf_counter,
    save: Save | None = None,
    kept: KeptNetworks | None = None,
    on_lag: OnLag | None = None,
) -> TrialResult:
    """Trains one network and measures it on the validation images, a replicate on the test set.

    What goes wrong inside the network is part of the result, never an exception.

    Args:
        spec: what to train.
        split: the examples that the spec's seed draws.
        on_epoch: told what each epoch measured, decides whether training goes on.
        test: the test examples of a replicate; a tuned trial never meets them.
        clock: seconds from some fixed point.
        save: given the network of a training that is complete, with the weights that were
            measured, and its objective as a cost, less the better; says why it could not be saved.
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
    except (ModelError, StreamError) as error:
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
        or kind in ("ResourceExhaustedError", "OutOfMemoryError")  # TensorFlow's, PyTorch's
        or "RESOURCE_EXHAUSTED" in text  # JAX's
        or "DefaultCPUAllocator" in text  # PyTorch's, on a processor
    ):
        return "out of memory"
    return f"{kind}: {text.splitlines()[0][:300]}" if text else kind


def _train(
    spec: TrialSpec,
    split: AnySplit,
    on_epoch: Callable[[Epoch], Decision],
    test: AnyTest | None,
    clock: Callable[[], float],
    save: Save | None,
    networks: KeptNetworks,
    on_lag: OnLag | None,
) -> TrialResult:
    settings, task, values = spec.training, tasks.find(spec.task), len(split.class_names)
    feeding = feed(split, spec, task)
    # Again, whatever the making of streams has drawn.
    keras.utils.set_random_seed(spec.seed)
    model = build_network(
        spec.architecture,
        spec.architecture_source,
        feeding.example,
        values,
        spec.parameters,
        settings,
        task,
        feeding.data,
    )
    size = measure(model)
    own_fit = find_fit(spec.architecture, spec.architecture_source)
    is_plain = None if own_fit is None else False  # it may compile the network anew
    monitor = compile_network(model, settings, feeding.steps, task, values, is_plain=is_plain)
    if own_fit is not None:  # it may freeze layers, and whatever else
        networks = KeptNetworks(0)
    fresh, model = model, networks.exchange(model)
    if model is fresh:
        gc.collect()  # what earlier networks leave, as a new one takes its place
    del fresh
    set_units(model, feeding.units)
    if feeding.first is not None:
        first = look(model, feeding.first)
        if fault := fault_of_outputs(model, first, leeway(settings), task):
            raise ModelError(fault)
    scores = _scores(spec, task, values, feeding.units)
    recorder = Recorder(monitor, spec, task, on_epoch, clock)
    population = feeding.population if settings.batch_norm_averages == "recalibrated" else None
    averages = Averages(population, feeding.steps, on_lag)
    # Again, so that dropout's masks do not depend on what building the network has drawn.
    keras.utils.set_random_seed(spec.seed)
    started = clock()
    watched = [Watch(*feeding.streams)] if feeding.streams else []
    callbacks = [*watched, averages, *_asked_for(spec, feeding.measured, scores, monitor), recorder]
    with closing(feeding), networks.forgotten_on_error(model):
        trained = _fit(model, own_fit, feeding, networks.pipelines, spec, task, callbacks)
    if not recorder.epochs and recorder.stopped is None:
        raise ModelError("no epoch was told: fit must hand callbacks on to model.fit")
    measures = _measured(size, recorder, clock() - started)
    if recorder.stopped is None:
        of_test = None if test is None else tested(test, split, spec, task)
        result = _complete(model, feeding, recorder, spec, scores, measures, of_test, clock, save)
    else:
        outcome, reason = recorder.stopped.outcome, recorder.stopped.reason
        curves = tuple(recorder.epochs)
        result = TrialResult(outcome=outcome, reason=reason, measures=measures, curves=curves)
    unseen = max(0, trained - len(recorder.epochs)) if recorder.stopped is None else 0
    return result.model_copy(
        update={"averages": averages.validated_with(), "unseen_epochs": unseen}
    )


def _fit(
    model: keras.Model,
    own_fit: Fit | None,
    feeding: Feeding,
    pipelines: Pipelines,
    spec: TrialSpec,
    task: tasks.Task,
    callbacks: list[keras.callbacks.Callback],
) -> int:
    """Fits a network, by Keras or by a loop of the user's own.

    Returns:
        How many epochs a loop of the user's own had, whichever callbacks saw them; 0 without one.

    Raises:
        ModelError: a stream is not what it should be, or the loop returned no history.
    """
    settings, values = spec.training, len(feeding.class_names)
    trained = 0
    try:
        if own_fit is None:
            train, others = pipelines.fed(feeding, settings.epochs)
            model.fit(
                train,
                **others,
                shuffle=False,  # batches are given in their order
                epochs=settings.epochs,
                callbacks=callbacks,
                verbose=0,
            )
        else:
            with measured_when_compiled(model, settings, task, values, feeding.units):
                trained = call_fit(
                    own_fit, model, feeding.train, feeding.validation, settings, callbacks
                )
    except Exception:
        feeding.check()  # what a stream raised comes as something else
        raise
    feeding.check()
    return trained


def _complete(
    model: keras.Model,
    feeding: Feeding,
    recorder: Recorder,
    spec: TrialSpec,
    scores: Scores,
    measures: Mapping[str, int | float],
    test: Part | None,
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
            model, feeding.measured, scores, leeway(settings), kept.val_loss
        )
        found = {**measures, OBJECTIVE: kept.val_loss, **trained}
        if test is not None:
            tested, confusion_matrix, predictions = measure_tested(
                model, test, scores, leeway(settings), clock
            )
            found |= tested
        if not math.isfinite(found.get(spec.objective, math.nan)):
            raise ModelError(undefined(spec.objective))
    except (ModelError, StreamError) as error:
        return TrialResult(outcome="failed", reason=str(error), measures=measures, curves=curves)
    return TrialResult(
        outcome="complete",
        measures=found,
        by=spec.objective,
        own=(*scores.own, *scores.evaluated),
        curves=curves,
        confusion_matrix=confusion_matrix,
        predictions=predictions,
        no_model=save(model, sign * kept.searched) if save is not None else None,
    )


def _asked_for(
    spec: TrialSpec, validation: Part, scores: Scores, monitor: str
) -> list[keras.callbacks.Callback]:
    """The callbacks that the settings ask for, after one that measures what they go by.

    Args:
        spec: what is trained.
        validation: the examples to measure.
        scores: what is measured.
        monitor: what the plain validation loss is called in Keras's logs.
    """
    settings, stopping = spec.training, spec.training.early_stopping
    goes_by = monitor if spec.objective == OBJECTIVE else spec.objective
    mode = _mode(spec.searched)
    stopped_by = goes_by, mode
    if stopping is not None and stopping.monitor is not None:
        name = monitor if stopping.monitor == OBJECTIVE else stopping.monitor
        stopped_by = name, _mode(spec.measured(stopping.monitor))
    asked = [name for name in dict.fromkeys((goes_by, stopped_by[0])) if name != monitor]
    measured = [ScoredEpochs(asked, settings, validation, scores)] if asked else []
    return [*measured, *make_callbacks(settings, goes_by, mode, stopped_by)]


def _mode(measure: Measure) -> Literal["min", "max"]:
    """Whether less of a measure is better, or more."""
    return "min" if measure.sign > 0 else "max"


def _scores(spec: TrialSpec, task: tasks.Task, values: int, units: Units | None) -> Scores:
    """What is measured of a training, besides its loss.

    Raises:
        ModelError: `evaluate` cannot be called as it is.
    """
    asked = tuple(one.name for one in spec.user_metrics if one.function is None)
    return Scores(
        task=task,
        asked=spec.metrics,
        own={one.name: _function(one) for one in spec.user_metrics if one.function is not None},
        evaluate=find_evaluate(spec.architecture, spec.architecture_source, asked),
        evaluated=asked,
        values=values,
        units=units,
    )


def _function(metric: UserMetric) -> Callable[..., Any]:
    """The function of a measure of the user's own."""
    assert metric.source is not None and metric.function is not None
    found: Callable[..., Any] = getattr(load(Path(metric.source)), metric.function)
    return found


def _measured(size: NetworkSize, recorder: Recorder, seconds: float) -> Measures:
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
