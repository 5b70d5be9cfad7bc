"""Weights, warm-up, clipping and what stops a training, against what Keras does by itself."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from ablate.data.fitting import Units
from ablate.data.split import Rows, Split, TestSet
from ablate.spec.data import DataSettings
from ablate.spec.training import TrainingSettings
from ablate.spec.trial import TrialSpec
from ablate.training import recorder
from ablate.training.kept import KeptNetworks
from ablate.training.loop import Decision
from ablate.training.optimizer import WarmUp, make_optimizer
from ablate.training.weights import training_weights
from tests.training.as_worker import train

RNG = np.random.default_rng(6)
X = RNG.normal(size=(96, 3)).astype(np.float32)
Y = (X[:, 0] + RNG.normal(size=96) > 0.9).astype(np.int64)
W = RNG.random(96) * 2
NAMES = ("no", "yes")


def split(y=Y, names=NAMES, units=None):
    return Split(
        x_train=Rows(X, np.arange(64)),
        y_train=y[:64],
        x_val=Rows(X, np.arange(64, 96)),
        y_val=y[64:],
        class_names=names,
        units=units,
        w_train=W[:64],
        w_val=W[64:],
    )


PLAIN = replace(split(), w_train=None, w_val=None)


def spec(task="classification", loss="categorical_crossentropy", metrics=(), **training):
    settings = {"epochs": 3, "batch_size": 16, "learning_rate": 0.05, "checkpoint": "last"}
    return TrialSpec(
        data=DataSettings(dataset="npz", task=task),
        data_digest="0",
        architecture="mlp",
        parameters={"units_1": 5, "layers": 1},
        training=TrainingSettings(loss=loss, **settings | training),
        seed=3,
        metrics=metrics,
    )


def trained(asked, data, **more):
    result = train(asked, data, lambda epoch: Decision.CONTINUE, **more)
    assert result.outcome == "complete", result.reason
    return result


WHOLE = {"batch_size": 64}
"""One batch an epoch, so that the order says nothing."""


def by_hand(monkeypatch, **given):
    """The loss of each epoch that a bare `fit` logs for the same network and examples."""
    logged = []
    real = keras.Model.fit

    def bare(model, batches, *, epochs, **others):
        y = keras.utils.to_categorical(Y[:64], 2)
        history = real(model, X[:64], y, epochs=epochs, batch_size=64, verbose=0, **given)
        logged.extend(history.history["loss"])

    with monkeypatch.context() as patched:
        patched.setattr(keras.Model, "fit", bare)
        train(spec(**WHOLE), PLAIN, lambda epoch: Decision.CONTINUE)
    return logged


@pytest.mark.parametrize(
    ("class_weight", "keras_weight"),
    [
        ("balanced", {0: 64 / (2 * (Y[:64] == 0).sum()), 1: 64 / (2 * (Y[:64] == 1).sum())}),
        ({"no": 0.5, "yes": 3.0}, {0: 0.5, 1: 3.0}),
    ],
    ids=["balanced", "a table"],
)
def test_class_weights_train_as_keras_trains_with_them(monkeypatch, class_weight, keras_weight):
    expected = by_hand(monkeypatch, class_weight=keras_weight)
    result = trained(spec(class_weight=class_weight, **WHOLE), PLAIN)
    assert [epoch.loss for epoch in result.curves] == pytest.approx(expected, rel=1e-5)
    assert [epoch.loss for epoch in result.curves] != pytest.approx(
        [epoch.loss for epoch in trained(spec(**WHOLE), PLAIN).curves], rel=1e-3
    )


def test_sample_weights_train_as_keras_trains_with_them(monkeypatch):
    expected = by_hand(monkeypatch, sample_weight=W[:64])
    result = trained(spec(**WHOLE), split())
    assert [epoch.loss for epoch in result.curves] == pytest.approx(expected, rel=1e-5)


def test_balanced_is_that_of_scikit_learn_and_goes_with_sample_weights():
    own = training_weights(Y, NAMES, "balanced", None)
    assert own == pytest.approx(compute_sample_weight("balanced", Y))
    assert training_weights(Y, NAMES, "balanced", W) == pytest.approx(own * W)
    assert training_weights(Y, NAMES, "none", None) is None
    table = training_weights(Y, NAMES, {"no": 1.0, "yes": 2.0}, None)
    assert table.tolist() == (Y + 1.0).tolist()


def test_measures_count_all_alike_unless_weights_are_asked_for():
    """Weights are of the training alone: losses and scores stay those that others report."""
    test = TestSet(Rows(X, np.arange(64, 96)), Y[64:], W[64:])
    data = split()
    plain, weighted = (
        trained(spec(weighted_metrics=is_so, metrics=("log_loss",)), data, test=test)
        for is_so in (False, True)
    )
    alike = trained(spec(metrics=("log_loss",)), replace(data, w_val=None), test=test)
    assert plain.measures["val_loss"] == alike.measures["val_loss"]
    for result in (plain, weighted):
        for part in ("val", "test"):  # the loss that Keras logs is the measure of scikit-learn
            found = result.measures
            assert found[f"{part}_loss"] == pytest.approx(found[f"{part}_log_loss"], rel=1e-5)
        assert result.curves[-1].val_loss == pytest.approx(result.measures["val_loss"], rel=1e-6)
    assert plain.measures["test_loss"] != pytest.approx(weighted.measures["test_loss"], rel=1e-3)
    assert weighted.curves[-1].val_accuracy == pytest.approx(
        weighted.measures["val_accuracy"], rel=1e-6
    )


def test_the_loss_of_a_weighted_regression_is_in_its_own_units():
    y = 1000 + 300 * X[:, :1].astype(float)
    data = split(y, ("price",), Units.of(y[:64]))
    asked = spec("regression", "mean_squared_error", weighted_metrics=True)
    found = trained(asked, data)
    error = found.measures["val_root_mean_squared_error"]
    assert found.measures["val_loss"] == pytest.approx(error**2, rel=1e-4)


def test_kept_programs_train_the_same_with_weights():
    kept = KeptNetworks()
    asked = spec(class_weight="balanced", warmup_epochs=1, learning_rate_decay="cosine")
    first = trained(asked, split(), kept=kept)
    again = trained(asked, split(), kept=kept)
    fresh = trained(asked, split())
    losses = [[epoch.loss for epoch in one.curves] for one in (first, again, fresh)]
    assert losses[0] == losses[1] == losses[2]


@pytest.mark.parametrize("decay", ["none", "cosine", "exponential"])
def test_a_learning_rate_climbs_and_then_does_what_it_does(decay):
    settings = TrainingSettings(
        epochs=5, learning_rate=0.1, warmup_epochs=2, learning_rate_decay=decay
    )
    optimizer = make_optimizer(settings, 10)
    optimizer.build([])
    rate = optimizer._learning_rate
    rates = [float(rate(step)) for step in range(50)]
    assert rates[:20] == pytest.approx([0.1 * (step + 1) / 20 for step in range(20)])
    if decay == "none":
        assert rates[20:] == pytest.approx([0.1] * 30)
    else:
        after = {
            "cosine": keras.optimizers.schedules.CosineDecay(0.1, 30),
            "exponential": keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9),
        }[decay]
        assert rates[20:] == pytest.approx([float(after(step)) for step in range(30)], rel=1e-5)


def test_a_warm_up_says_what_it_was_made_with():
    assert WarmUp(0.1, 20).get_config() == {
        "initial_learning_rate": 0.1,
        "warmup_steps": 20,
        "after": None,
    }


def test_gradients_are_clipped_all_together():
    optimizer = make_optimizer(TrainingSettings(gradient_clip_norm=0.5), 10)
    assert optimizer.global_clipnorm == 0.5
    assert make_optimizer(TrainingSettings(), 10).global_clipnorm is None
    free, clipped = (
        [epoch.loss for epoch in trained(spec(optimizer="sgd", **more), PLAIN).curves]
        for more in ({}, {"gradient_clip_norm": 1e-3})
    )
    assert abs(clipped[0] - clipped[-1]) < abs(free[0] - free[-1])


def test_early_stopping_goes_by_another_score(monkeypatch):
    """By accuracy, of which more is better; the best epoch stays that of the objective."""
    rising = iter([0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6])
    real = recorder.validation_scores

    def scores(*given):
        return {**real(*given), "val_f1": next(rising)}

    monkeypatch.setattr(recorder, "validation_scores", scores)
    stopping = {"monitor": "val_f1", "patience": 2}
    result = trained(spec(epochs=8, early_stopping=stopping), PLAIN)
    assert len(result.curves) == 4, "the second epoch was the best, and two more were waited for"
