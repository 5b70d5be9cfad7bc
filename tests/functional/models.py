"""A user's networks: one that learns, and one for each thing that can go wrong."""

import os
import signal

import keras


def build(input_shape, num_classes, *, units=16, trouble="none"):
    """A small dense network; `trouble` says what goes wrong."""
    if trouble == "infeasible":
        raise ValueError("nothing can be built here")
    if trouble == "raises":
        raise RuntimeError("a mistake in the model <script> | _")
    if trouble == "memory":
        raise MemoryError
    if trouble == "exits":
        os._exit(3)
    if trouble == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if trouble == "no_model":
        return "a network"
    if trouble == "outputs":
        num_classes += 1
    inputs = keras.Input(input_shape)
    x = keras.layers.Flatten()(inputs)
    if trouble == "nan":
        x = keras.layers.Rescaling(float("inf"))(x)
    x = keras.layers.Dense(units, "relu")(x)
    return keras.Model(inputs, keras.layers.Dense(num_classes, "softmax")(x))
