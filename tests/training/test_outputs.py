"""Outputs that are no probabilities end a training, with the layer's name and what to do."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers, ops

from ablate import tasks
from ablate.data.split import Split
from ablate.spec.data import DataSettings
from ablate.spec.training import TrainingSettings
from ablate.spec.trial import TrialSpec
from ablate.training import loop, network
from ablate.training.loop import Decision, train
from ablate.training.network import ModelError, build_network, measure
from ablate.training.outputs import (
    Distance,
    fault_of_activation,
    fault_of_outputs,
    look,
    try_out,
)
from ablate.training.parts import see

CLASSES = tasks.find("classification")
SHAPE = (8, 8, 1)
RNG = np.random.default_rng(0)
IMAGES = RNG.random((60, *SHAPE), np.float32)
LABELS = (IMAGES.sum((1, 2, 3)) > 32).astype(np.int64)
SPLIT = Split(IMAGES[:40], LABELS[:40], IMAGES[40:], LABELS[40:], ("dark", "light"))


def spec(**training):
    return TrialSpec(
        data=DataSettings(dataset="light"),
        data_digest="0",
        architecture="test",
        parameters={},
        training=TrainingSettings(**{"epochs": 2, "batch_size": 16, **training}),
        seed=0,
    )


def go_on(epoch):
    return Decision.CONTINUE


@pytest.fixture
def built(monkeypatch):
    """Has a network built by a function of the test's."""

    def build_with(function):
        monkeypatch.setattr(network, "find_build", lambda architecture, source: function)

    return build_with


def dense(shape, classes, last=None):
    return keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(classes, last)])


def through(*last):
    """Builds a dense network without an activation that goes through some more layers."""

    def build(input_shape, num_classes):
        model = dense(input_shape, num_classes)
        x = model.outputs[0]
        for layer in last:
            x = layer(x)
        return keras.Model(model.inputs[0], x)

    return build


@pytest.mark.parametrize(
    ("activation", "name"), [(None, "linear"), ("sigmoid", "sigmoid"), ("relu", "relu")]
)
def test_a_keras_layer_without_softmax_is_refused_when_it_is_built(built, activation, name):
    keras.utils.clear_session()
    built(lambda input_shape, num_classes: dense(input_shape, num_classes, activation))
    reason = (
        f"its last layer, dense, gives no probabilities: its activation is {name}; "
        "end it in a softmax"
    )
    result = train(spec(), SPLIT, go_on)
    assert (result.outcome, result.reason, result.curves) == ("failed", reason, ())
    with pytest.raises(ModelError, match="its activation is"):
        build_network("test", None, SHAPE, 2, {})


def test_the_last_layer_is_found_inside_another_network():
    inner = dense(SHAPE, 2)
    inputs = keras.Input(SHAPE)
    model = keras.Model(inputs, inner(inputs))
    assert f"its last layer, {inner.layers[-1].name}," in fault_of_activation(model, CLASSES)


@pytest.mark.parametrize(
    "build",
    [
        lambda input_shape, num_classes: dense(input_shape, num_classes, "softmax"),
        lambda input_shape, num_classes: dense(input_shape, num_classes, ops.softmax),
        lambda input_shape, num_classes: dense(
            input_shape, num_classes, lambda x: ops.softmax(x / 2)
        ),
        lambda input_shape, num_classes: dense(input_shape, num_classes, layers.Softmax()),
        through(layers.Softmax()),
        through(layers.Activation("softmax")),
        through(ops.softmax),
        through(ops.sigmoid, lambda x: x / ops.sum(x, axis=-1, keepdims=True)),
    ],
)
def test_however_a_network_comes_to_probabilities_it_is_taken(built, build):
    built(build)
    model = build_network("test", None, SHAPE, 2, {})
    assert try_out(model, SHAPE, CLASSES) is None


@pytest.mark.parametrize(
    ("last", "told"),
    [
        (layers.LeakyReLU(name="leaky"), "its last layer, leaky, gives no probabilities: rows sum"),
        (
            layers.Lambda(lambda x: x * 0 + ops.convert_to_tensor([-0.5, 1.5]), name="own"),
            "its last layer, own, gives no probabilities: numbers as low as -0.5; "
            "end it in a softmax",
        ),
        (
            layers.Lambda(lambda x: x * 0 + 1.6, name="own"),
            "its last layer, own, gives no probabilities: rows sum to 3.2; end it in a softmax",
        ),
        (
            layers.Lambda(lambda x: ops.log(x * 0)),
            "the network's outputs are not finite for 16 of 16 images; "
            "look for a division by 0 in its layers",
        ),
    ],
)
def test_what_the_first_batch_gives_is_looked_at(built, last, told):
    built(through(last))
    result = train(spec(), SPLIT, go_on)
    assert (result.outcome, result.curves) == ("failed", ())
    assert result.reason.startswith(told)
    assert try_out(build_network("test", None, SHAPE, 2, {}), SHAPE, CLASSES) is not None


class Drifting(keras.layers.Layer):
    """Gives probabilities, until it has been trained for so many steps or is tested."""

    def __init__(self, steps, **settings):
        super().__init__(**settings)
        self.steps = steps
        self.seen = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, x, training=False):
        if training:
            self.seen.assign_add(1.0)
        return ops.softmax(x) * (1 + ops.cast(self.seen > self.steps, "float32") / 4)


def test_a_network_that_gives_none_later_is_stopped_after_the_epoch(built):
    built(through(Drifting(4, name="drifting")))  # 3 steps an epoch
    result = train(spec(epochs=4), SPLIT, go_on)
    assert result.outcome == "failed"
    assert result.reason == (
        "its last layer, drifting, gives no probabilities: in epoch 2 they were off by 0.25; "
        "end it in a softmax"
    )
    assert [epoch.epoch for epoch in result.curves] == [1]


def test_final_predictions_are_looked_at(built, monkeypatch):
    built(lambda input_shape, num_classes: dense(input_shape, num_classes, "softmax"))

    def seen(model, part):
        found = see(model, part)
        return replace(found, outputs=np.full((len(found.targets), 2), 0.7))

    monkeypatch.setattr("ablate.training.evaluation.see", seen)
    result = train(spec(), SPLIT, go_on)
    assert (result.outcome, len(result.curves)) == ("failed", 2)
    assert "gives no probabilities: rows sum to 1.4; end it in a softmax" in result.reason
    assert result.confusion_matrix is None


def test_half_precision_is_given_leeway():
    model = dense(SHAPE, 2, "softmax")
    rows = np.array([[0.5, 0.51]], np.float16)
    assert fault_of_outputs(model, rows, 1e-3, CLASSES) is not None
    assert fault_of_outputs(model, rows, 2e-2, CLASSES) is None


def several_inputs():
    inputs = {name: keras.Input((3, 3), name=name) for name in "abcd"}
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(inputs["a"])))


@pytest.mark.parametrize(
    ("model", "noun"),
    [
        (dense(SHAPE, 2), "images"),
        (dense((3,), 2), "rows"),
        (dense((4, 3), 2), "examples"),
        (several_inputs(), "examples"),
    ],
)
def test_what_has_no_finite_outputs_is_called_what_it_is(model, noun):
    rows = np.array([[0.5, np.nan], [0.5, 0.5]])
    assert fault_of_outputs(model, rows, 1e-3, CLASSES) == (
        f"the network's outputs are not finite for 1 of 2 {noun}; look for a division by 0 in its layers"
    )


def two_outputs(input_shape, num_classes):
    inputs = keras.Input(input_shape)
    flat = keras.layers.Flatten()(inputs)
    outputs = [keras.layers.Dense(num_classes, "softmax")(flat) for _ in range(2)]
    model = keras.Model(inputs, outputs)
    model.compile("adam", ["categorical_crossentropy"] * 2)
    return model


@pytest.mark.parametrize(
    ("rows", "distance"),
    [
        ([[[0.25, 0.75], [1, 0]]], 0),
        ([[[0.25, 0.75], [0.5, 0.25]]], 0.25),
        ([[[0.25, 0.75]], [[1.5, -0.5]], [[1, 0]]], 0.5),
        ([[[2, 2]], [[0.5, 0.5]]], 3),
    ],
)
def test_the_metric_keeps_the_largest_distance_of_its_batches(rows, distance):
    metric = Distance()
    for batch in rows:
        metric.update_state(None, ops.convert_to_tensor(np.array(batch, np.float32)))
    assert float(metric.result()) == distance
    metric.reset_state()
    assert float(metric.result()) == 0


class Counting(keras.layers.Layer):
    """Counts its calls."""

    def __init__(self):
        super().__init__()
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, x):
        self.calls.assign_add(1.0)
        return x


def test_looking_leaves_a_network_as_it_is():
    counting = Counting()
    model = through(counting, ops.softmax)(SHAPE, 2)
    before = float(counting.calls)
    look(model, SPLIT.x_train)
    assert float(counting.calls) == before


def test_watching_changes_no_number(built, monkeypatch):
    def numbers():
        weights = []
        result = train(spec(), SPLIT, go_on, save=lambda m, _: weights.append(m.get_weights()))
        curves = [epoch.model_dump(exclude={"seconds"}) for epoch in result.curves]
        return curves, [one.tobytes() for one in weights[0]]

    def build(input_shape, num_classes):
        return through(layers.BatchNormalization(), layers.Dropout(0.5), layers.Softmax())(
            input_shape, num_classes
        )

    built(build)
    watched = numbers()
    monkeypatch.setattr("ablate.training.compiling.Distance", lambda **_: "mean_squared_error")
    monkeypatch.setattr(loop, "look", lambda model, images: np.full((1, 2), 0.5))
    assert numbers() == watched


class Net(keras.Model):
    """Subclassed: it has no graph."""

    def __init__(self, classes, last="softmax", few=False):
        super().__init__()
        self.flat, self.few = layers.Flatten(), few
        self.out = layers.Dense(classes, last)

    def call(self, x):
        found = self.out(self.flat(x))
        return {"classes": found} if self.few else found


def test_a_subclassed_network_is_trained(built):
    built(lambda input_shape, num_classes: Net(num_classes))
    assert measure(build_network("test", None, SHAPE, 2, {})).flops is None
    result = train(spec(), SPLIT, go_on)
    assert result.outcome == "complete", result.reason
    assert result.measures["parameters"] == 64 * 2 + 2
    assert "flops" not in result.measures


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (
            lambda input_shape, num_classes: Net(num_classes, None),
            "its network, net, gives no probabilities",
        ),
        (
            lambda input_shape, num_classes: Net(num_classes + 1),
            "build returned a network with output shape (None, 3), but the data have 2 classes",
        ),
        (
            lambda input_shape, num_classes: Net(num_classes, few=True),
            "build returned a network with output shape {'classes': (None, 2)}, but the data "
            "have 2 classes",
        ),
        (
            two_outputs,
            "build returned a network with 2 outputs, and a classification has one: return the one that "
            "is measured",
        ),
        (
            lambda input_shape, num_classes: dense(input_shape, 1, "sigmoid"),
            "build returned a network with output shape (None, 1), but the data have 2 classes; "
            'end it in Dense(2, "softmax")',
        ),
    ],
)
def test_what_cannot_be_trained_is_told_in_a_sentence(built, build, told):
    keras.utils.clear_session()
    built(build)
    result = train(spec(), SPLIT, go_on)
    assert (result.outcome, result.curves) == ("failed", ())
    assert result.reason.startswith(told)


class OwnStep(keras.Model):
    """As in Keras's guide: a loss of its own, and besides whatever is asked for."""

    logs_accuracy = False

    def __init__(self, *given, **settings):
        super().__init__(*given, **settings)
        self.own = keras.metrics.Mean(name="loss")
        self.right = keras.metrics.CategoricalAccuracy(name="accuracy")

    @property
    def metrics(self):
        return [self.own, *([self.right] if self.logs_accuracy else [])]

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        if training:
            self.own.update_state(loss)
        return loss


class WithAccuracy(OwnStep):
    logs_accuracy = True


class Told(keras.Model):
    """An own step that does what the sentence says."""

    def train_step(self, data):
        import tensorflow

        x, y = data
        with tensorflow.GradientTape() as tape:
            given = self(x, training=True)
            loss = self.compute_loss(x, y, given)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        for metric in self.metrics:
            metric.update_state(*([loss] if metric.name == "loss" else [y, given]))
        return {metric.name: metric.result() for metric in self.metrics}


def of(kind):
    def build(input_shape, num_classes):
        model = dense(input_shape, num_classes, "softmax")
        return kind(model.inputs[0], model.outputs[0])

    return build


REMEDY = (
    "leave `metrics` to Keras, and have an own train_step or test_step update and return all of "
    "self.metrics"
)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the step is TensorFlow's")
def test_an_own_step_that_logs_what_is_asked_for_is_trained(built):
    built(of(Told))
    own = train(spec(), SPLIT, go_on)
    built(lambda input_shape, num_classes: dense(input_shape, num_classes, "softmax"))
    kerass = train(spec(), SPLIT, go_on)
    assert own.outcome == "complete", own.reason
    assert own.objective == pytest.approx(kerass.objective, rel=1e-5)


def test_an_own_step_without_accuracy_is_told_in_a_sentence(built):
    built(of(OwnStep))
    result = train(spec(), SPLIT, go_on)
    told = f"its epochs are logged without accuracy and val_accuracy; {REMEDY}"
    assert (result.outcome, result.reason) == ("failed", told)


def test_a_validation_loss_that_nobody_measured_is_not_taken(built):
    """Keras's test step does not know of the network's own metric, which stays 0."""
    built(of(WithAccuracy))
    result = train(spec(), SPLIT, go_on)
    assert result.outcome == "failed"
    assert result.reason.startswith("its validation loss is logged as 0, but its predictions have")
    assert result.reason.endswith(REMEDY)


def test_a_sequential_network_needs_no_input(built):
    built(
        lambda input_shape, num_classes: keras.Sequential(
            [layers.Flatten(), layers.Dense(num_classes, "softmax")]
        )
    )
    assert train(spec(), SPLIT, go_on).measures["flops"] > 0
