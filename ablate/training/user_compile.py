"""A network that comes compiled: how it would be trained, in the words of a study file."""

from __future__ import annotations

from typing import Any, get_args

import keras

from ablate.errors import shown
from ablate.spec.training import TrainingSettings
from ablate.training.optimizer import OPTIMIZERS

LOSSES: tuple[str, ...] = get_args(TrainingSettings.model_fields["loss"].annotation)
SCHEDULES = {
    keras.optimizers.schedules.CosineDecay: "cosine",
    keras.optimizers.schedules.ExponentialDecay: "exponential",
}
KEYED = ("name", "learning_rate", "weight_decay", "momentum", "is_legacy_optimizer")
"""Settings of an optimizer that have a key of their own, or say nothing of the training."""


def fault_of_compile(model: keras.Model) -> str | None:
    """Why a network is refused that was compiled where it was built; None where it was not."""
    if not model.compiled:
        return None
    optimizer_keys, optimizer_rest = _optimizer(model.optimizer)
    loss_keys, loss_rest = _loss(model.loss)
    keys = ", ".join(
        f"{key} = {shown(value)}" for key, value in (optimizer_keys | loss_keys).items()
    )
    rest = ", ".join([*optimizer_rest, *loss_rest])
    ask = f"take compile() out (load_model has compile=False) and say so in [training]: {keys}"
    left = f"; what has no key there: {rest}" if rest else ""
    return f"build returned a network that is compiled, but the study says how it is trained; {ask}{left}"


def _optimizer(optimizer: Any) -> tuple[dict[str, Any], list[str]]:
    """The keys that say the same as an optimizer, and what no key says."""
    if optimizer is None:
        return {}, []
    keys: dict[str, Any] = {}
    name = next((name for name, kind in OPTIMIZERS.items() if type(optimizer) is kind), None)
    rest = [f"the optimizer {type(optimizer).__name__}"] if name is None else []
    if name is not None:
        keys["optimizer"] = name
    rate = getattr(optimizer, "_learning_rate", None)
    if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        decay = SCHEDULES.get(type(rate))
        if decay is None:
            rest.append(f"the learning-rate schedule {type(rate).__name__}")
        else:
            keys |= {"learning_rate": rate.initial_learning_rate, "learning_rate_decay": decay}
    elif rate is not None:
        keys["learning_rate"] = _short(rate)
    if name is None:
        return keys, rest
    settings, default = optimizer.get_config(), OPTIMIZERS[name]().get_config()
    if settings["weight_decay"] != default["weight_decay"]:
        keys["weight_decay"] = settings["weight_decay"]
    if name == "sgd":
        keys["momentum"] = settings["momentum"]
    others = [key for key in settings if key not in KEYED or (key == "momentum" and name != "sgd")]
    rest += [f"{key} = {settings[key]}" for key in others if settings[key] != default.get(key)]
    return keys, rest


def _loss(loss: Any) -> tuple[dict[str, Any], list[str]]:
    """The keys that say the same as a loss, and what no key says."""
    if loss is None:
        return {}, []
    found = keras.losses.get(loss) if isinstance(loss, str) else loss
    name = getattr(found, "name", None) or getattr(found, "__name__", type(found).__name__)
    if not isinstance(name, str):
        name = type(found).__name__
    # Labels are given one-hot, whatever they were.
    name = name.removeprefix("sparse_")
    keys: dict[str, Any] = {"loss": name} if name in LOSSES else {}
    rest = [] if keys else [f"the loss {name}"]
    config = found.get_config() if keys and isinstance(found, keras.losses.Loss) else {}
    if config.get("label_smoothing"):
        keys["label_smoothing"] = config["label_smoothing"]
    if config.get("from_logits"):
        rest.append("from_logits = True (end the network in a softmax)")
    return keys, rest


def _short(rate: Any) -> float:
    """A learning rate as it was written: it is kept in 32 bits."""
    return float(f"{float(keras.ops.convert_to_numpy(rate)):.6g}")
