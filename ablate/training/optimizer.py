"""Optimizers, and what happens to their learning rate."""

from __future__ import annotations

from typing import Any, Literal

import keras

from ablate.spec.training import TrainingSettings

OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "sgd": keras.optimizers.SGD,
    "rmsprop": keras.optimizers.RMSprop,
}

SMOOTHED = {
    "categorical_crossentropy": keras.losses.CategoricalCrossentropy,
    "categorical_focal_crossentropy": keras.losses.CategoricalFocalCrossentropy,
    "binary_crossentropy": keras.losses.BinaryCrossentropy,
    "binary_focal_crossentropy": keras.losses.BinaryFocalCrossentropy,
}


def make_optimizer(settings: TrainingSettings, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """The Keras optimizer, with its learning-rate schedule where there is one."""
    rate = _learning_rate(settings, steps_per_epoch)
    options: dict[str, Any] = {"learning_rate": rate}
    if settings.weight_decay is not None:
        options["weight_decay"] = settings.weight_decay
    if settings.optimizer == "sgd":
        options["momentum"] = settings.momentum
    optimizer: keras.optimizers.Optimizer = OPTIMIZERS[settings.optimizer](**options)
    if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        _put_in_variables(optimizer, rate)
    return optimizer


def _put_in_variables(
    optimizer: keras.optimizers.Optimizer, schedule: keras.optimizers.schedules.LearningRateSchedule
) -> None:
    """Makes the numbers of a schedule variables of its optimizer.

    As Python numbers they would be constants of the traced program, which could then serve no
    training with others.
    """
    for name in ("initial_learning_rate", "decay_steps", "decay_rate"):
        if hasattr(schedule, name):
            initial = keras.initializers.Constant(getattr(schedule, name))
            setattr(schedule, name, optimizer.add_variable((), initial, "float32", name=name))


def make_loss(settings: TrainingSettings) -> keras.losses.Loss:
    """The Keras loss, on targets as the task encodes them."""
    if settings.loss in SMOOTHED:
        return SMOOTHED[settings.loss](label_smoothing=settings.label_smoothing)
    return keras.losses.get(settings.loss)


def make_callbacks(
    settings: TrainingSettings, monitor: str, mode: Literal["min", "max"]
) -> list[keras.callbacks.Callback]:
    """Keras's own callbacks that the settings ask for.

    Args:
        settings: how a network is trained.
        monitor: what the search goes by, as it is called in Keras's logs.
        mode: whether less of it is better, or more.
    """
    callbacks: list[keras.callbacks.Callback] = []
    if settings.learning_rate_decay == "plateau":
        plateau = settings.plateau.model_dump()
        callbacks.append(keras.callbacks.ReduceLROnPlateau(monitor, mode=mode, **plateau))
    if settings.early_stopping is not None:
        stopping = settings.early_stopping.model_dump()
        callbacks.append(keras.callbacks.EarlyStopping(monitor, mode=mode, **stopping))
    return callbacks


def _learning_rate(settings: TrainingSettings, steps_per_epoch: int) -> Any:
    rate = settings.learning_rate
    if settings.learning_rate_decay == "cosine":
        steps = steps_per_epoch * settings.epochs
        return keras.optimizers.schedules.CosineDecay(rate, decay_steps=steps)
    if settings.learning_rate_decay == "exponential":
        return keras.optimizers.schedules.ExponentialDecay(
            rate, decay_steps=steps_per_epoch, decay_rate=settings.decay_rate
        )
    return rate
