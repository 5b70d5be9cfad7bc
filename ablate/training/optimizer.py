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
    if settings.gradient_clip_norm is not None:
        options["global_clipnorm"] = settings.gradient_clip_norm
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
    if isinstance(schedule, WarmUp) and schedule.after is not None:
        _put_in_variables(optimizer, schedule.after)
    for name in ("initial_learning_rate", "decay_steps", "decay_rate", "warmup_steps"):
        if isinstance(getattr(schedule, name, None), int | float):
            initial = keras.initializers.Constant(getattr(schedule, name))
            setattr(schedule, name, optimizer.add_variable((), initial, "float32", name=name))


def make_loss(settings: TrainingSettings) -> keras.losses.Loss:
    """The Keras loss, on targets as the task encodes them."""
    if settings.loss in SMOOTHED:
        return SMOOTHED[settings.loss](label_smoothing=settings.label_smoothing)
    return keras.losses.get(settings.loss)


def make_callbacks(
    settings: TrainingSettings,
    monitor: str,
    mode: Literal["min", "max"],
    stopped_by: tuple[str, Literal["min", "max"]],
) -> list[keras.callbacks.Callback]:
    """Keras's own callbacks that the settings ask for.

    Args:
        settings: how a network is trained.
        monitor: what the search goes by, as it is called in Keras's logs.
        mode: whether less of it is better, or more.
        stopped_by: both of what early stopping goes by.
    """
    callbacks: list[keras.callbacks.Callback] = []
    if settings.learning_rate_decay == "plateau":
        plateau = settings.plateau.model_dump()
        callbacks.append(keras.callbacks.ReduceLROnPlateau(monitor, mode=mode, **plateau))
    if settings.early_stopping is not None:
        stopping = settings.early_stopping.model_dump(exclude={"monitor"})
        name, better = stopped_by
        callbacks.append(keras.callbacks.EarlyStopping(name, mode=better, **stopping))
    return callbacks


def _learning_rate(settings: TrainingSettings, steps_per_epoch: int) -> Any:
    rate, warmup = settings.learning_rate, steps_per_epoch * settings.warmup_epochs
    after: Any = None
    if settings.learning_rate_decay == "cosine":
        steps = max(1, steps_per_epoch * settings.epochs - warmup)
        after = keras.optimizers.schedules.CosineDecay(rate, decay_steps=steps)
    if settings.learning_rate_decay == "exponential":
        after = keras.optimizers.schedules.ExponentialDecay(
            rate, decay_steps=steps_per_epoch, decay_rate=settings.decay_rate
        )
    if warmup:
        return WarmUp(rate, warmup, after)
    return rate if after is None else after


class WarmUp(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """A learning rate that climbs in equal steps from 0, and then does what another schedule says.

    Args:
        initial_learning_rate: what it climbs to.
        warmup_steps: in how many steps.
        after: what happens then, from its first step on; None to stay.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        warmup_steps: int,
        after: keras.optimizers.schedules.LearningRateSchedule | None = None,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.warmup_steps = warmup_steps
        self.after = after

    def __call__(self, step: Any) -> Any:
        """The learning rate of a step, from 0."""
        done = keras.ops.cast(step, "float32")
        steps = keras.ops.cast(self.warmup_steps, "float32")
        rate = keras.ops.cast(self.initial_learning_rate, "float32")
        climbing = rate * (done + 1) / steps
        past = keras.ops.maximum(done - steps, 0.0)
        later = rate if self.after is None else keras.ops.cast(self.after(past), "float32")
        return keras.ops.where(done < steps, climbing, later)

    def get_config(self) -> dict[str, Any]:
        """What it was made with."""
        return {
            "initial_learning_rate": float(self.initial_learning_rate),
            "warmup_steps": int(self.warmup_steps),
            "after": self.after,
        }
