"""What the backend makes of examples that it holds are the batches of `Batches`."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from ablate.data.split import Rows, Split
from ablate.spec.data import DataSettings
from ablate.spec.training import EarlyStopping, TrainingSettings
from ablate.spec.trial import TrialSpec
from ablate.training import pipelines
from ablate.training.batches import Batches
from ablate.training.feeding import Feeding
from ablate.training.kept import KeptNetworks
from ablate.training.loop import Decision, train
from ablate.training.pipelines import Pipelines

if keras.backend.backend() != "tensorflow":
    pytest.skip("only TensorFlow makes batches itself", allow_module_level=True)

RNG = np.random.default_rng(5)
COUNT = 22
IMAGES = RNG.integers(0, 256, (30, 4, 4, 1), dtype=np.uint8)
TOKENS = RNG.integers(0, 90, (30, 5))
BOTH = {"picture": IMAGES, "words": TOKENS}


def rows(examples, start=0, count=COUNT):
    return Rows(examples, np.arange(start, start + count)[::-1])


def batches(examples, seed=3, weights=None, size=4, count=COUNT):
    y = np.arange(count) % 2
    return Batches(
        rows(examples, count=count), y, lambda y: np.eye(2, dtype="f4")[y], size, seed, weights
    )


def feeding(train, validation=None):
    return Feeding(
        example=(),
        class_names=("a", "b"),
        units=None,
        data=None,
        train=train,
        validation=validation or batches(IMAGES, seed=None, count=6),
        measured=None,
        steps=None,
    )


def listed(found):
    return [keras.tree.map_structure(np.asarray, batch) for batch in found]


def equal(found, expected):
    flat = [keras.tree.flatten(one) for one in (found, expected)]
    assert [(a.dtype, a.shape) for a in flat[0]] == [(a.dtype, a.shape) for a in flat[1]]
    return all((a == b).all() for a, b in zip(*flat, strict=True))


@pytest.mark.parametrize("weights", [None, RNG.random(COUNT)], ids=["plain", "weighted"])
@pytest.mark.parametrize("examples", [IMAGES, TOKENS, BOTH], ids=["images", "tokens", "both"])
def test_batches_are_the_same_epoch_after_epoch(examples, weights):
    made, expected = (batches(examples, weights=weights) for _ in range(2))
    train, others = Pipelines().fed(feeding(made), epochs=3)
    assert (others["steps_per_epoch"], others["validation_steps"]) == (6, 2)
    found = listed(train.take(18))
    for epoch in range(3):
        expected.on_epoch_end()  # Keras does so before the first epoch, too
        by_hand = [expected[index] for index in range(len(expected))]
        assert equal(found[6 * epoch : 6 * epoch + 6], by_hand)
    validation = listed(others["validation_data"].take(4))
    assert equal(validation[:2], validation[2:])


@pytest.mark.parametrize("examples", [IMAGES, BOTH], ids=["images", "both"])
def test_networks_are_traced_as_for_a_python_data_set(examples):
    from keras.src.trainers.data_adapters.py_dataset_adapter import PyDatasetAdapter

    python = PyDatasetAdapter(batches(examples), shuffle=False).get_tf_dataset()
    found, _ = Pipelines().fed(feeding(batches(examples)), 1)
    assert found.element_spec == python.element_spec


def test_a_pipeline_is_filled_again_with_what_has_the_same_shapes():
    kept = Pipelines()
    first, others = kept.fed(feeding(batches(IMAGES)), 1)
    first_validation = others["validation_data"]
    before = listed(first_validation.take(2))
    again = feeding(batches(IMAGES, seed=4), batches(255 - IMAGES, seed=None, count=6))
    second, others = kept.fed(again, 2)
    assert second is first
    assert others["validation_data"] is first_validation
    assert not equal(listed(first_validation.take(2)), before)
    expected = batches(IMAGES, seed=4)
    expected.on_epoch_end()
    assert equal(listed(second.take(6)), [expected[index] for index in range(6)])
    assert len(kept) == 2
    assert kept.fed(feeding(batches(IMAGES, size=8)), 1)[0] is not first
    assert len(kept) == 3


def test_those_used_longest_ago_go_where_memory_is_bounded():
    part = batches(IMAGES)
    assert part.bytes == COUNT * (16 + 2) * 4, "targets may take more than what they belong to"
    assert batches(IMAGES, weights=np.ones(COUNT)).bytes == part.bytes + COUNT * 4
    kept = Pipelines(2 * (part.bytes + part.order.nbytes))
    for size in (4, 5, 4, 6):
        train, _ = kept.fed(feeding(batches(IMAGES, size=size)), 1)
        assert len(listed(train.take(1))[0][0]) == size
    assert len(kept) == 2, "the last of both parts"


@pytest.mark.parametrize("why", ["large", "stream", "a GPU waits"])
def test_anything_else_is_given_as_it_is(monkeypatch, why):
    given = feeding(batches(IMAGES))
    if why == "stream":
        given = replace(given, train=object(), validation=object())
    elif why == "a GPU waits":
        backend = "ablate.training.backends.tensorflow.makes_pipelines"
        monkeypatch.setattr(backend, lambda: False)
    else:
        smaller = given.validation
        monkeypatch.setattr(pipelines, "PIPELINE_MEMORY", smaller.bytes + smaller.order.nbytes - 1)
    kept = Pipelines()
    assert kept.fed(given, 1) == (given.train, {"validation_data": given.validation})
    assert len(kept) == 0


def test_the_orders_of_all_epochs_are_held_too(monkeypatch):
    given, longer = feeding(batches(IMAGES)), feeding(batches(IMAGES))
    memory = given.train.bytes + 3 * given.train.order.nbytes
    monkeypatch.setattr(pipelines, "PIPELINE_MEMORY", memory)
    assert Pipelines().fed(given, 3)[0] is not given.train
    assert Pipelines().fed(longer, 4)[0] is longer.train


def test_no_number_of_a_training_changes(monkeypatch):
    labels = IMAGES.sum((1, 2, 3)) % 2
    weights = RNG.random(COUNT)
    split = Split(
        rows(IMAGES),
        labels[:COUNT].astype(np.int64),
        rows(IMAGES, COUNT, 8),
        labels[COUNT:].astype(np.int64),
        ("even", "odd"),
        w_train=weights,
    )
    settings = TrainingSettings(
        epochs=6, batch_size=4, early_stopping=EarlyStopping(patience=2), checkpoint="best"
    )

    def numbers(seed, kept):
        spec = TrialSpec(
            data=DataSettings(dataset="npz"),
            data_digest="0",
            architecture="mlp",
            parameters={"units_1": 4, "layers": 1, "dropout": 0.5},
            training=settings,
            seed=seed,
        )
        result = train(spec, split, lambda epoch: Decision.CONTINUE, kept=kept)
        assert result.outcome == "complete", result.reason
        return [(epoch.loss, epoch.val_loss) for epoch in result.curves], result.confusion_matrix

    kept = KeptNetworks()
    held = [numbers(seed, kept) for seed in (1, 2)]
    assert len(kept.pipelines) == 2, "those of the first training were filled again"
    monkeypatch.setattr(pipelines, "PIPELINE_MEMORY", 0)
    by_python = KeptNetworks()
    assert [numbers(seed, by_python) for seed in (1, 2)] == held
    assert len(by_python.pipelines) == 0
