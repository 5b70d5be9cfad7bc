"""How a network is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, PositiveInt, Tag
from pydantic.fields import FieldInfo

from ablate.backends import BackendName
from ablate.spec.space import Frozen

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, lt=1)]


class EarlyStopping(Frozen):
    """Ends a training that no longer improves."""

    patience: PositiveInt = 3
    """Epochs without improvement after which training ends."""
    min_delta: NotNegative = 0.0
    """The smallest change that counts as an improvement."""
    monitor: Annotated[str | None, Field(exclude_if=lambda key: key is None)] = None
    """What must improve, in its own direction: ``val_`` and the name of a score that the study has;
    None for what the search goes by."""


class Plateau(Frozen):
    """Lowers the learning rate when the study's objective no longer improves."""

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
    class_weight: Annotated[
        Annotated[Literal["none", "balanced"], Tag("by_name")]
        | Annotated[Mapping[str, NotNegative], Tag("by_class")],
        Discriminator(lambda given: "by_class" if isinstance(given, Mapping) else "by_name"),
        Field(exclude_if=lambda weight: weight == "none"),
    ] = "none"
    """How much an example of each class counts in the loss that is minimised: all alike, as much as
    balances their numbers, or a number for each class."""
    weighted_metrics: Annotated[bool, Field(exclude_if=lambda is_so: not is_so)] = False
    """Whether examples count by their `sample_weight` in losses and measures, too."""
    gradient_clip_norm: Annotated[Positive | None, Field(exclude_if=lambda norm: norm is None)] = (
        None
    )
    """The largest norm that all gradients together may have, as Keras's `global_clipnorm`."""
    warmup_epochs: Annotated[int, Field(ge=0), Field(exclude_if=lambda count: count == 0)] = 0
    """Epochs in which the learning rate climbs from 0, step by step."""
    early_stopping: EarlyStopping | None = None
    checkpoint: Literal["best", "last"] = "best"
    """Which weights are measured: those of the best epoch by the study's objective, or of the last."""
    batch_norm_averages: Literal["moving", "recalibrated"] = "moving"
    """With what batch norm validates and tests: the moving averages that training leaves, or those of
    all training images under the weights of the epoch."""
    dtype_policy: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32"
    backend: BackendName = "tensorflow"
    """The Keras backend. Defaults to the environment's KERAS_BACKEND, then tensorflow."""

    def flat(self) -> dict[str, Any]:
        """All settings by the names that `[tune]` and `[vary]` know, those of `plateau` dotted."""
        own = {name: getattr(self, name) for name in type(self).model_fields if name != "plateau"}
        return own | {
            f"plateau.{name}": getattr(self.plateau, name) for name in Plateau.model_fields
        }

    @classmethod
    def from_flat(cls, values: Mapping[str, Any]) -> Self:
        """The settings of what `flat` gives.

        Raises:
            ValueError: they do not fit each other.
        """
        return cls.model_validate(nested(values))


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """The tables of a study file that settings of dotted names stand in."""
    dotted = {name: value for name, value in values.items() if name.startswith("plateau.")}
    plateau = {name.removeprefix("plateau."): value for name, value in dotted.items()}
    own = {name: value for name, value in values.items() if name not in dotted}
    return {**own, **({"plateau": plateau} if plateau else {})}


SETTINGS: Mapping[str, FieldInfo] = {
    **TrainingSettings.model_fields,
    **{f"plateau.{name}": field for name, field in Plateau.model_fields.items()},
}
"""Every setting by its name in a study file, tables and what stands in them."""
OF_COMPILE = (
    *("optimizer", "learning_rate", "momentum", "weight_decay", "decay_rate", "gradient_clip_norm"),
    *("loss", "label_smoothing", "warmup_epochs"),
)
"""Settings that the optimizer and the loss of a network that comes compiled take the place of."""
