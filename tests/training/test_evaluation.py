"""Scores agree with scikit-learn, also where a class is never predicted; losses with NumPy."""

from __future__ import annotations

import itertools
from dataclasses import replace

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from ablate import tasks
from ablate.training.compiling import plain_loss
from ablate.training.evaluation import (
    Scores,
    confusion_matrix,
    inference_seconds,
)
from tests.training.predicted import predict


def crossentropy(labels, outputs):
    return plain_loss(tasks.find("classification"), labels, outputs, outputs.shape[1])


@given(st.integers(3, 12), st.integers(1, 200), st.integers(0, 2**32 - 1))
def test_scores_agree_with_scikit_learn(classes, count, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(1, classes, count)  # the first class never occurs
    predicted = rng.integers(0, classes - 1, count)  # the last class is never predicted
    scores = Scores(tasks.find("classification")).of("val_", labels, np.eye(classes)[predicted])
    assert list(scores) == ["val_accuracy", "val_f1"]
    assert scores["val_accuracy"] == pytest.approx(np.mean(labels == predicted), abs=1e-12)
    expected = metrics.f1_score(labels, predicted, average="macro", zero_division=0)
    assert scores["val_f1"] == pytest.approx(expected, abs=1e-12)
    matrix = np.array(confusion_matrix(labels, predicted, classes))
    assert matrix.shape == (classes, classes)
    assert matrix.sum() == count
    assert (matrix.sum(axis=1) == np.bincount(labels, minlength=classes)).all()
    assert matrix[:, -1].sum() == 0
    assert matrix[0].sum() == 0
    # The same by hand, from the matrix: the mean over the classes that occur or are predicted.
    right, rows, columns = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    there = rows + columns > 0
    by_hand = (2 * right[there] / (rows + columns)[there]).mean()
    assert scores["val_f1"] == pytest.approx(by_hand, abs=1e-12)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
def test_a_score_that_is_no_finite_number_is_left_out(value):
    task = tasks.find("classification")
    task = replace(task, scores={**task.scores, "f1": lambda *given: value})
    scores = Scores(task).of("val_", np.array([0, 1]), np.eye(2))
    assert scores == {"val_accuracy": 1.0}


def probabilities(rng, count, classes):
    logits = rng.normal(0, 3, (count, classes))
    weights = np.exp(logits)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


@given(st.integers(2, 12), st.integers(1, 100), st.integers(0, 2**32 - 1))
def test_crossentropy_agrees_with_numpy(classes, count, seed):
    rng = np.random.default_rng(seed)
    labels, predicted = rng.integers(0, classes, count), probabilities(rng, count, classes)
    chosen = predicted.astype(np.float64)[np.arange(count), labels]
    expected = -np.log(np.clip(chosen, 1e-7, 1 - 1e-7)).mean()
    assert crossentropy(labels, predicted) == pytest.approx(expected, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(("level", "error"), [(1.6e9, 1.0), (1e6, 0.05), (2e4, 0.001)])
def test_the_squared_error_of_large_numbers_loses_no_digits(level, error):
    rng = np.random.default_rng(0)
    true = level + rng.normal(size=(1000, 2))
    outputs = true + rng.normal(size=true.shape) * error
    weights = rng.random(1000)
    task = tasks.find("regression")
    expected = metrics.mean_squared_error(true, outputs)
    assert plain_loss(task, true, outputs, 2) == pytest.approx(expected, rel=1e-12)
    expected = metrics.mean_squared_error(true, outputs, sample_weight=weights)
    assert plain_loss(task, true, outputs, 2, weights) == pytest.approx(expected, rel=1e-12)
    one = plain_loss(task, true[:, 0], outputs[:, :1], 1)
    assert one == pytest.approx(np.square(true - outputs)[:, 0].mean(), rel=1e-12)


def test_a_certain_mistake_costs_much_and_not_everything():
    sure = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    assert crossentropy(np.array([0, 1]), sure) == pytest.approx(0, abs=1e-6)
    assert crossentropy(np.array([1, 0]), sure) == pytest.approx(-np.log(1e-7), rel=1e-3)


@pytest.fixture(scope="module")
def network():
    """A network on 1,100 images, more than a batch of any kind holds, with dropout."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((4, 4, 1)),
            keras.layers.Flatten(),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(5, "softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", metrics=["accuracy"])
    rng = np.random.default_rng(0)
    return model, rng.random((1100, 4, 4, 1), np.float32), rng.integers(0, 5, 1100)


def test_loss_and_accuracy_agree_with_keras(network):
    model, images, labels = network
    targets = keras.utils.to_categorical(labels, 5)
    loss, accuracy = model.evaluate(images, targets, batch_size=100, verbose=0)
    predicted = predict(model, images)
    assert predicted.shape == (1100, 5)
    assert crossentropy(labels, predicted) == pytest.approx(loss, rel=1e-5)
    scores = Scores(tasks.find("classification")).of("", labels, predicted)
    assert scores["accuracy"] == pytest.approx(accuracy, abs=1e-6)


def test_predictions_do_not_depend_on_the_batches(network):
    model, images, _ = network
    one_by_one = np.concatenate([predict(model, images[i : i + 1]) for i in (0, 511, 512, 1099)])
    whole = predict(model, images)[[0, 511, 512, 1099]]
    assert one_by_one == pytest.approx(whole, abs=1e-6)


def test_the_latency_is_the_median_of_single_images(network):
    model, images, _ = network
    # Each pass takes as many seconds as passes were timed before it, the last one a thousand.
    takes = [*range(19), 1000]
    times = itertools.chain.from_iterable(
        (start, start + take)
        for start, take in zip(itertools.count(0, 10_000), takes, strict=False)
    )
    seen = []

    class Watched:
        def predict_on_batch(self, batch):
            seen.append(len(batch))
            return model.predict_on_batch(batch)

    assert inference_seconds(Watched(), images[:1], lambda: float(next(times))) == 9.5
    assert seen == [1] * (3 + 20)
