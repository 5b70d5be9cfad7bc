"""Loading Keras and its backend, which is most of a worker's start."""

from __future__ import annotations

import gc
import importlib
import sys


def load(*modules: str) -> None:
    """Imports modules that stay, without looking for garbage among what they make.

    Python would look again and again while a million objects are made, all of which are kept: of the
    4.3 seconds that Keras takes to load with TensorFlow, 1.2. Nor does any later look go through
    them, and one is due before each training of a new network.
    """
    if all(name in sys.modules for name in modules):
        return
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        for name in modules:
            importlib.import_module(name)
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
