"""That the benchmark of batch norm's lag measures right, and changes nothing by looking."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from hand_made import settings as data_settings

from ablate.architectures._blocks import Blocks
from ablate.data.split import training_split
from ablate.spec.trial import TrialSpec
from ablate.training.loop import Decision
from ablate.training.loop import train as train_trial


@pytest.fixture(scope="module")
def lag():
    path = Path(__file__).parent.parent / "benchmarks" / "batch_norm_lag.py"
    spec = importlib.util.spec_from_file_location("batch_norm_lag", path)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        # Where dataclasses look up what their annotations name.
        patch.setitem(sys.modules, "batch_norm_lag", module)
        spec.loader.exec_module(module)
        yield module


@pytest.fixture
def split(lines):
    return training_split(lines, data_settings("line", images_per_class=10, validation=0.2), 1)


def test_moments_of_batches_are_those_of_all(lag):
    values = np.random.default_rng(0).normal(5, 0.1, (23, 4, 4, 3)) * [1, 10, 0]
    mean, variance = lag.pooled([values[:10], values[10:20], values[20:]])
    np.testing.assert_allclose(mean, values.mean(axis=(0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(variance, values.var(axis=(0, 1, 2)), rtol=1e-12)


def test_a_recalibrated_batch_norm_gives_mean_0_and_variance_1(lag, split):
    inputs = keras.Input((28, 28, 3))
    outputs = keras.layers.BatchNormalization()(inputs)
    model = keras.Model(inputs, keras.layers.BatchNormalization(epsilon=0)(outputs))
    found = lag.population(model, split.x_train)
    for norm, moments in zip(lag.batch_norms(model), found, strict=True):
        lag.replace(norm, moments)
    outputs = model(split.x_train[:], training=False).numpy()[..., [0, 2]]
    np.testing.assert_allclose(outputs.mean(axis=(0, 1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(outputs.var(axis=(0, 1, 2)), 1, rtol=1e-3)


def test_the_training_is_that_of_a_trial_and_does_not_notice_being_looked_at(lag, split):
    training = lag.Training(10, 1, 0.2, 0.99)
    rows = lag.train(training, split)
    trial = TrialSpec(
        data=training.data,
        data_digest="0",
        architecture="bottleneck",
        parameters={"dropout": 0.2, "batch_norm_momentum": 0.99},
        training=lag.TRAINING,
        seed=1,
    )
    curves = train_trial(trial, split, lambda epoch: Decision.CONTINUE).curves
    assert [row["loss"] for row in rows] == [epoch.loss for epoch in curves]
    np.testing.assert_allclose(
        [row["moving_loss"] for row in rows], [epoch.val_loss for epoch in curves], rtol=1e-4
    )


def test_looking_changes_no_variable(lag, split):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((28, 28, 3))
    model = keras.Model(
        inputs,
        Blocks("max", True, 0.9, 0.0).head(
            keras.layers.BatchNormalization()(keras.layers.Conv2D(2, 9, 9)(inputs)), 8, 0.5, 96
        ),
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(split.x_train[:64], split.y_train[:64], verbose=0)
    variables = [*model.variables, *model.optimizer.variables]
    before = [variable.numpy() for variable in variables]
    row = lag.look_at(model, split, split.x_train)
    assert row["moving_loss"] != row["recalibrated_loss"]
    for variable, value in zip(variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value, strict=True)


def test_a_shift_counts_standard_deviations(lag):
    moving = np.array([1.0, 2.0, 0.5]), np.array([9.0, 9.0, 9.0])
    found = np.array([0.0, 0.0, 0.0]), np.array([4.0, 1.0, 0.0])
    shift = lag.shifts(moving, found, epsilon=0.25)
    assert shift["shift_max"] == 2.0
    assert shift["shift_median"] == 0.5
    assert shift["epsilon_shift_max"] == pytest.approx(2 / 1.25**0.5)
    assert shift["epsilon_shift_median"] == 1.0


def test_a_training_that_the_file_holds_is_known(lag):
    text = "images_per_class,seed,dropout,momentum,epoch\n20,1,0.0,0.9,1\n20,1,0.0,0.9,2\n"
    assert lag.done(text) == {lag.Training(20, 1, 0.0, 0.9)}
    assert lag.done("") == set()
