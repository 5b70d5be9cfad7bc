"""A network that comes compiled is trained as it was compiled, and measured as any other."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import losses, metrics, optimizers

from ablate import tasks
from ablate.data.split import Rows, Split
from ablate.spec.data import DataSettings
from ablate.spec.training import TrainingSettings
from ablate.spec.trial import TrialSpec
from ablate.training.batches import Batches
from ablate.training.loop import Decision, train
from ablate.training.user_compile import compile_again, fault_of_compile

TASK = tasks.find("classification")
RNG = np.random.default_rng(8)
X = RNG.normal(size=(80, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int64)
ROWS = Rows(X, np.arange(64))
SPLIT = Split(ROWS, Y[:64], Rows(X, np.arange(64, 80)), Y[64:], ("no", "yes"))


def network(compiled=None, loss="categorical_crossentropy", **more):
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(6, "relu"),
            keras.layers.Dense(2, "softmax"),
        ]
    )
    if compiled is not None:
        model.compile(compiled, loss, **more)
    return model


def fault(model, asked=(), **training):
    return fault_of_compile(model, TrainingSettings(**training), TASK, asked)


def test_what_is_not_compiled_is_no_fault():
    assert fault(network(), optimizer="sgd", learning_rate=0.5) is None


def test_what_a_study_says_beside_it_is_a_fault_unless_build_asks_for_it():
    said = (
        "build returned a network that is compiled, which takes the place of {}; leave these out of "
        "the study, have build ask for them, or take compile() out"
    )
    model = network("adam")
    assert fault(model) is None
    assert fault(model, learning_rate=0.5, optimizer="sgd") == said.format(
        'optimizer = "sgd", learning_rate = 0.5'
    )
    assert fault(model, ("learning_rate",), learning_rate=0.5) is None
    assert fault(model, gradient_clip_norm=1.0, warmup_epochs=1) == said.format(
        "gradient_clip_norm = 1.0, warmup_epochs = 1"
    )
    assert fault(model, learning_rate_decay="cosine") == said.format(
        'learning_rate_decay = "cosine"'
    )
    assert fault(model, learning_rate_decay="plateau") is None, "a callback, whatever is compiled"


def test_a_network_is_trained_by_one_loss():
    model = network()
    model.compile("adam")
    assert (
        fault(model)
        == "build returned a network that is compiled without a loss; give compile() one"
    )

    class Own(keras.Model):
        def train_step(self, data):
            raise NotImplementedError

    inputs = keras.Input((4,))
    own = Own(inputs, keras.layers.Dense(2, "softmax")(inputs))
    own.compile("adam")
    assert fault(own) is None, "its own train_step knows"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"loss": losses.SparseCategoricalCrossentropy(ignore_class=0)}, "its loss"),
        (
            {"metrics": ["accuracy", metrics.SparseCategoricalCrossentropy("own", ignore_class=0)]},
            "its metric own",
        ),
        (
            {"weighted_metrics": [metrics.SparseCategoricalCrossentropy("own", ignore_class=1)]},
            "its metric own",
        ),
    ],
)
def test_a_class_that_is_ignored_is_a_fault(given, name):
    assert fault(network("adam", **given)) == (
        f"build returned a network that is compiled with an ignore_class in {name}; labels are given "
        "one-hot, where none is ignored: take it out"
    )


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"loss": losses.CategoricalCrossentropy(from_logits=True)}, "its loss"),
        ({"loss": losses.SparseCategoricalCrossentropy(from_logits=True)}, "its loss"),
        ({"metrics": [metrics.BinaryCrossentropy("own", from_logits=True)]}, "its metric own"),
    ],
)
def test_probabilities_that_are_taken_for_logits_are_a_fault(given, name):
    assert fault(network("adam", **given)) == (
        f"build returned a network that is compiled with from_logits=True in {name}; outputs are "
        "probabilities: take it out"
    )


def test_what_takes_labels_as_numbers_keeps_its_settings():
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")
    own = metrics.SparseCategoricalCrossentropy("own", from_logits=True, axis=1)
    model = network("adam", loss, metrics=[own, metrics.SparseTopKCategoricalAccuracy(3, "top")])
    compile_again(model, [], [], is_weighted=False)
    dense = losses.CategoricalCrossentropy(from_logits=True, reduction="sum")
    assert model.loss.get_config() == dense.get_config()
    first, second = model._compile_metrics._user_metrics
    expected = metrics.CategoricalCrossentropy("own", from_logits=True, axis=1)
    assert first.get_config() == expected.get_config()
    assert second.get_config() == metrics.TopKCategoricalAccuracy(3, "top").get_config()


FILE = """
import keras

def build(input_shape, num_classes, *, sparse=False, smoothing=0.2):
    model = keras.Sequential([
        keras.Input(input_shape), keras.layers.Dense(6, "relu"),
        keras.layers.Dense(num_classes, "softmax"),
    ])
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)
    metrics = ["accuracy", keras.metrics.Recall(name="recall")]
    if sparse:
        loss, metrics = "sparse_categorical_crossentropy", ["sparse_categorical_accuracy"]
    if sparse == "object":
        loss = keras.losses.SparseCategoricalCrossentropy()
        metrics = [keras.metrics.SparseCategoricalCrossentropy("own")]
    optimizer = keras.optimizers.Adam(0.02, global_clipnorm=0.5)
    model.compile(optimizer, loss, metrics=metrics)
    return model
"""


@pytest.fixture
def spec(tmp_path):
    file = tmp_path / "tuned.py"
    file.write_text(FILE)

    def of(**parameters):
        return TrialSpec(
            data=DataSettings(dataset="npz"),
            data_digest="0",
            architecture="tuned.py:build",
            architecture_source=str(file),
            parameters=parameters,
            training=TrainingSettings(epochs=3, batch_size=16, checkpoint="last"),
            seed=4,
        )

    return of


def by_hand(loss):
    """The same network, compiled by hand and trained by a bare `fit`."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(4)
    model = network(optimizers.Adam(0.02, global_clipnorm=0.5), loss)
    keras.utils.set_random_seed(4)
    batches = Batches(ROWS, Y[:64], lambda y: TASK.encoded(y, 2), 16, 4)
    history = model.fit(batches, epochs=3, shuffle=False, verbose=0)
    given = keras.ops.convert_to_numpy(model(X[64:], training=False))
    return history.history["loss"], given


@pytest.mark.parametrize(
    ("parameters", "loss"),
    [
        ({}, losses.CategoricalCrossentropy(label_smoothing=0.2)),
        ({"sparse": True}, "categorical_crossentropy"),
        ({"sparse": "object"}, "categorical_crossentropy"),
    ],
    ids=["its own loss", "labels as numbers", "a loss object of these"],
)
def test_it_is_trained_as_it_was_compiled(spec, parameters, loss):
    expected, given = by_hand(loss)
    outputs = []

    def save(model, cost):
        outputs.append(keras.ops.convert_to_numpy(model(X[64:], training=False)))

    result = train(spec(**parameters), SPLIT, lambda epoch: Decision.CONTINUE, save=save)
    assert result.outcome == "complete", result.reason
    assert [epoch.loss for epoch in result.curves] == expected
    assert np.array_equal(outputs[0], given)
    plain = -np.log(given[np.arange(16), Y[64:]]).mean()
    assert result.measures["val_loss"] == pytest.approx(plain, rel=1e-5), "the plain one is told"
    assert result.curves[-1].val_loss == result.measures["val_loss"]


def test_what_it_overrides_ends_the_trial(spec):
    asked = spec()
    training = asked.training.model_copy(update={"learning_rate": 0.5})
    result = train(
        asked.model_copy(update={"training": training}), SPLIT, lambda epoch: Decision.CONTINUE
    )
    assert result.outcome == "failed"
    assert "takes the place of learning_rate = 0.5" in result.reason
