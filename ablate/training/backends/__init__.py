"""What each Keras backend is asked for in its own code: one file for each, found by its name.

Each defines ``device() -> str``, which finds the device that trainings run on, lets it take memory as
it is needed, and gives its name, ``cpu`` for a processor. One that makes batches itself defines
``makes_pipelines() -> bool`` and ``Pipeline``, see that of TensorFlow. The rest of what differs is a table,
`ablate.backends`.
"""

from __future__ import annotations

import importlib
from typing import Any

import keras


def own_code() -> Any:
    """The file of the backend that Keras computes with."""
    return importlib.import_module(f"{__name__}.{keras.backend.backend()}")
