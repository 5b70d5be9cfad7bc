"""How a network is trained."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from ablate.spec.space import Frozen

Backend = Literal["tensorflow", "jax"]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, lt=1)]


class EarlyStopping(Frozen):
    """Ends a training whose validation loss no longer improves."""

    patience: PositiveInt = 3
    """Epochs without improvement after which training ends."""
    min_delta: NotNegative = 0.0
    """The smallest change of the validation loss that counts as an improvement."""


class Plateau(Frozen):
    """Lowers the learning rate when the validation loss no longer improves."""

    factor: Annotated[float, Field(gt=0, lt=1)] = 0.1
    patience: PositiveInt = 2
    """Epochs without improvement after which the learning rate is multiplied by `factor`."""
    min_lr: NotNegative = 0.0


class TrainingSettings(Frozen):
    """How a network is trained. Names and meanings are Keras's."""

    epochs: PositiveInt = 10
    batch_size: PositiveInt = 128
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam"
    learning_rate: Positive = 1e-3
    momentum: Share = 0.9
    """For `sgd` only."""
    weight_decay: NotNegative | None = None
    """None is Keras's own default: 0.004 for `adamw`, none for the others."""
    learning_rate_decay: Literal["none", "cosine", "exponential", "plateau"] = "none"
    decay_rate: Annotated[float, Field(gt=0, lt=1)] = 0.9
    """For `exponential` only: what the learning rate is multiplied by each epoch."""
    plateau: Plateau = Plateau()
    """For `plateau` only."""
    loss: Literal[
        "categorical_crossentropy",
        "categorical_focal_crossentropy",
        "categorical_hinge",
        "kl_divergence",
        "mean_squared_error",
        "binary_crossentropy",
        "binary_focal_crossentropy",
        "hinge",
        "mean_absolute_error",
        "huber",
        "log_cosh",
    ] = "categorical_crossentropy"
    """One of those of the task; unless given the plain one of the task."""
    label_smoothing: Share = 0.0
    """For crossentropies only."""
    early_stopping: EarlyStopping | None = None
    checkpoint: Literal["best", "last"] = "best"
    """Which weights are measured: those of the epoch with the lowest validation loss, or the last."""
    batch_norm_averages: Literal["moving", "recalibrated"] = "moving"
    """With what batch norm validates and tests: the moving averages that training leaves, or those of
    all training images under the weights of the epoch."""
    dtype_policy: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32"
    backend: Backend = "tensorflow"
    """The Keras backend. Defaults to the environment's KERAS_BACKEND, then tensorflow."""
