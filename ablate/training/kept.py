"""Networks that are trained again without being traced and compiled again.

Keras traces a program for each network that is fitted, and compiles it: of a short training most
of its time, and with TensorFlow memory that never comes back. Two trainings of one configuration
differ in nothing but the values of their variables. So the network of an earlier training is
kept, and gets the values that a new one has been given.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from ablate.backends import BACKENDS
from ablate.limits import NETWORKS_MEMORY
from ablate.training.bounded import Bounded
from ablate.training.described import UnknownError, described
from ablate.training.pipelines import Pipelines

PROGRAM_BYTES = 24 * 2**20
"""About what the traced program of a network holds, besides its variables."""


class KeptNetworks:
    """Compiled networks, and what feeds them.

    Args:
        most_bytes: memory that the networks may hold together.
    """

    def __init__(self, most_bytes: int = NETWORKS_MEMORY) -> None:
        self._networks: Bounded[keras.Model] = Bounded(most_bytes)
        self.pipelines = Pipelines()

    def __len__(self) -> int:
        return len(self._networks)

    def exchange(self, model: keras.Model) -> keras.Model:
        """A network to be trained in place of one that was just built and compiled.

        Args:
            model: the new network, compiled.

        Returns:
            An earlier network with all values of the new one, where the two are the same but for
            their values; otherwise the new one, which is kept where that can be.
        """
        model.optimizer.build(model.trainable_variables)
        key = _key(model) if BACKENDS[keras.backend.backend()].traces else None
        if key is None:
            return model
        network = self._networks.take(key)
        if network is None or not _take_values(network, model):
            network = model
        self._networks.keep(key, network, _size(network))
        return network

    @contextmanager
    def forgotten_on_error(self, model: keras.Model) -> Iterator[None]:
        """Keeps a network no longer where an exception leaves it in an unknown state."""
        try:
            yield
        except BaseException:
            self._networks.forget(model)
            raise


def _take_values(network: keras.Model, model: keras.Model) -> bool:
    """Gives a network the values of another; False, and nothing changed, where they do not fit."""
    to, values = _variables(network), _variables(model)
    if [(v.shape, v.dtype) for v in to] != [(v.shape, v.dtype) for v in values]:
        return False
    for variable, value in zip(to, values, strict=True):
        variable.assign(value)
    return True


def _size(model: keras.Model) -> int:
    """About how many bytes a network holds."""
    values: int = sum(math.prod(one.shape) for one in _variables(model))
    return PROGRAM_BYTES + 4 * values


def _variables(model: keras.Model) -> list[Any]:
    return [*model.variables, *model.optimizer.variables]


def _key(model: keras.Model) -> str | None:
    """All of a compiled network but the values of its variables; None where that is not known."""
    settings = [keras.config.epsilon(), keras.config.floatx(), keras.config.image_data_format()]
    try:
        return json.dumps([settings, described(model)])
    except (UnknownError, RecursionError, ValueError):  # the last of a function half made
        return None
