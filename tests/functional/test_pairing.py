"""Two variants see the same split, and the same order of images, for the same seed."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from conftest import needs

MODELS = '''
import random

import keras
import numpy as np


def build(input_shape, num_classes, *, kind="plain"):
    """Networks whose output is a fixed function of the image, so that losses tell which it was."""
    inputs = keras.Input(input_shape)
    flat = keras.layers.Flatten()(inputs)
    size = int(np.prod(input_shape))
    # Not by chance: no generator is asked for these weights.
    weights = np.sin(np.arange(size * num_classes, dtype="float32")).reshape(size, num_classes)
    fixed = keras.layers.Dense(num_classes, "softmax", use_bias=False, trainable=False)
    outputs = fixed(flat)
    fixed.set_weights([weights])
    side = keras.layers.Dense(1 if kind == "plain" else 7)(flat)
    if kind == "drawing":
        for _ in range(5):
            random.random()
            np.random.random(3)
            keras.random.uniform((3,))
        side = keras.layers.Dropout(0.5)(side)
    side = keras.layers.Rescaling(0.0)(keras.layers.Dense(num_classes)(side))
    return keras.Model(inputs, keras.layers.Add()([outputs, side]))
'''

SPACE = """
architecture = "order.py:build"
[parameters]
kind = { choices = ["plain", "drawing"], default = "plain" }
"""

STUDY = """
[study]
name = "paired"
dataset = "digits"
search_space = "order.toml"
[data]
per_class = 6
test_per_class = 5
validation = 0.2
[training]
epochs = 2
batch_size = 1
[vary]
kind = ["plain", "drawing"]
[tune]
trials = 1
learning_rate = { low = 1e-3, high = 1e-2 }
[replicate]
seeds = 2
"""

SCRIPT = """
import hashlib, json, threading
import keras, numpy as np
from pathlib import Path
from ablate.config import load_study
from ablate.data.prepared import prepare
from ablate.state.orders import TrainReplicate, TuneTrial
from ablate.workers.messages import Finished
from ablate.store.place import StoragePlace, open_storage
from ablate.store.studies import open_study
from ablate.workers.trainer import Trainer

seen, events = [], []


class Order(keras.callbacks.Callback):
    # With batches of one image the loss of each batch is that of one image.
    def on_epoch_begin(self, epoch, logs=None):
        self.total = 0.0
        seen[-1]["epochs"].append([])

    def on_train_batch_end(self, batch, logs=None):
        total = logs["loss"] * (batch + 1)
        seen[-1]["epochs"][-1].append(round(total - self.total, 4))
        self.total = total


fit = keras.Model.fit


def of_an_epoch(batches, steps):
    every = batches.take(steps) if steps else [batches[index] for index in range(len(batches))]
    return [np.concatenate(list(map(np.asarray, part))) for part in zip(*every, strict=True)]


def watched(self, batches, *, callbacks, validation_data, **options):
    images = of_an_epoch(batches, options.get("steps_per_epoch"))
    parts = (*images, *of_an_epoch(validation_data, options.get("validation_steps")))
    # The images in whatever order; that of each epoch is in its losses.
    digest = [sorted(hashlib.sha256(row.tobytes()).hexdigest() for row in part) for part in parts]
    seen.append({"split": digest, "images": len(images[0]), "epochs": []})
    return fit(
        self, batches, callbacks=[*callbacks, Order()], validation_data=validation_data, **options
    )


keras.Model.fit = watched
study = load_study(Path("study.toml"))
place = StoragePlace("runs/ablate.journal")
digest = prepare(study.datasets[0], place.cache).digest
open_study(open_storage(place), study, {"digits": digest})
trainer = Trainer(events.append, threading.Event())
for seed in study.seeds:
    for cell in study.cells:
        trainer.replicate(TrainReplicate(
            study=study, place=place, cell=cell, seed=seed, chosen_from=0,
            tuned={"learning_rate": 0.001 if cell.variant == "kind=plain" else 0.009},
        ))
for cell in study.cells:
    trainer.tune(TuneTrial(study=study, place=place, cell=cell, slot=0))
outcomes = [event.outcome for event in events if isinstance(event, Finished)]
print(json.dumps({"backend": keras.config.backend(), "outcomes": outcomes, "seen": seen}))
"""


def near(losses):
    """Equal but for what a backend rounds."""
    return pytest.approx(losses, abs=0.002)


@pytest.fixture(scope="module", params=["tensorflow", "jax", "torch"])
def seen(request, tmp_path_factory):
    """What each training saw: the replicates of two seeds, both variants of each, and a search."""
    backend = request.param
    needs(backend)
    folder = tmp_path_factory.mktemp("paired")
    (folder / "order.py").write_text(MODELS)
    (folder / "order.toml").write_text(SPACE)
    (folder / "study.toml").write_text(STUDY)
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=folder,
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    assert found["backend"] == backend
    assert found["outcomes"] == ["complete"] * 6
    return backend, found["seen"]


def test_variants_see_the_same_images_in_the_same_order(seen):
    _, (plain, drawing, other_plain, other_drawing, tuned_plain, tuned_drawing) = seen
    assert plain["images"] == 48
    for one, other in (
        (plain, drawing),
        (other_plain, other_drawing),
        (tuned_plain, tuned_drawing),
    ):
        assert one["split"] == other["split"]
        first, second = one["epochs"]
        assert len({round(loss, 2) for loss in first}) > 36, "losses should tell images apart"
        assert other["epochs"] == [near(first), near(second)]
        assert sorted(first) == near(sorted(second)), "each epoch sees every image once"


def test_seeds_differ_in_their_split_and_their_order(seen):
    _, (plain, _, other_plain, _, tuned_plain, _) = seen
    assert plain["split"] != other_plain["split"]
    assert plain["epochs"][0] != near(other_plain["epochs"][0])
    assert tuned_plain["split"] not in (plain["split"], other_plain["split"])


def test_each_epoch_has_an_order_of_its_own(seen):
    _, trainings = seen
    for training in trainings:
        first, second = training["epochs"]
        assert first != near(second)
