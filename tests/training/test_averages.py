"""Recalibrated averages are those of the training images, and training does not notice them."""

from __future__ import annotations

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from ablate.data.split import Rows, Split
from ablate.spec.averages import MovingAverages
from ablate.spec.data import DataSettings
from ablate.spec.training import TrainingSettings
from ablate.spec.trial import TrialSpec
from ablate.training import averages, loop
from ablate.training.averages import batch_norms, largest_momentum, recalibrate
from ablate.training.kept import KeptNetworks
from ablate.training.loop import Decision, train

ELSEWHERE = keras.backend.backend() != "tensorflow"
RNG = np.random.default_rng(0)
IMAGES = RNG.normal(3, 2, (60, 6, 6, 2)).astype(np.float32)
LABELS = (IMAGES.sum((1, 2, 3)) > 216).astype(np.int64)


def rows(first, last):
    return Rows(IMAGES, np.arange(first, last))


SPLIT = Split(rows(0, 41), LABELS[:41], rows(41, 60), LABELS[41:], ("dark", "light"))


class Doubled(keras.layers.BatchNormalization):
    """A user's own, with a call of its own."""

    def call(self, inputs, training=None):
        return super().call(2 * inputs, training=training)


class Block(keras.layers.Layer):
    """A user's own layer, with batch norm inside, and dropout."""

    def __init__(self):
        super().__init__()
        self.norm = keras.layers.BatchNormalization(momentum=0.95)
        self.dropout = keras.layers.Dropout(0.5)

    def build(self, shape):
        self.norm.build(shape)

    def call(self, inputs, training=None):
        return self.dropout(self.norm(inputs, training=training), training=training)


class Noisy(keras.layers.Layer):
    """Draws whenever it is called."""

    def __init__(self):
        super().__init__()
        self.seeds = keras.random.SeedGenerator(1)
        self.calls = self.add_weight(name="calls", initializer="zeros", trainable=False)

    def call(self, inputs):
        self.calls.assign(self.calls + 1)
        noise = keras.random.normal(keras.ops.shape(inputs), seed=self.seeds)
        return inputs + 0.1 * noise * keras.ops.minimum(self.calls, 3.0)


def deep(shape, classes):
    """Batch norms of every kind, with dropout before and between them."""
    inner_inputs = keras.Input((*shape[:2], 4))
    inner = keras.Model(inner_inputs, keras.layers.BatchNormalization()(inner_inputs))
    inputs = keras.Input(shape)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(Noisy()(inputs))
    x = inner(keras.layers.Dropout(0.5)(x))
    x = Block()(x)
    x = keras.layers.Flatten()(Doubled(momentum=0.5)(x))
    return keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(x))


def plain(shape, classes, momentum=0.99):
    """Of Keras's own layers alone: such a network is kept, and trained again."""
    inputs = keras.Input(shape)
    x = keras.layers.Conv2D(4, 3, activation="relu")(inputs)
    x = keras.layers.BatchNormalization(momentum=momentum)(x)
    x = keras.layers.Dropout(0.5)(keras.layers.Flatten()(x))
    return keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(x))


@pytest.fixture
def built(monkeypatch):
    """Has `train` build with a function of the test's."""

    def build_with(function):
        monkeypatch.setattr(
            loop,
            "build_network",
            lambda _, source, shape, classes, values, *more: function(shape, classes, **values),
        )

    return build_with


def trained(how, kept=None, seed=0, on_epoch=lambda epoch: Decision.CONTINUE, **settings):
    """A training's result, and its network's variables by path at the end."""
    given = {"epochs": 3, "batch_size": 8, "learning_rate": 0.01, "checkpoint": "last", **settings}
    spec = TrialSpec(
        data=DataSettings(dataset="light"),
        data_digest="0",
        architecture="test",
        parameters={},
        training=TrainingSettings(batch_norm_averages=how, **given),
        seed=seed,
    )
    ends = {}

    def note(model, val_loss):
        for index, variable in enumerate(model.variables):
            ends[index, variable.name] = np.array(keras.ops.convert_to_numpy(variable))

    result = train(spec, SPLIT, on_epoch, kept=kept, save=note)
    assert result.outcome in ("complete", "pruned"), result.reason
    return result, ends


def is_average(key):
    return key[1] in ("moving_mean", "moving_variance")


def test_training_does_not_notice_it_to_the_last_bit(built):
    built(deep)
    moving, as_left = trained("moving")
    recalibrated, ends = trained("recalibrated")
    assert [e.loss for e in recalibrated.curves] == [e.loss for e in moving.curves]
    assert [e.accuracy for e in recalibrated.curves] == [e.accuracy for e in moving.curves]
    assert [e.val_loss for e in recalibrated.curves] != [e.val_loss for e in moving.curves]
    assert moving.averages == MovingAverages(momentum=0.99, steps=6)
    assert recalibrated.averages is None
    assert ends.keys() == as_left.keys()
    for key, value in ends.items():
        assert np.array_equal(value, as_left[key]) is not is_average(key), key


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="with PyTorch no network is kept")
def test_a_kept_network_is_recalibrated_to_the_same_bits(built):
    built(plain)
    kept = KeptNetworks()
    trained("moving", kept)
    again, ends = trained("recalibrated", kept, seed=1)
    assert len(kept) == 1
    alone, expected = trained("recalibrated", seed=1)
    assert [e.val_loss for e in again.curves] == [e.val_loss for e in alone.curves]
    assert all(np.array_equal(ends[key], expected[key]) for key in ends)


def test_the_best_weights_hold_the_averages_of_their_epoch(built):
    built(plain)
    seen = []

    def save(model, val_loss):
        (norm,) = batch_norms(model)
        before = np.array(norm.moving_mean)
        recalibrate(model, [norm], SPLIT.x_train)
        np.testing.assert_allclose(norm.moving_mean, before, rtol=1e-5, atol=1e-6)
        seen.append(val_loss)

    spec = TrialSpec(
        data=DataSettings(dataset="light"),
        data_digest="0",
        architecture="test",
        parameters={},
        training=TrainingSettings(
            epochs=6, batch_size=8, learning_rate=0.3, batch_norm_averages="recalibrated"
        ),
        seed=0,
    )
    result = train(spec, SPLIT, lambda epoch: Decision.CONTINUE, save=save)
    assert result.measures["best_epoch"] < 6, "the best epoch should not be the last"
    assert seen == [min(epoch.val_loss for epoch in result.curves)]


@pytest.mark.parametrize("batch", [512, 16])
def test_they_are_mean_and_variance_of_all_values(monkeypatch, batch):
    """Of images in batches of 16, 16 and 9: dropout is off, and a variance is that of all."""
    monkeypatch.setattr(averages, "BATCH", batch)
    inputs = keras.Input((6, 6, 2))
    norm = keras.layers.BatchNormalization(momentum=0.5)
    model = keras.Model(inputs, norm(keras.layers.Dropout(0.9)(inputs)))
    recalibrate(model, [norm], SPLIT.x_train)
    values = IMAGES[:41].astype(np.float64)
    np.testing.assert_allclose(norm.moving_mean, values.mean((0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(norm.moving_variance, values.var((0, 1, 2)), rtol=1e-5)
    assert (norm.momentum, "call" in vars(norm)) == (0.5, False)


def test_those_of_a_deep_network_are_those_of_one_batch():
    """With one batch they are exact: what comes out of each batch norm has mean 0 and variance 1."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6, 6, 2))
    doubled = Doubled(epsilon=1e-9)
    block = Block()
    between = block(inputs)
    model = keras.Model(inputs, doubled(keras.layers.Conv2D(3, 3)(between)))
    assert batch_norms(model) == [block.norm, doubled]
    assert largest_momentum(batch_norms(model)) == 0.99
    recalibrate(model, batch_norms(model), SPLIT.x_train)
    images = SPLIT.x_train[:]
    # `doubled` tests with averages of doubled values, as it trains.
    for layer in (keras.Model(inputs, between), model):
        outputs = keras.ops.convert_to_numpy(layer(images, training=False))
        np.testing.assert_allclose(outputs.mean((0, 1, 2)), 0, atol=1e-3)
        np.testing.assert_allclose(outputs.var((0, 1, 2)), 1, rtol=2e-3)


def test_a_batch_norm_that_is_called_twice_has_the_averages_of_both():
    inputs = keras.Input((6, 6, 2))
    norm = keras.layers.BatchNormalization()
    outputs = keras.layers.Add()([norm(inputs), norm(inputs + 10.0)])
    recalibrate(keras.Model(inputs, outputs), [norm], SPLIT.x_train)
    values = np.concatenate([IMAGES[:41], IMAGES[:41] + 10.0]).astype(np.float64)
    np.testing.assert_allclose(norm.moving_mean, values.mean((0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(norm.moving_variance, values.var((0, 1, 2)), rtol=1e-5)


class InTesting(keras.layers.Layer):
    """Uses a batch norm as in testing, always."""

    def __init__(self):
        super().__init__()
        self.norm = keras.layers.BatchNormalization()

    def build(self, shape):
        self.norm.build(shape)

    def call(self, inputs):
        return self.norm(inputs, training=False)


def frozen(shape, classes):
    """As networks are taken over from elsewhere: their averages stay what they were."""
    inner_inputs = keras.Input(shape)
    inner = keras.Model(inner_inputs, keras.layers.BatchNormalization()(inner_inputs))
    inner.trainable = False
    inputs = keras.Input(shape)
    x = keras.layers.Flatten()(InTesting()(inner(inputs)))
    return keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(x))


def test_averages_that_training_leaves_alone_stay(built):
    built(frozen)
    moving, as_left = trained("moving", epochs=2)
    recalibrated, ends = trained("recalibrated", epochs=2)
    assert all(np.array_equal(ends[key], as_left[key]) for key in ends)
    assert [e.val_loss for e in recalibrated.curves] == [e.val_loss for e in moving.curves]
    assert moving.averages is None


def test_averages_that_never_move_are_recalibrated_too(built):
    built(lambda shape, classes: plain(shape, classes, momentum=1.0))
    pruned, _ = trained("moving", on_epoch=lambda epoch: Decision.PRUNE, batch_size=20)
    assert pruned.averages == MovingAverages(momentum=1.0, steps=3)
    _, ends = trained("recalibrated", epochs=1, batch_size=20)
    assert all(value.any() for key, value in ends.items() if is_average(key))


@pytest.mark.skipif(ELSEWHERE, reason="a run with TensorFlow does this")
def test_all_this_holds_with_jax():
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    chosen = "last_bit or all_values"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", chosen]
    result = subprocess.run(
        [*command, __file__], env=environment, capture_output=True, text=True, timeout=600
    )
    assert result.returncode == 0, result.stdout[-4000:]
    assert "3 passed" in result.stdout
