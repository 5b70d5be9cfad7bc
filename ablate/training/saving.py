"""Saves a trained network."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

import keras

from ablate.training.loop import failure_reason


def save_network(model: keras.Model, path: Path) -> str | None:
    """Writes a network to a ``.keras`` file.

    Its optimizer is left out: that belongs to the last epoch, which need not be the one whose
    weights are kept, and makes the file three times as large.

    Args:
        model: the network.
        path: the file, which is there only if all went well.

    Returns:
        Why it could not be written, or None.
    """
    compiled, optimizer = model.compiled, getattr(model, "optimizer", None)
    try:
        model.compiled, model.optimizer = False, None
        model.save(path)
    except Exception as error:  # its layers may be anybody's
        path.unlink(missing_ok=True)
        traceback.print_exc(file=sys.stderr)
        return failure_reason(error)
    finally:
        model.compiled, model.optimizer = compiled, optimizer
    return None
