"""A network that was kept trains to the same bits as one that is built and traced anew."""

from __future__ import annotations

import functools
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from ablate.data.split import Split
from ablate.spec.data import DataSettings
from ablate.spec.training import TrainingSettings
from ablate.spec.trial import TrialSpec
from ablate.training import loop
from ablate.training.kept import KeptNetworks
from ablate.training.loop import Decision, train
from ablate.training.saving import save_network
from ablate.user_code.imported import afresh

ON_JAX = keras.backend.backend() == "jax"
if keras.backend.backend() == "torch":
    pytest.skip("with PyTorch there is no program to keep", allow_module_level=True)
if ON_JAX:  # each compiles for seconds
    SETTINGS = [("adam", "none", "float32"), ("sgd", "cosine", "float32")]
else:  # each optimizer with two decays, each decay with two optimizers, and all dtype policies
    SETTINGS = [("adam", decay, "float32") for decay in ("none", "cosine")]
    SETTINGS += [("adamw", decay, "float32") for decay in ("exponential", "plateau")]
    SETTINGS += [("sgd", decay, "float32") for decay in ("cosine", "plateau")]
    SETTINGS += [("rmsprop", decay, "float32") for decay in ("none", "exponential")]
    SETTINGS += [("adam", "cosine", f"mixed_{kind}") for kind in ("float16", "bfloat16")]

RNG = np.random.default_rng(0)
IMAGES = RNG.random((60, 8, 8, 1), np.float32)
LABELS = (IMAGES.sum((1, 2, 3)) > 32).astype(np.int64)
SPLIT = Split(IMAGES[:40], LABELS[:40], IMAGES[40:], LABELS[40:], ("dark", "light"))


def build(input_shape, num_classes, units=4, dropout=0.5, momentum=0.9):
    inputs = keras.Input(input_shape)
    x = keras.layers.Flatten()(inputs)
    x = keras.layers.Dense(units, activation="relu")(x)
    x = keras.layers.BatchNormalization(momentum=momentum)(x)
    x = keras.layers.Dropout(dropout)(x)
    return keras.Model(inputs, keras.layers.Dense(num_classes, activation="softmax")(x))


@pytest.fixture
def built(monkeypatch):
    """Has `train` build with a function of the test's."""

    def build_with(function):
        monkeypatch.setattr(
            loop,
            "build_network",
            lambda _, source, shape, classes, values, *more: function(shape, classes, **values),
        )

    build_with(build)
    return build_with


def spec(seed=0, parameters=None, **training):
    settings = {"epochs": 2, "batch_size": 16, "learning_rate": 0.01, **training}
    return TrialSpec(
        data=DataSettings(dataset="light"),
        data_digest="0",
        architecture="test",
        parameters=parameters or {},
        training=TrainingSettings(**settings),
        seed=seed,
    )


def numbers(result):
    """All that was measured but times."""
    assert result.outcome == "complete", result.reason
    curves = [epoch.model_dump(exclude={"seconds"}) for epoch in result.curves]
    scores = [result.measures[key] for key in ("val_loss", "val_accuracy", "val_f1")]
    return curves, scores, result.confusion_matrix


def go_on(epoch):
    return Decision.CONTINUE


def trained(spec, kept=None):
    return numbers(train(spec, SPLIT, go_on, kept=kept))


@pytest.mark.parametrize(("optimizer", "decay", "policy"), SETTINGS)
def test_numbers_are_equal_to_the_last_bit(built, optimizer, decay, policy):
    settings = {"optimizer": optimizer, "learning_rate_decay": decay, "dtype_policy": policy}
    kept = KeptNetworks()
    trained(spec(**settings), kept)
    other = {"learning_rate": 0.03, "epochs": 3, "batch_size": 8, **settings}
    if decay == "exponential":
        other["decay_rate"] = 0.5
    again = trained(spec(1, **other), kept)
    assert len(kept) == 1, "the second training was not of the first's network"
    assert again == trained(spec(1, **other))


@pytest.fixture(scope="module")
def networks():
    return KeptNetworks()


@pytest.fixture
def usual(built, networks):
    """Kept networks, the usual one among them, and those of earlier tests."""
    trained(spec(), networks)
    return networks


@pytest.mark.parametrize(
    "other",
    [
        {"parameters": {"dropout": 0.1}},
        {"parameters": {"momentum": 0.5}},
        {"parameters": {"units": 8}},
        {"weight_decay": 0.1},
        {"optimizer": "sgd"},
        {"optimizer": "sgd", "momentum": 0.5},
        {"label_smoothing": 0.1},
        {"loss": "mean_squared_error"},
    ],
    ids=str,
)
def test_what_is_a_constant_of_the_program_makes_another_network(built, usual, other):
    before = len(usual)
    changed = trained(spec(**other), usual)
    assert len(usual) == before + 1
    assert changed == trained(spec(**other))


def relu(x):  # called as Keras's own is, and something else
    return 0.5 * keras.ops.relu(x)


class Noisy(keras.layers.Layer):
    def call(self, x):
        return x + keras.random.normal(keras.ops.shape(x))


def with_a_partial_function(shape, classes):
    inputs = keras.Input(shape)
    leaky = functools.partial(keras.activations.leaky_relu, negative_slope=0.5)
    x = keras.layers.Dense(4, activation=leaky)(keras.layers.Flatten()(inputs))
    return keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(x))


def with_a_slice(shape, classes):
    inputs = keras.Input(shape)
    x = keras.layers.Flatten()(inputs)[:, 8:16]
    return keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(x))


def with_a_constant(shape, classes):
    inputs = keras.Input(shape)
    x = keras.layers.Flatten()(inputs) * np.random.default_rng().random(64, np.float32)
    return keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(x))


def with_a_number(shape, classes):
    inputs = keras.Input(shape)
    x = keras.layers.Flatten()(inputs) * float(keras.random.uniform(()))
    return keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(x))


def with_a_function(shape, classes):
    inputs = keras.Input(shape)
    x = keras.layers.Dense(4, activation=relu)(keras.layers.Flatten()(inputs))
    return keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(x))


def with_a_lambda(shape, classes):
    inputs = keras.Input(shape)
    x = keras.layers.Lambda(lambda x: x * 2)(keras.layers.Flatten()(inputs))
    return keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(x))


def with_a_layer(shape, classes):
    """A user's own layer, which draws from the global seed generator."""
    inputs = keras.Input(shape)
    x = Noisy()(keras.layers.Flatten()(inputs))
    return keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(x))


def with_an_adapted_layer(shape, classes):
    inputs = keras.Input(shape)
    adapted = keras.layers.Normalization()
    adapted.adapt(np.random.default_rng().random((8, 64), np.float32))
    x = adapted(keras.layers.Flatten()(inputs))
    return keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(x))


class Subclassed(keras.Model):
    """Whatever it may do in its `train_step`."""


def with_a_model_of_its_own(shape, classes):
    inputs = keras.Input(shape)
    x = keras.layers.Flatten()(inputs)
    return Subclassed(inputs, keras.layers.Dense(classes, activation="softmax")(x))


def with_a_wrapped_function(shape, classes):
    @functools.wraps(keras.activations.relu)
    def halved(x):
        return 0.5 * keras.activations.relu(x)

    inputs = keras.Input(shape)
    x = keras.layers.Dense(4, activation=halved)(keras.layers.Flatten()(inputs))
    return keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(x))


@pytest.mark.parametrize(
    "function",
    [
        with_a_model_of_its_own,
        with_a_wrapped_function,
        with_a_partial_function,
        with_a_slice,
        with_a_constant,
        with_a_function,
        with_a_lambda,
        with_a_layer,
        with_an_adapted_layer,
    ],
)
def test_what_a_users_code_holds_is_built_anew(built, function):
    built(function)
    kept = KeptNetworks()
    trained(spec(), kept)
    assert len(kept) == 0


def changed_afterwards(shape, classes, change="nothing"):
    """What is set on a layer or a variable once it is made is in no configuration."""
    inputs = keras.Input(shape)
    dense = keras.layers.Dense(8, activation="gelu" if change != "ops" else keras.ops.gelu)
    norm, last = keras.layers.BatchNormalization(), keras.layers.Dense(classes, "softmax")
    model = keras.Model(inputs, last(norm(dense(keras.layers.Flatten()(inputs)))))
    match change:
        case "regularizer":
            last.kernel.regularizer = keras.regularizers.L2(0.5)
        case "constraint":
            last.kernel.constraint = keras.constraints.MaxNorm(0.1)
        case "gamma":
            norm.gamma.trainable = False
        case "beta":
            norm.beta.trainable = False
        case "momentum":
            norm.momentum = 0.1
    return model


@pytest.mark.parametrize(
    "change", ["regularizer", "constraint", "gamma", "beta", "momentum", "ops"]
)
def test_what_is_changed_after_it_was_made_makes_another_network(built, networks, change):
    built(changed_afterwards)
    trained(spec(), networks)
    before = len(networks)
    trained(spec(parameters={"change": change}), networks)
    assert len(networks) == before + 1
    again = spec(seed=1, parameters={"change": change})
    assert trained(again, networks) == trained(again)
    assert len(networks) == before + 1


def shared_layers(shape, classes, first=True):
    """Three networks inside another, of which the first two or the last two share a layer."""
    shared, own = (keras.layers.Dense(64, name="inner") for _ in range(2))
    inputs = keras.Input(shape)
    x = keras.layers.Flatten()(inputs)
    for index, layer in enumerate((shared, shared, own) if first else (own, shared, shared)):
        inner = keras.Input((64,))
        x = keras.Model(inner, layer(inner), name=f"part_{index}")(x)
    return keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(x))


def test_which_layers_are_shared_makes_another_network(built):
    built(shared_layers)
    kept = KeptNetworks()
    trained(spec(), kept)
    other = spec(parameters={"first": False})
    assert trained(other, kept) == trained(other)
    assert len(kept) == 2


def test_values_that_do_not_fit_are_not_taken(built, monkeypatch):
    monkeypatch.setattr("ablate.training.kept._key", lambda model: "all the same")
    kept = KeptNetworks()
    trained(spec(), kept)
    other = spec(parameters={"units": 8})
    assert trained(other, kept) == trained(other)
    assert len(kept) == 1


def test_a_number_drawn_in_build_makes_another_network(built):
    built(with_a_number)
    kept = KeptNetworks()
    trained(spec(0), kept)
    second = trained(spec(1), kept)
    assert len(kept) == 2
    assert second == trained(spec(1))


def test_the_best_weights_of_one_training_are_not_those_of_the_next(built):
    kept = KeptNetworks()
    first = trained(spec(epochs=4), kept)
    trained(spec(1, epochs=4), kept)
    assert trained(spec(epochs=4), kept) == first


def test_the_network_used_longest_ago_goes_where_memory_is_bounded(built):
    kept = KeptNetworks(60 * 2**20)
    for dropout in (0.1, 0.2, 0.1, 0.3):
        trained(spec(parameters={"dropout": dropout}), kept)
    assert len(kept) == 2
    keys = list(kept._networks._kept)
    assert any('"rate": "0.1"' in key for key in keys)
    assert not any('"rate": "0.2"' in key for key in keys)
    nothing = KeptNetworks(0)
    trained(spec(), nothing)
    assert len(nothing) == 0


def test_a_network_is_forgotten_after_an_exception(built):
    kept = KeptNetworks()

    def fail(epoch):
        raise RuntimeError("the disk is full")

    assert train(spec(), SPLIT, fail, kept=kept).outcome == "failed"
    assert len(kept) == 0


def test_a_pruned_training_leaves_a_network_that_trains_as_a_new_one(built):
    kept = KeptNetworks()
    pruned = train(spec(epochs=3), SPLIT, lambda epoch: Decision.PRUNE, kept=kept)
    assert pruned.outcome == "pruned"
    assert trained(spec(1), kept) == trained(spec(1))
    assert len(kept) == 1


def test_a_network_that_was_saved_is_trained_again(built, tmp_path):
    kept = KeptNetworks()
    first = train(
        spec(), SPLIT, go_on, kept=kept, save=lambda m, _: save_network(m, tmp_path / "m.keras")
    )
    assert first.no_model is None
    assert trained(spec(1), kept) == trained(spec(1))
    assert len(kept) == 1


@pytest.mark.skipif(ON_JAX, reason="this runs there already")
def test_all_this_holds_with_jax():
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    chosen = "last_bit or exception or saved or pruned"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        chosen,
        __file__,
    ]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stdout[-4000:]
    assert "5 passed" in result.stdout


@pytest.mark.parametrize(
    ("hidden", "is_kept"),
    [
        ("def hidden(units):\n    return keras.layers.Dense(units, 'relu')", True),
        ("class Own(keras.layers.Dense): ...\n\ndef hidden(units):\n    return Own(units)", False),
        (
            "act = lambda x: x\n\ndef hidden(units):\n    return keras.layers.Dense(units, act)",
            False,
        ),
    ],
    ids=["Keras's own", "a layer of the user's", "a function of the user's"],
)
def test_modules_that_are_imported_afresh_change_nothing_of_it(tmp_path, hidden, is_kept):
    (tmp_path / "blocks.py").write_text(f"import keras\n\n{hidden}\n")
    file = tmp_path / "mine.py"
    file.write_text(
        "import keras\nfrom blocks import hidden\n\ndef net(input_shape, num_classes):\n"
        "    layers = [keras.Input(input_shape), keras.layers.Flatten(), hidden(4)]\n"
        "    return keras.Sequential([*layers, keras.layers.Dense(num_classes, 'softmax')])\n"
    )

    def result(seed, kept=None):
        named = {"architecture": "mine.py:net", "architecture_source": str(file)}
        with afresh(str(file), str(tmp_path / "study.toml")):
            return trained(spec(seed).model_copy(update=named), kept)

    kept = KeptNetworks()
    result(0, kept)
    assert result(1, kept) == result(1)
    assert len(kept) == (1 if is_kept else 0)
