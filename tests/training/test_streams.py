"""Streams of a user's: trained as Keras does by itself, measured, and told where they are wrong."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from ablate.data.streams import StreamSplit, StreamTest
from ablate.spec.data import DataSettings, StreamFacts
from ablate.spec.training import TrainingSettings
from ablate.spec.trial import TrialSpec
from ablate.training.loop import Decision
from tests.training.as_worker import train

RNG = np.random.default_rng(4)
X = RNG.normal(size=(90, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int64)
BATCH = 16
ON_TORCH = keras.backend.backend() == "torch"
FACTS = StreamFacts(
    example=(4,),
    kinds={"": "float32"},
    weighted=False,
    rows=32,
    train=4,
    validation=1,
    width=None,
    highest=1,
    targets="0",
)


class Rows(keras.utils.PyDataset):
    """Some rows, in an order of their own in each epoch where there is a seed."""

    def __init__(self, rows, seed=None, more=(), **options):
        super().__init__(**options)
        self.rows, self.more = np.array(rows), more
        self.rng = None if seed is None else np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self):
        return math.ceil(len(self.rows) / BATCH)

    def __getitem__(self, index):
        rows = self.rows[index * BATCH : (index + 1) * BATCH]
        return (X[rows], Y[rows], *(one[rows] for one in self.more))

    def on_epoch_end(self):
        if self.rng is not None:
            self.rows = self.rng.permutation(self.rows)


class Iterated:
    """What gives batches anew each time, and does not know how many: of no library."""

    def __init__(self, rows, seed=None):
        self.of = Rows(rows, seed)

    def __iter__(self):
        yield from (self.of[index] for index in range(len(self.of)))
        self.of.on_epoch_end()


def tensorflow(rows, seed=None):
    import tensorflow as tf

    found = tf.data.Dataset.from_tensor_slices((X[rows], Y[rows]))
    if seed is not None:
        # Keras begins passes over such data sets that it does not end: later orders differ by these.
        found = found.shuffle(100, seed=seed, reshuffle_each_iteration=False)
    return found.batch(BATCH)


KINDS = {"PyDataset": Rows, "tf.data": tensorflow, "iterable": Iterated}


def spec(**training):
    return TrialSpec(
        data=DataSettings(dataset="mine.py"),
        data_digest="0",
        architecture="mlp",
        parameters={
            **{f"units_{i}": 8 for i in (1, 2, 3, 4)},
            "layers": 1,
            "activation": "relu",
            "dropout": 0.2,
            "batch_norm": False,
        },
        training=TrainingSettings(**{"epochs": 3, "batch_size": BATCH} | training),
        seed=5,
    )


def split(train_on, validation=None, **facts):
    made = train_on, validation or Rows(range(64, 80))
    found = FACTS.model_copy(update=facts)
    return StreamSplit(lambda batch_size: made, "mine.py", found, ("no", "yes"))


def go_on(epoch):
    return Decision.CONTINUE


@pytest.mark.filterwarnings("ignore:Your input ran out of data")  # of unknown length
@pytest.mark.parametrize("kind", KINDS)
def test_it_gives_the_numbers_of_a_bare_fit(kind):
    made, order = KINDS[kind], None if kind == "iterable" else 1
    # The step in which Keras finds a stream of unknown length at its end draws a mask, and counts.
    one = spec(epochs=1 if kind == "iterable" else 3)
    found = train(
        one,
        split(made(range(64), order), made(range(64, 80))),
        go_on,
        StreamTest(lambda batch_size: made(range(80, 90))),
    )
    assert found.outcome == "complete", found.reason
    keras.utils.clear_session()
    keras.utils.set_random_seed(5)
    from ablate.architectures.mlp import build

    model = build((4,), (2,), "softmax", **one.parameters)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    keras.utils.set_random_seed(5)
    bare = Rows if kind == "iterable" else made
    history = model.fit(
        bare(range(64), order),
        validation_data=bare(range(64, 80)),
        epochs=one.training.epochs,
        verbose=0,
        shuffle=False,
    ).history
    assert [one.val_loss for one in found.curves] == pytest.approx(history["val_loss"], rel=1e-5)
    assert [one.loss for one in found.curves] == pytest.approx(history["loss"], rel=1e-5)
    assert found.measures["test_images"] == 10
    outputs = model.predict(X[80:], verbose=0)
    assert found.measures["test_accuracy"] == pytest.approx((outputs.argmax(1) == Y[80:]).mean())
    assert found.measures["test_loss"] == pytest.approx(
        -np.log(outputs[np.arange(10), Y[80:]]).mean(), rel=1e-4
    )


def test_the_test_stream_is_made_by_replicates_alone():
    asked = []
    test = StreamTest(lambda batch_size: asked.append(batch_size) or Rows(range(80, 90)))
    train(spec(epochs=1), split(Rows(range(64))), go_on)
    assert asked == []
    train(spec(epochs=1), split(Rows(range(64))), go_on, test)
    assert asked == [BATCH]


def test_examples_that_do_not_count_change_nothing():
    weights = np.r_[np.ones(32), np.zeros(32), np.ones(26)]
    weighted = split(Rows(range(64), more=(weights,)), weighted=True)
    found = train(spec(checkpoint="last"), weighted, go_on)
    wrong = Y.copy()
    wrong[32:64] = 1 - wrong[32:64]
    rows = Rows(range(64), more=(weights,))
    rows.__class__ = type("Wrong", (Rows,), {"__getitem__": _with_targets(wrong)})
    again = train(spec(checkpoint="last"), split(rows, weighted=True), go_on)
    assert [one.val_loss for one in found.curves] == [one.val_loss for one in again.curves]


def _with_targets(targets):
    def item(self, index):
        rows = self.rows[index * BATCH : (index + 1) * BATCH]
        return (X[rows], targets[rows], *(one[rows] for one in self.more))

    return item


def test_classes_have_weights():
    found = train(
        spec(class_weight={"no": 0.0, "yes": 1.0}, epochs=20, learning_rate=0.05),
        split(Rows(range(64))),
        go_on,
    )
    assert found.outcome == "complete", found.reason
    assert found.confusion_matrix[0][1] == (Y[64:80] == 0).sum(), "all are taken for the other"


def test_one_hot_targets_are_taken_as_they_are():
    class OneHot(Rows):
        def __getitem__(self, index):
            x, y = super().__getitem__(index)
            return x, np.eye(2)[y]

    plain = train(spec(), split(Rows(range(64))), go_on)
    found = train(spec(), split(OneHot(range(64)), OneHot(range(64, 80)), width=2), go_on)
    assert [one.val_loss for one in found.curves] == [one.val_loss for one in plain.curves]
    assert found.confusion_matrix == plain.confusion_matrix


@pytest.mark.skipif(ON_TORCH, reason="Keras begins there twice, and threads go on where they were")
def test_batches_are_made_by_several_threads():
    plain = train(spec(), split(Rows(range(64))), go_on)
    found = train(spec(), split(Rows(range(64), workers=2)), go_on)
    assert [one.val_loss for one in found.curves] == [one.val_loss for one in plain.curves]


class Says:
    """Says that it has so many batches."""

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __iter__(self):
        rows = Rows(range(64))
        yield from (rows[index] for index in range(4))


class Once:
    """Gives its batches in the first epoch alone, or other ones in later epochs."""

    def __init__(self, later=()):
        self.later, self.is_done = later, False

    def __iter__(self):
        if self.is_done:
            yield from self.later
            return
        rows = Rows(range(64))
        yield from (rows[index] for index in range(4))
        self.is_done = True


class Broken:
    def __iter__(self):
        yield Rows(range(64))[0]
        raise OSError("the disk is gone")


TRAINING = "the training stream of train_data in mine.py"


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (
            Says(6),
            f"{TRAINING} ended after 4 of the 6 batches that it says it has; have it give its batches "
            "anew in each epoch",
        ),
        (
            Once(),
            f"{TRAINING} gave no batch after an epoch of 4; have it give its batches anew in each epoch",
        ),
        (
            Once([Rows(range(64))[0]]),
            f"{TRAINING} gave 4 batches in one epoch and 1 in another; have it give its batches anew in "
            "each epoch",
        ),
        (
            Once([(np.zeros((16, 5), "float32"), np.zeros(16, int))] * 4),
            f"batch 1 of {TRAINING} has examples of shape (5,) with a number as the target, and its first "
            "had of shape (4,) with a number as the target; give all of them one shape",
        ),
        (
            Once([(X[:16], np.full(16, 7))] * 4),
            f"{TRAINING} gave the class 7; classes are whole numbers from 0 to 1",
        ),
        (
            Once([X[:16]] * 4),
            f"{TRAINING} gave a ndarray as a batch; a batch is (x, y) or (x, y, sample_weight)",
        ),
        (
            Once([(X[:16], Y[:8])] * 4),
            f"{TRAINING} gave a batch of the shapes (16, 4), (8,); all of a batch must have as many "
            "rows, and at least one",
        ),
        (Broken(), "OSError: the disk is gone"),
    ],
)
def test_what_is_wrong_with_one_is_told(stream, reason):
    found = train(spec(), split(stream), go_on)
    assert (found.outcome, found.reason) == ("failed", reason)


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ({"class_weight": "balanced"}, "class_weight = 'balanced'"),
        ({"batch_norm_averages": "recalibrated"}, "batch_norm_averages = 'recalibrated'"),
    ],
)
def test_what_a_study_varies_is_not_ignored_either(setting, reason):
    found = train(spec(**setting), split(Rows(range(64))), go_on)
    told = f"{reason} needs all examples at hand, which mine.py streams"
    assert (found.outcome, found.reason) == ("failed", told)


def test_weights_that_only_some_batches_have_are_told():
    weights = np.ones(90)
    result = train(
        spec(weighted_metrics=True), split(Rows(range(64), more=(weights,)), weighted=True), go_on
    )
    assert result.reason == (
        "batch 1 of the validation stream of train_data in mine.py has no weights, and the first one to "
        "train on has weights; give all batches (x, y, sample_weight), or none"
    )


def test_other_scores_are_measured_epoch_by_epoch():
    stopping = {"monitor": "val_f1"}
    for stream in (Rows(range(64)), Rows(range(64), workers=1)):
        found = train(spec(early_stopping=stopping), split(stream), go_on)
        assert found.outcome == "complete", found.reason


def test_a_schedule_needs_its_length():
    found = train(spec(learning_rate_decay="cosine"), split(Iterated(range(64))), go_on)
    assert found.reason == (
        f"{TRAINING} does not know its length, which learning_rate_decay = 'cosine' needs; give it a "
        "__len__ or a cardinality"
    )


def test_a_schedule_counts_its_steps():
    found = train(spec(learning_rate_decay="cosine"), split(Rows(range(64))), go_on)
    assert found.outcome == "complete", found.reason
