"""A training loop of the user's own, in the file of the network."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from ablate.data.split import Rows, Split
from ablate.spec.data import DataSettings
from ablate.spec.training import TrainingSettings
from ablate.spec.trial import TrialSpec
from ablate.training.kept import KeptNetworks
from ablate.training.loop import Decision, train

RNG = np.random.default_rng(9)
X = RNG.normal(size=(80, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int64)
SPLIT = Split(Rows(X, np.arange(64)), Y[:64], Rows(X, np.arange(64, 80)), Y[64:], ("no", "yes"))
BUILD = """
import keras

def build(input_shape, num_classes, *, units=6):
    return keras.Sequential([
        keras.Input(input_shape), keras.layers.Dense(units, "relu"),
        keras.layers.Dense(num_classes, "softmax"),
    ])
"""
PLAIN = """
def fit(model, train, validation, *, epochs, batch_size, callbacks):
    return model.fit(
        train, validation_data=validation, epochs=epochs, callbacks=callbacks, verbose=0, shuffle=False
    )
"""
TWO_PHASES = """
def fit(model, train, validation, *, epochs, batch_size, callbacks):
    common = {"validation_data": validation, "callbacks": callbacks, "verbose": 0}
    model.layers[0].trainable = False
    model.compile(keras.optimizers.Adam(0.05), "categorical_crossentropy")
    model.fit(train, epochs=epochs // 2, **common)
    model.layers[0].trainable = True
    model.compile(keras.optimizers.SGD(0.01), keras.losses.CategoricalCrossentropy(label_smoothing=0.6))
    return model.fit(train, epochs=epochs, initial_epoch=epochs // 2, **common)
"""


@pytest.fixture
def run(tmp_path):
    def trained(fit, decide=lambda epoch: Decision.CONTINUE, more=None, **training):
        file = tmp_path / "own.py"
        file.write_text(BUILD + fit)
        spec = TrialSpec(
            data=DataSettings(dataset="npz"),
            data_digest="0",
            architecture="own.py:build",
            architecture_source=str(file),
            parameters={"units": 6},
            training=TrainingSettings(
                **{"epochs": 4, "batch_size": 16, "learning_rate": 0.05} | training
            ),
            seed=2,
        )
        return train(spec, SPLIT, decide, **more or {})

    return trained


def losses(result):
    assert result.outcome == "complete", result.reason
    return [(epoch.epoch, epoch.loss, epoch.val_loss) for epoch in result.curves]


def test_one_that_does_as_keras_does_gives_the_same_numbers(run):
    assert losses(run(PLAIN)) == losses(run(""))


def test_two_phases_are_one_training(run):
    """Frozen and then not, compiled anew between: epochs are counted on, and measured alike."""
    outputs = []

    def save(model, cost):
        outputs.append(keras.ops.convert_to_numpy(model(X[64:], training=False)))

    result = run(TWO_PHASES, more={"save": save}, checkpoint="last")
    assert [epoch for epoch, _, _ in losses(result)] == [1, 2, 3, 4]
    plain = -np.log(outputs[0][np.arange(16), Y[64:]]).mean()
    assert result.curves[-1].val_loss == pytest.approx(plain, rel=1e-5), "the plain loss"
    assert result.curves[-1].loss > result.curves[-1].val_loss, "what is minimised is another"
    assert result.measures["val_loss"] == result.curves[-1].val_loss
    assert losses(result) == losses(run(TWO_PHASES, checkpoint="last")), "the same seed"


@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_a_trial_that_is_pruned_in_a_phase_does_not_begin_another(run, epoch):
    result = run(
        TWO_PHASES,
        lambda done: Decision.PRUNE if done.epoch == epoch else Decision.CONTINUE,
    )
    assert (result.outcome, len(result.curves)) == ("pruned", epoch)


def test_a_class_that_is_ignored_fails_the_trial(run):
    ignoring = TWO_PHASES.replace(
        "keras.losses.CategoricalCrossentropy(label_smoothing=0.6)",
        "keras.losses.SparseCategoricalCrossentropy(ignore_class=1)",
    )
    result = run(ignoring)
    assert (result.outcome, result.reason) == (
        "failed",
        "fit compiled the network with an ignore_class in its loss; labels are given one-hot, where "
        "none is ignored: take it out",
    )


def test_the_best_epoch_is_that_of_all_phases(run):
    result = run(TWO_PHASES, checkpoint="best")
    best = min(result.curves, key=lambda epoch: epoch.val_loss)
    assert result.measures["best_epoch"] == best.epoch
    assert result.measures["val_loss"] == best.val_loss


def test_epochs_that_callbacks_do_not_see_are_counted(run):
    quiet = TWO_PHASES.replace(
        "model.fit(train, epochs=epochs // 2, **common)",
        "model.fit(train, epochs=epochs // 2, verbose=0)",
    )
    assert quiet != TWO_PHASES
    result = run(quiet)
    assert (len(result.curves), result.unseen_epochs) == (2, 2)
    assert run(TWO_PHASES).unseen_epochs == 0
    pruned = run(quiet, lambda done: Decision.PRUNE)
    assert (pruned.outcome, pruned.unseen_epochs) == ("pruned", 0)


def test_its_network_is_kept_for_no_other_training(run):
    kept = KeptNetworks()
    run(TWO_PHASES, more={"kept": kept})
    assert len(kept) == 0


@pytest.mark.parametrize(
    ("fit", "reason"),
    [
        (
            "def fit(model, train, validation, *, epochs, batch_size, callbacks):\n    pass\n",
            "fit returned NoneType, not the History that model.fit returns",
        ),
        (
            PLAIN.replace(" callbacks=callbacks,", ""),
            "no epoch was told: fit must hand callbacks on to model.fit",
        ),
        (
            "def fit(model, train):\n    pass\n",
            "fit in own.py must be fit(model, train, validation, *, epochs, batch_size, callbacks): "
            "too many positional arguments",
        ),
        (
            PLAIN.replace("return model", "raise RuntimeError('not today')\n    return model"),
            "RuntimeError: not today",
        ),
        (
            PLAIN.replace("validation_data=validation, ", ""),
            "its epochs are logged without val_crossentropy and val_accuracy; ",
        ),
    ],
    ids=["no history", "no callbacks", "other arguments", "raises", "no validation"],
)
def test_what_it_does_wrong_is_told(run, fit, reason):
    result = run(fit)
    assert result.outcome == "failed"
    assert result.reason.startswith(reason)
