"""A user's networks: one that learns, and one for each thing that can go wrong."""

import os
import signal
import sys
import time
from pathlib import Path

import keras
import numpy as np


class Scale(keras.layers.Layer):
    """A layer of the user's own."""

    def call(self, x):
        return 2 * x


class Unsaved(Scale):
    """A layer that cannot be written to a file."""

    def get_config(self):
        raise NotImplementedError("this layer cannot be saved")


def build(input_shape, num_classes, *, units=16, trouble="none"):
    """A small dense network; `trouble` says what goes wrong."""
    if trouble == "infeasible":
        raise ValueError("nothing can be built here")
    if trouble == "raises":
        raise RuntimeError("a mistake in the model <script> | _")
    if trouble == "leaves":
        sys.exit("nothing to do here")
    if trouble == "memory":
        raise MemoryError
    if trouble == "hangs":
        time.sleep(3600)
    if trouble == "exits":
        os._exit(3)
    if trouble == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    # NumPy's generator begins with the seed of the training, and is not asked here.
    seed = int(np.random.get_state()[1][0])
    if trouble == "raises_with_seed_2" and seed == 2:
        raise RuntimeError("not with this seed")
    if trouble in ("raises_once", "exits_once") and seed == 1:
        mark = Path(__file__).with_name(f"{trouble} happened")
        if not mark.exists():
            mark.touch()
            if trouble == "exits_once":
                os._exit(3)
            raise RuntimeError("only the first time")
    if trouble == "no_model":
        return "a network"
    if trouble == "outputs":
        num_classes += 1
    inputs = keras.Input(input_shape)
    x = keras.layers.Flatten()(inputs)
    x = keras.layers.Dense(units, "relu")(x)
    if trouble in ("own_layer", "unsaved"):
        x = (Scale if trouble == "own_layer" else Unsaved)()(x)
    if trouble == "nan":  # not before a ReLU: some processors make 0 of it
        x = keras.layers.Rescaling(float("nan"))(x)
    return keras.Model(inputs, keras.layers.Dense(num_classes, "softmax")(x))
