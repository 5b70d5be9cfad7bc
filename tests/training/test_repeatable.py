"""Two trainings from one seed give the same numbers, or it is told."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from ablate import tasks
from ablate.spec.training import TrainingSettings
from ablate.training.repeatable import repeats_itself

CLASSES = tasks.find("classification")


def network(*more):
    return keras.Sequential(
        [keras.Input((4, 4, 1)), layers.Flatten(), *more, layers.Dense(3, "softmax")]
    )


class Unseeded(layers.Layer):
    """Draws weights that no seed of Keras's knows of."""

    def build(self, shape):
        start = np.random.default_rng().normal(size=shape[-1:])
        self.scale = self.add_weight(shape=shape[-1:], initializer=lambda *_, **__: start)

    def call(self, inputs):
        return inputs * self.scale


@pytest.mark.parametrize(
    "settings",
    [
        TrainingSettings(),
        TrainingSettings(optimizer="sgd", learning_rate_decay="cosine", label_smoothing=0.1),
        TrainingSettings(dtype_policy="mixed_bfloat16"),
    ],
)
def test_what_keras_draws_is_drawn_again(settings):
    def build():
        return network(layers.Dense(8, "relu"), layers.Dropout(0.5), layers.BatchNormalization())

    assert repeats_itself(build, settings, (4, 4, 1), 3, CLASSES)
    assert keras.config.dtype_policy().name == "float32"


def test_what_draws_by_itself_is_found():
    assert not repeats_itself(
        lambda: network(Unseeded()), TrainingSettings(), (4, 4, 1), 3, CLASSES
    )
