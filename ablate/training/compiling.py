"""Compiles a network as the settings say."""

from __future__ import annotations

import math

import keras

from ablate.spec.training import TrainingSettings
from ablate.training.optimizer import make_loss, make_optimizer
from ablate.training.outputs import Distance


def compile_network(model: keras.Model, settings: TrainingSettings, images: int) -> str:
    """Compiles a network, and says what its validation loss is called in Keras's logs.

    The objective is plain crossentropy; where training minimises something else, it is measured
    beside that.

    Args:
        model: the network.
        settings: how it is trained.
        images: how many it is trained on.
    """
    plain = _is_plain_crossentropy(settings, model)
    extra = [] if plain else [keras.metrics.CategoricalCrossentropy(name="crossentropy")]
    model.compile(
        optimizer=make_optimizer(settings, math.ceil(images / settings.batch_size)),
        loss=make_loss(settings),
        metrics=["accuracy", *extra, Distance()],
    )
    return "val_loss" if plain else "val_crossentropy"


def _is_plain_crossentropy(settings: TrainingSettings, model: keras.Model) -> bool:
    return (
        settings.loss == "categorical_crossentropy"
        and not settings.label_smoothing
        and not model.losses
    )
