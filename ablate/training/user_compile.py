"""A network that comes compiled: it keeps its optimizer, its loss and its metrics."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

import keras

from ablate.errors import shown
from ablate.spec.training import OF_COMPILE, TrainingSettings
from ablate.tasks import Task
from ablate.training.outputs import is_keras

DENSE = {
    "sparse_categorical_crossentropy": "categorical_crossentropy",
    "sparse_categorical_accuracy": "categorical_accuracy",
    "sparse_top_k_categorical_accuracy": "top_k_categorical_accuracy",
}
"""Labels are given one-hot, whatever they were: what takes them otherwise, by what computes the same."""


def fault_of_compile(
    model: keras.Model, settings: TrainingSettings, task: Task, asked: Container[str]
) -> str | None:
    """Why a network cannot be trained as it was compiled; None where it can, or was not.

    Args:
        model: the network.
        settings: how the study says that it is trained.
        task: what its outputs mean.
        asked: settings that its `build` asks for, and so has a use for.
    """
    if not model.compiled:
        return None
    given = {name: getattr(settings, name) for name in OF_COMPILE if name not in asked}
    usual = TrainingSettings(loss=task.loss)  # type: ignore[arg-type]
    ignored = {name: one for name, one in given.items() if one != getattr(usual, name)}
    if settings.learning_rate_decay in ("cosine", "exponential"):  # of the optimizer
        ignored["learning_rate_decay"] = settings.learning_rate_decay
    if ignored:
        keys = ", ".join(f"{key} = {shown(value)}" for key, value in ignored.items())
        return (
            f"build returned a network that is compiled, which takes the place of {keys}; leave these "
            "out of the study, have build ask for them, or take compile() out"
        )
    if model.loss is None and is_keras(type(model).train_step):
        return "build returned a network that is compiled without a loss; give compile() one"
    losses = keras.tree.flatten(model.loss)
    if len(losses) > 1:
        return f"build returned a network that is compiled with {len(losses)} losses; it has one output"
    fault = fault_of_losses(model)
    return f"build returned a network that is compiled {fault}" if fault else None


def fault_of_losses(model: keras.Model) -> str | None:
    """What is wrong with a compiled network whose loss, or a metric, ignores a class or takes logits."""
    metrics = [one for found in _own_metrics(model) for one in found]
    losses = [one for one in keras.tree.flatten(model.loss) if one is not None]
    named = [("its loss", one) for one in losses]
    named += [(f"its metric {_name(one)}", one) for one in metrics]
    for name, one in named:
        if getattr(one, "ignore_class", None) is not None and is_keras(type(one)):
            rule = f"with an ignore_class in {name}; labels are given one-hot"
            return f"{rule}, where none is ignored: take it out"
        # Not every backend finds out that these are none.
        if getattr(one, "from_logits", False) and is_keras(type(one)):
            return f"with from_logits=True in {name}; outputs are probabilities: take it out"
    return None


def compile_again(
    model: keras.Model, measured: Sequence[Any], watched: Sequence[Any], *, is_weighted: bool
) -> None:
    """Adds what ablate measures to a network that is compiled.

    Args:
        model: the network.
        measured: metrics of how well it does.
        watched: metrics that count all examples alike.
        is_weighted: whether `measured` count examples by their weights.
    """
    metrics, weighted = ([_dense(one) for one in found] for found in _own_metrics(model))
    ours = [one if isinstance(one, str) else one.name for one in measured]
    weights = None if model._compile_loss is None else model._compile_loss._user_loss_weights
    type(model).compile(  # `compile` of the network itself may come here
        model,
        optimizer=model.optimizer,
        loss=_dense(next(iter(keras.tree.flatten(model.loss)), None)),
        loss_weights=next(iter(keras.tree.flatten(weights)), None),
        metrics=[*_others(metrics, ours), *([] if is_weighted else measured), *watched],
        weighted_metrics=[*_others(weighted, ours), *(measured if is_weighted else [])] or None,
        run_eagerly=model.run_eagerly,
        steps_per_execution=model.steps_per_execution,
        jit_compile=model.jit_compile,
    )


def _own_metrics(model: keras.Model) -> tuple[list[Any], list[Any]]:
    """What a network was compiled with: metrics, and weighted ones."""
    own = model._compile_metrics
    if own is None:
        return [], []
    plain, weighted = (
        [one for one in keras.tree.flatten(found) if one is not None]
        for found in (own._user_metrics, own._user_weighted_metrics)
    )
    return plain, weighted


def _dense(given: Any) -> Any:
    """A loss or metric that takes one-hot labels and computes the same."""
    if isinstance(given, str):
        return DENSE.get(given, given)
    if isinstance(given, keras.losses.SparseCategoricalCrossentropy):
        config = given.get_config()  # without an axis in Keras 3.15
        return keras.losses.CategoricalCrossentropy(
            from_logits=config["from_logits"],
            axis=config.get("axis", -1),
            reduction=config["reduction"],
        )
    if isinstance(given, keras.metrics.SparseCategoricalCrossentropy):
        return keras.metrics.CategoricalCrossentropy(
            name=given.name, from_logits=given.from_logits, axis=given.axis
        )
    if isinstance(given, keras.metrics.SparseCategoricalAccuracy):
        return keras.metrics.CategoricalAccuracy(name=given.name)
    if isinstance(given, keras.metrics.SparseTopKCategoricalAccuracy):
        return keras.metrics.TopKCategoricalAccuracy(given.get_config()["k"], name=given.name)
    if callable(given) and getattr(given, "__name__", "") in DENSE:
        return DENSE[given.__name__]
    return given


def _others(metrics: Sequence[Any], ours: Container[str]) -> list[Any]:
    return [one for one in metrics if _name(one) not in ours]


def _name(metric: Any) -> str:
    if isinstance(metric, str):
        return metric
    return str(getattr(metric, "name", None) or getattr(metric, "__name__", ""))
