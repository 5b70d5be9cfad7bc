"""Two trainings from one seed give the same numbers, or it is told."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers
from keras.src.utils.module_utils import tensorflow as tf

from ablate import tasks
from ablate.spec.training import TrainingSettings
from ablate.training.network import ModelError
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


class Guide(keras.Model):
    """As Keras's guide writes a training step."""

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {metric.name: metric.result() for metric in self.metrics}


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a step is the backend's own")
def test_a_training_step_of_ones_own_gets_what_it_gets_in_training():
    def build():
        inputs = keras.Input((4, 4, 1))
        return Guide(inputs, layers.Dense(3, "softmax")(layers.Flatten()(inputs)))

    assert repeats_itself(build, TrainingSettings(), (4, 4, 1), 3, CLASSES)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a step is the backend's own")
def test_a_step_that_logs_too_little_is_told_as_in_training():
    class Silent(Guide):
        def train_step(self, data):
            return {"loss": super().train_step(data)["loss"]}

    def build():
        inputs = keras.Input((4, 4, 1))
        return Silent(inputs, layers.Dense(3, "softmax")(layers.Flatten()(inputs)))

    with pytest.raises(ModelError, match=r"^its epochs are logged without accuracy; "):
        repeats_itself(build, TrainingSettings(), (4, 4, 1), 3, CLASSES)
