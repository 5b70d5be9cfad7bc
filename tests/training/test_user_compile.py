"""A network that comes compiled is refused, with the keys of [training] that say the same."""

from __future__ import annotations

import keras
import pytest
from keras import optimizers

from ablate.training.user_compile import fault_of_compile

RULE = (
    "build returned a network that is compiled, but the study says how it is trained; take "
    "compile() out (load_model has compile=False) and say so in [training]: "
)


def network():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])


def test_what_is_not_compiled_is_no_fault():
    assert fault_of_compile(network()) is None


@pytest.mark.parametrize(
    ("optimizer", "loss", "keys"),
    [
        (
            optimizers.SGD(0.5, clipnorm=1.0),
            keras.losses.CategoricalCrossentropy(from_logits=True),
            'optimizer = "sgd", learning_rate = 0.5, momentum = 0.0, '
            'loss = "categorical_crossentropy"; what has no key there: clipnorm = 1.0, '
            "from_logits = True (end the network in a softmax)",
        ),
        (
            "adam",
            "sparse_categorical_crossentropy",
            'optimizer = "adam", learning_rate = 0.001, loss = "categorical_crossentropy"',
        ),
        (
            optimizers.AdamW(3e-4, weight_decay=0.01),
            keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
            'optimizer = "adamw", learning_rate = 0.0003, weight_decay = 0.01, '
            'loss = "categorical_crossentropy", label_smoothing = 0.1',
        ),
        (
            optimizers.RMSprop(optimizers.schedules.CosineDecay(0.1, 100)),
            keras.losses.mean_squared_error,
            'optimizer = "rmsprop", learning_rate = 0.1, learning_rate_decay = "cosine", '
            'loss = "mean_squared_error"',
        ),
        (
            optimizers.Adam(optimizers.schedules.InverseTimeDecay(0.1, 100, 0.5), beta_1=0.8),
            "poisson",
            'optimizer = "adam"; what has no key there: the learning-rate schedule '
            "InverseTimeDecay, beta_1 = 0.8, the loss poisson",
        ),
        (
            optimizers.Nadam(0.01),
            lambda truth, given: keras.ops.mean(given),
            "learning_rate = 0.01; what has no key there: the optimizer Nadam, the loss <lambda>",
        ),
        (optimizers.Adam(0.01), None, 'optimizer = "adam", learning_rate = 0.01'),
    ],
)
def test_the_keys_say_the_same(optimizer, loss, keys):
    model = network()
    model.compile(optimizer, loss)
    assert fault_of_compile(model) == RULE + keys
