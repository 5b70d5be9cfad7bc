"""Networks of every task are trained, and measured in the data's own units."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers
from sklearn import metrics

from ablate.data.fitting import Units
from ablate.data.split import Rows, Split, TestSet
from ablate.spec.data import DataSettings
from ablate.spec.training import TrainingSettings
from ablate.spec.trial import TrialSpec
from ablate.training import loop, network
from ablate.training.kept import KeptNetworks
from ablate.training.loop import Decision, train
from tests.training.as_worker import train as train_as_worker

ON_TORCH = keras.backend.backend() == "torch"
RNG = np.random.default_rng(5)
X = RNG.normal(size=(96, 3)).astype(np.float32)


def rows(x, chosen):
    return Rows(x, np.asarray(chosen))


def split(x, y, names, units=False, first=0):
    """64 examples to train, the other 32 to validate."""
    count = len(y)
    order = np.roll(np.arange(count), first)
    train_rows, val_rows = order[:64], order[64:]
    return Split(
        x_train=rows(x, train_rows),
        y_train=y[train_rows],
        x_val=rows(x, val_rows),
        y_val=y[val_rows],
        class_names=names,
        units=Units.of(y[train_rows]) if units else None,
    )


def spec(task, loss, **training):
    settings = {
        "epochs": 2,
        "batch_size": 16,
        "learning_rate": 0.01,
        "checkpoint": "last",
        **training,
    }
    return TrialSpec(
        data=DataSettings(dataset="npz", task=task),
        data_digest="0",
        architecture="mlp",
        parameters={"units_1": 8, "layers": 1},
        training=TrainingSettings(loss=loss, **settings),
        seed=1,
    )


def go_on(epoch):
    return Decision.CONTINUE


def trained(asked, data, **more):
    """The result, and what the network gives for the validation examples."""
    outputs = []

    def save(model, val_loss):
        outputs.append(keras.ops.convert_to_numpy(model(data.x_val[:], training=False)))

    result = train_as_worker(asked, data, go_on, save=save, **more)
    assert result.outcome == "complete", result.reason
    return result, outputs[0]


PRICES = (1000 + 50 * X[:, :1] + 7 * X[:, 1:2] ** 2).astype(float)


@pytest.mark.parametrize("loss", ["mean_squared_error", "mean_absolute_error", "huber"])
def test_a_regression_is_measured_in_its_own_units(loss):
    data = split(X, PRICES, ("price",), units=True)
    result, scaled = trained(spec("regression", loss), data)
    own = scaled * data.units.deviation + data.units.mean
    error = metrics.mean_squared_error(data.y_val, own)
    assert result.measures["val_loss"] == pytest.approx(error, rel=1e-4)
    assert result.measures["val_root_mean_squared_error"] == pytest.approx(error**0.5, rel=1e-6)
    assert result.measures["val_r2"] == pytest.approx(metrics.r2_score(data.y_val, own), rel=1e-6)
    assert result.curves[-1].accuracy is None
    assert result.confusion_matrix is None
    assert result.curves[0].loss > 100, "the training loss has the same units"


def test_several_numbers_weigh_in_their_own_units():
    both = np.column_stack([PRICES[:, 0], PRICES[:, 0] / 1000])
    data = split(X, both, ("euros", "thousands"), units=True)
    result, scaled = trained(spec("regression", "mean_squared_error"), data)
    own = scaled * data.units.deviation + data.units.mean
    error = metrics.mean_squared_error(data.y_val, own)
    assert result.measures["val_loss"] == pytest.approx(error, rel=1e-4)


@pytest.mark.skipif(ON_TORCH, reason="with PyTorch no network is kept")
def test_a_kept_network_takes_the_units_of_the_next_split():
    asked, kept = spec("regression", "mean_squared_error"), KeptNetworks()
    first = split(X, PRICES, ("price",), units=True)
    second = split(X, PRICES * 3 + 9, ("price",), units=True, first=40)
    train(asked, first, go_on, kept=kept)
    again = train(asked, second, go_on, kept=kept)
    assert len(kept) == 1
    alone = train(asked, second, go_on)
    assert [epoch.val_loss for epoch in again.curves] == [epoch.val_loss for epoch in alone.curves]


def test_one_probability_of_the_positive_class():
    labels = (X[:, 0] > 0).astype(np.int64)
    data = split(X, labels, ("no", "yes"))
    test = TestSet(data.x_val, data.y_val)
    result, shares = trained(spec("binary_classification", "binary_crossentropy"), data, test=test)
    assert shares.shape == (32, 1)
    area = metrics.roc_auc_score(data.y_val, shares[:, 0])
    assert result.measures["val_roc_auc"] == result.measures["test_roc_auc"] == pytest.approx(area)
    expected = metrics.log_loss(data.y_val, shares[:, 0].astype(float))
    assert result.measures["val_loss"] == pytest.approx(expected, rel=1e-5)
    assert result.measures["test_loss"] == pytest.approx(expected, rel=1e-5)
    assert result.curves[-1].val_accuracy == pytest.approx(result.measures["val_accuracy"])
    matrix = metrics.confusion_matrix(data.y_val, shares[:, 0] >= 0.5)
    assert np.array_equal(result.confusion_matrix, matrix)


def test_several_labels():
    labels = (X[:, :2] > 0).astype(np.int64)
    data = split(X, labels, ("warm", "wet"))
    asked = spec("multilabel_classification", "binary_crossentropy")
    result, shares = trained(asked, data)
    exact = metrics.accuracy_score(data.y_val, shares >= 0.5)
    assert result.measures["val_accuracy"] == pytest.approx(exact)
    assert result.curves[-1].val_accuracy == pytest.approx(exact)
    assert result.confusion_matrix is None


@pytest.fixture
def built(monkeypatch):
    def build_with(build):
        monkeypatch.setattr(network, "find_build", lambda architecture, source: build)

    return build_with


def test_token_ids_stay_whole_for_an_embedding(built):
    seen = []

    def build(input_shape, output_shape, output_activation, **_):
        inputs = keras.Input(input_shape, dtype="int32")
        x = layers.LSTM(4)(layers.Embedding(50, 4)(inputs))
        return keras.Model(inputs, layers.Dense(*output_shape, output_activation)(x))

    built(build)
    tokens = RNG.integers(0, 50, (96, 6))
    data = split(tokens, (tokens[:, 0] > 25).astype(np.int64), ("no", "yes"))
    assert data.x_train[:].dtype == np.int32
    seen, _ = trained(spec("binary_classification", "binary_crossentropy"), data)
    assert seen.outcome == "complete"


def test_two_inputs_are_given_by_name(built):
    def build(input_shape, output_shape, **_):
        assert input_shape == {"a": (3,), "b": (2, 2)}
        inputs = {name: keras.Input(shape, name=name) for name, shape in input_shape.items()}
        x = layers.Concatenate()([inputs["a"], layers.Flatten()(inputs["b"])])
        return keras.Model(inputs, layers.Dense(*output_shape)(x))

    built(build)
    x = {"a": X, "b": RNG.normal(size=(96, 2, 2))}
    data = split(x, PRICES, ("price",), units=True)
    test = TestSet(data.x_val, data.y_val)
    result = train(spec("regression", "mean_squared_error"), data, go_on, test)
    assert result.outcome == "complete", result.reason
    assert result.measures["test_r2"] == pytest.approx(result.measures["val_r2"])


@pytest.mark.parametrize(
    "y", [np.repeat([0, 1], 5000), np.arange(10_000) % 2], ids=["by class", "by turns"]
)
def test_of_many_test_examples_those_of_every_part_are_kept(y):
    data = split(X, (X[:, 0] > 0).astype(np.int64), ("no", "yes"))
    many = np.column_stack([np.arange(10_000) / 10_000] * 3).astype(np.float32)
    test = TestSet(rows(many, range(10_000)), y)
    asked = spec("binary_classification", "binary_crossentropy", epochs=1)
    first, second = (
        np.array(trained(asked.model_copy(update={"seed": seed}), data, test=test)[0].predictions)
        for seed in (1, 2)
    )
    assert first.shape == (5000, 2)
    assert 0.47 < first[:, 0].mean() < 0.53
    assert 0.4 < first[:400, 0].mean() < 0.6, "so are the first of them"
    assert np.array_equal(first[:, 0], second[:, 0]), "the same ones of every replicate"
    assert not np.array_equal(first[:, 1], second[:, 1])
    few = TestSet(rows(many, range(4999, 5001)), y[4999:5001])
    kept = trained(asked, data, test=few)[0].predictions
    assert [true for true, _ in kept] == y[4999:5001].tolist(), "all of a few, in their order"


@pytest.mark.parametrize(
    ("task", "build", "told"),
    [
        (
            "regression",
            lambda input_shape, num_classes, **_: None,
            "build asks for num_classes, but the targets are numbers and no classes: ask for "
            "output_shape, and end it in Dense(*output_shape)",
        ),
        (
            "regression",
            lambda input_shape, **_: mlp(input_shape, 3, None),
            "build returned a network with output shape (None, 3), but the data have 1 numbers to "
            "predict; end it in Dense(1)",
        ),
        (
            "binary_classification",
            lambda input_shape, **_: mlp(input_shape, 1, None),
            "its last layer, last, gives no probabilities: its activation is linear; end it in a "
            "sigmoid",
        ),
        (
            "classification",
            lambda input_shape, **_: mlp(input_shape, 1, "sigmoid"),
            "build returned a network with output shape (None, 1), but the data have 2 classes; end "
            'it in Dense(2, "softmax"), or set task = "binary_classification" under [study]',
        ),
    ],
)
def test_a_network_that_does_not_fit_its_task_is_refused(built, task, build, told):
    built(build)
    names = ("price",) if task == "regression" else ("no", "yes")
    y = PRICES if task == "regression" else (X[:, 0] > 0).astype(np.int64)
    data = split(X, y, names, units=task == "regression")
    result = train(spec(task, loop.tasks.find(task).loss), data, go_on)
    assert (result.outcome, result.reason) == ("failed", told)


def mlp(input_shape, units, activation):
    inputs = keras.Input(input_shape)
    return keras.Model(inputs, layers.Dense(units, activation, name="last")(inputs))
