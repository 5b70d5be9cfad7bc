"""One trial, trained for real on small images that are easily told apart."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from ablate import tasks
from ablate.data.split import Split, TestSet
from ablate.spec.data import DataSettings
from ablate.spec.training import TrainingSettings
from ablate.spec.trial import Epoch, TrialSpec
from ablate.training import loop
from ablate.training.compiling import plain_loss
from ablate.training.loop import Decision, failure_reason
from ablate.training.recorder import Recorder
from tests.training.as_worker import train
from tests.training.predicted import predict

MODELS = Path(__file__).parents[1] / "functional" / "models.py"


def bars(count, seed):
    """Examples of a bar that stands or lies."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    images = np.zeros((count, 8, 8, 1), np.float32)
    for image, label, place in zip(images, labels, rng.integers(0, 8, count), strict=True):
        image[(slice(None), place) if label else (place, slice(None))] = 1
    return images, labels.astype(np.int64)


TEST = TestSet(*bars(30, 2))
SPLIT = Split(*bars(200, 0), *bars(40, 1), class_names=("lies", "stands"))


def spec(parameters=None, seed=0, **training):
    settings = {"epochs": 3, "batch_size": 20, "learning_rate": 0.01, **training}
    return TrialSpec(
        data=DataSettings(dataset="bars"),
        data_digest="0",
        architecture="models.py:build",
        architecture_source=str(MODELS),
        parameters=parameters or {"units": 16},
        training=TrainingSettings(**settings),
        seed=seed,
    )


BY_ROC_AUC = {"metrics": ("roc_auc",), "objective": "val_roc_auc"}


def go_on(epoch):
    return Decision.CONTINUE


def test_a_trial_learns_and_is_measured():
    ticks = itertools.count()
    result = train(spec(epochs=8), SPLIT, go_on, clock=lambda: float(next(ticks)))
    assert result.outcome == "complete"
    measures = result.measures
    assert (measures["val_accuracy"], measures["val_f1"]) == (1.0, 1.0)
    assert result.confusion_matrix == ((20, 0), (0, 20))
    weights = 64 * 16 + 16 + 16 * 2 + 2
    assert (measures["parameters"], measures["trainable_parameters"]) == (weights, weights)
    assert [epoch.epoch for epoch in result.curves] == list(range(1, 9))
    assert measures["epochs"] == 8
    assert measures["seconds_per_epoch"] == 1.0
    # Two looks at the clock an epoch, and the seconds between two more in which it was told.
    assert measures["training_seconds"] == 8 * 4 + 2 - 1 - 8


def test_a_database_that_is_waited_for_is_no_training_time():
    now = 0.0

    def on_epoch(epoch):
        nonlocal now
        now += 300.0
        return Decision.CONTINUE

    def clock():
        nonlocal now
        now += 0.5
        return now

    result = train(spec(epochs=3), SPLIT, on_epoch, clock=clock)
    assert result.outcome == "complete"
    assert result.measures["training_seconds"] < 300
    assert all(epoch.seconds < 300 for epoch in result.curves)


def test_a_replicate_is_tested_and_a_tuned_trial_is_not():
    tuned = train(spec(epochs=2), SPLIT, go_on)
    tests = ("test_loss", "test_accuracy", "test_f1", "test_images", "inference_seconds")
    assert not set(tests) & set(tuned.measures)
    assert np.sum(tuned.confusion_matrix) == len(SPLIT.y_val)
    replicate = train(spec(epochs=2), SPLIT, go_on, TEST)
    assert replicate.measures["test_images"] == 30
    assert np.sum(replicate.confusion_matrix) == 30
    assert replicate.measures["test_accuracy"] == np.trace(replicate.confusion_matrix) / 30
    assert 0 < replicate.measures["inference_seconds"] < 10
    # To be tested changes nothing of the training.
    for key in ("val_loss", "val_accuracy", "val_f1"):
        assert replicate.measures[key] == tuned.measures[key]
    assert [e.loss for e in replicate.curves] == [e.loss for e in tuned.curves]


def test_the_tested_weights_are_those_that_were_kept():
    # Tested on the validation images themselves, a network has their loss.
    same = TestSet(SPLIT.x_val, np.random.default_rng(0).integers(0, 2, 40))
    labels = np.random.default_rng(0).integers(0, 2, 240)
    random = Split(SPLIT.x_train, labels[:200], SPLIT.x_val, same.y, SPLIT.class_names)
    for checkpoint in ("best", "last"):
        result = train(spec(checkpoint=checkpoint, epochs=6), random, go_on, same)
        measures = result.measures
        assert measures["best_epoch"] < 6, "the best epoch should not be the last"
        assert measures["test_loss"] == pytest.approx(measures["val_loss"], rel=1e-4)
        assert measures["test_accuracy"] == pytest.approx(measures["val_accuracy"], abs=1e-12)
        assert measures["test_f1"] == pytest.approx(measures["val_f1"], abs=1e-12)


@pytest.mark.parametrize("settings", [{"label_smoothing": 0.3}, {"loss": "mean_squared_error"}])
def test_the_test_loss_is_plain_crossentropy_whatever_is_minimised(settings):
    same = TestSet(SPLIT.x_val, SPLIT.y_val)
    result = train(spec(epochs=1, **settings), SPLIT, go_on, same)
    assert result.measures["test_loss"] == pytest.approx(result.objective, rel=1e-4)


def test_what_ends_early_is_not_tested():
    result = train(spec(), SPLIT, lambda epoch: Decision.PRUNE, TEST)
    assert result.outcome == "pruned"
    assert not any(key.startswith("test_") for key in result.measures)


def test_the_same_seed_gives_the_same_result_and_another_seed_another():
    first, again = train(spec(), SPLIT, go_on), train(spec(), SPLIT, go_on)
    assert first.objective == again.objective
    assert train(spec(seed=1), SPLIT, go_on).objective != first.objective


def test_best_restores_the_best_epoch_and_last_keeps_the_last():
    # Labels that mean nothing: the longer it learns them, the worse it does on others.
    labels = np.random.default_rng(0).integers(0, 2, 240)
    random = Split(SPLIT.x_train, labels[:200], SPLIT.x_val, labels[200:], SPLIT.class_names)
    best = train(spec(checkpoint="best", epochs=6), random, go_on)
    last = train(spec(checkpoint="last", epochs=6), random, go_on)
    losses = [epoch.val_loss for epoch in best.curves]
    assert losses == [epoch.val_loss for epoch in last.curves]
    assert losses[-1] > min(losses), "this training should end worse than it was at its best"
    assert best.objective == min(losses)
    assert last.objective == losses[-1]
    for result in (best, last):
        assert result.measures["best_epoch"] == losses.index(min(losses)) + 1
        kept = result.curves[result.measures["best_epoch"] - 1 if result is best else -1]
        assert result.measures["val_accuracy"] == pytest.approx(kept.val_accuracy, abs=1e-6)


def test_to_note_an_epoch_takes_as_long_however_many_there_were(monkeypatch):
    looked, searched = [], Epoch.searched
    counted = property(lambda epoch: looked.append(epoch.epoch) or searched.fget(epoch))
    monkeypatch.setattr(Epoch, "searched", counted)
    asked, task = spec(epochs=300, checkpoint="last"), tasks.find("classification")
    recorder = Recorder("val_loss", asked, task, go_on, clock=lambda: 0.0)
    for epoch in range(300):
        losses = {"loss": 1.0, "val_loss": 1 / (epoch + 1), "accuracy": 0.5, "val_accuracy": 0.5}
        recorder.on_epoch_end(epoch, losses)
    assert looked == [epoch.epoch for epoch in recorder.epochs]


def test_pruning_ends_after_the_epoch_and_keeps_the_curves():
    result = train(spec(), SPLIT, lambda e: Decision.PRUNE if e.epoch == 2 else Decision.CONTINUE)
    assert (result.outcome, result.measures["epochs"]) == ("pruned", 2)
    assert not any(key.startswith("val_") for key in result.measures)
    assert len(result.curves) == 2
    assert result.measures["parameters"] > 0


def test_the_last_epoch_is_never_pruned():
    result = train(spec(), SPLIT, lambda e: Decision.PRUNE if e.epoch == 3 else Decision.CONTINUE)
    assert result.outcome == "complete"


def test_stopping_interrupts():
    assert train(spec(), SPLIT, lambda e: Decision.STOP).outcome == "interrupted"


def test_the_objective_is_plain_crossentropy_whatever_is_minimised():
    plain = train(spec(epochs=1), SPLIT, go_on)
    smoothed = train(spec(epochs=1, label_smoothing=0.3), SPLIT, go_on)
    squared = train(spec(epochs=1, loss="mean_squared_error"), SPLIT, go_on)
    for result in (smoothed, squared):
        assert result.curves[0].loss != pytest.approx(plain.curves[0].loss, rel=0.05)
        assert 0 < result.objective < math.log(2) * 2


def test_early_stopping_ends_a_training_that_no_longer_improves():
    settings = {"epochs": 30, "early_stopping": {"patience": 2, "min_delta": 0.5}}
    result = train(spec(**settings), SPLIT, go_on)
    assert result.outcome == "complete"
    assert result.measures["epochs"] == 3


@pytest.mark.parametrize("decay", ["cosine", "exponential", "plateau"])
@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "rmsprop"])
def test_every_optimizer_trains_with_every_decay(optimizer, decay):
    settings = {
        "optimizer": optimizer,
        "learning_rate_decay": decay,
        "weight_decay": 1e-4,
        "epochs": 1,
    }
    assert train(spec(**settings), SPLIT, go_on).outcome == "complete"


@pytest.mark.parametrize(
    "loss", ["categorical_focal_crossentropy", "categorical_hinge", "kl_divergence"]
)
def test_every_loss_trains(loss):
    assert train(spec(loss=loss, epochs=1), SPLIT, go_on).outcome == "complete"


def test_mixed_precision_trains_and_is_switched_off_again():
    result = train(spec(dtype_policy="mixed_bfloat16", epochs=8), SPLIT, go_on)
    assert result.outcome == "complete"
    assert result.measures["val_accuracy"] > 0.9
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize(
    ("trouble", "outcome", "reason"),
    [
        ("infeasible", "infeasible", "nothing can be built here"),
        ("raises", "failed", "RuntimeError: a mistake in the model <script> | _"),
        ("leaves", "failed", "SystemExit: nothing to do here"),
        ("memory", "failed", "out of memory"),
        (
            "nan",
            "failed",
            "the network's outputs are not finite for 20 of 20 images; look for a division by 0 in its layers",
        ),
        ("no_model", "failed", "build returned str, not a keras.Model"),
        (
            "outputs",
            "failed",
            "build returned a network with output shape (None, 3), but the data have 2 classes",
        ),
    ],
)
def test_trouble_is_part_of_the_result(trouble, outcome, reason):
    result = train(spec({"units": 4, "trouble": trouble}), SPLIT, go_on)
    assert (result.outcome, result.reason) == (outcome, reason)


def test_a_training_without_what_the_search_goes_by_has_failed():
    """Told as complete it would be trained again for ever: Optuna takes no NaN."""
    asked = spec(epochs=1, weighted_metrics=True).model_copy(update=BY_ROC_AUC)
    one_counts = np.where(SPLIT.y_val == 1, 0.0, 1.0)
    result = train(asked, replace(SPLIT, w_val=one_counts), go_on)
    assert (result.outcome, result.objective) == ("failed", None)
    assert result.reason == "val_roc_auc is not defined for these validation examples"


@pytest.mark.parametrize("last", [{}, {"val_roc_auc": math.nan}])
def test_so_has_one_that_lacks_it_only_in_the_end(monkeypatch, last):
    asked = spec(epochs=1).model_copy(update=BY_ROC_AUC)
    monkeypatch.setattr(loop, "measure_trained", lambda *given: (last, None))
    result = train(asked, SPLIT, go_on, save=lambda *given: pytest.fail("it was kept"))
    assert (result.outcome, len(result.curves)) == ("failed", 1)
    assert result.reason == "val_roc_auc is not defined for these validation examples"


def test_a_device_without_memory_is_told_by_its_error():
    class ResourceExhaustedError(Exception):
        pass

    assert failure_reason(ResourceExhaustedError("OOM when allocating tensor")) == "out of memory"
    assert failure_reason(RuntimeError("RESOURCE_EXHAUSTED: Out of memory")) == "out of memory"
    allocator = "[enforce fail at alloc_cpu.cpp] . DefaultCPUAllocator: can't allocate memory"
    assert failure_reason(RuntimeError(allocator)) == "out of memory"
    of_torch = type("OutOfMemoryError", (RuntimeError,), {})
    assert (
        failure_reason(of_torch("CUDA out of memory. Tried to allocate 2 GiB")) == "out of memory"
    )
    assert failure_reason(RuntimeError("first\nsecond")) == "RuntimeError: first"
    assert failure_reason(RuntimeError()) == "RuntimeError"


def test_a_complete_network_is_saved_with_the_weights_that_were_measured():
    saved = []

    def save(model, val_loss):
        saved.append((predict(model, SPLIT.x_val), val_loss))
        return "the disk is full"

    random = Split(*bars(200, 0), *bars(40, 1), class_names=("lies", "stands"))
    random.y_train[:] = np.random.default_rng(0).integers(0, 2, len(random.y_train))
    result = train(spec(checkpoint="best", epochs=6), random, go_on, save=save)
    assert result.measures["best_epoch"] < 6, "the seed should find it so"
    ((probabilities, val_loss),) = saved
    assert val_loss == result.objective
    found = plain_loss(tasks.find("classification"), SPLIT.y_val, probabilities, 2)
    assert found == pytest.approx(val_loss, abs=1e-6)
    assert (result.outcome, result.no_model) == ("complete", "the disk is full")


@pytest.mark.parametrize("decision", [Decision.PRUNE, Decision.STOP])
def test_a_network_that_was_not_trained_to_its_end_is_not_saved(decision):
    saved = []
    train(spec(), SPLIT, lambda epoch: decision, save=lambda *given: saved.append(given))
    assert saved == []
