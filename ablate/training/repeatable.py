"""Whether a training gives the same numbers again from the same seed, on which pairing rests."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from ablate.spec.data import InputShape
from ablate.spec.training import TrainingSettings
from ablate.tasks import Task
from ablate.training.compiling import compile_network
from ablate.training.outputs import any_examples
from ablate.training.recorder import check_logged

STEPS = 2
IMAGES = 4
"""How many each step trains on."""


class _Steps(keras.utils.PyDataset):  # type: ignore[misc]
    """A batch for each step."""

    def __init__(self, examples: Sequence[Any], targets: NDArray[np.float32]) -> None:
        super().__init__()
        self._examples, self._targets = examples, targets

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, index: int) -> tuple[Any, NDArray[np.float32]]:
        return self._examples[index], self._targets[index]


def repeats_itself(
    build: Callable[[], keras.Model],
    settings: TrainingSettings,
    input_shape: InputShape,
    values: int,
    task: Task,
    seed: int = 0,
) -> bool:
    """Trains a network for two steps, twice from one seed: whether all weights are equal.

    Args:
        build: builds the network, with fresh weights.
        settings: how it is trained.
        input_shape: the shape of an example.
        values: how many classes, labels or numbers there are.
        task: what its outputs mean.
        seed: of both trainings, and of the examples, which are random ones.

    Raises:
        ModelError: it does not log what a result needs.
    """
    rng = np.random.default_rng(seed)
    examples = [any_examples(input_shape, IMAGES, rng) for _ in range(STEPS)]
    targets = np.eye(values, dtype=np.float32)[rng.integers(0, values, (STEPS, IMAGES))]
    targets = targets[..., : task.units(values)]

    def trained() -> list[Any]:
        keras.utils.clear_session(free_memory=False)
        keras.config.set_dtype_policy(settings.dtype_policy)
        try:
            keras.utils.set_random_seed(seed)
            model = build()
            steps = math.ceil(STEPS * IMAGES / settings.batch_size)
            monitor = compile_network(model, settings, steps, task, values)
            keras.utils.set_random_seed(seed)
            # As it is trained: `train_on_batch` hands a `train_step` of one's own other things.
            batches = _Steps(examples, targets)
            fitted = model.fit(batches, shuffle=False, verbose=0, validation_data=batches)
            check_logged(fitted.history, monitor, task)
            return list(model.get_weights())
        finally:
            keras.config.set_dtype_policy("float32")

    first, second = trained(), trained()
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(first, second, strict=True))
