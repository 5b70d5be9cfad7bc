"""Looks at a user's streams, in a process of its own: sizes, and the first batches.

    python -m ablate.user_code.stream_process FILE OPTIONS STUDY TOLD

OPTIONS is JSON, STUDY the folder of the study file. TOLD gets a JSON object: ``facts``, what was found,
and ``used``, the code that was executed; or ``rule``, what is wrong.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.backends import BACKENDS
from ablate.user_code.imported import load
from ablate.user_code.places import line_of
from ablate.user_code.streams import (
    TRAIN,
    StreamError,
    count_batches,
    example_of,
    first_batch,
    two_streams,
)
from ablate.user_code.used import used_files

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEED, BATCH = 0, 32
"""What the streams that are looked at are made with: the same whenever they are compared."""


def look(train: Any, validation: Any) -> dict[str, Any]:
    """What is worth knowing of two streams that were made with `SEED` and `BATCH`.

    Raises:
        StreamError: they cannot be trained on.
    """
    x, y, weights = first_batch(train, f"the training stream of {TRAIN}")
    x_val, y_val, _ = first_batch(validation, f"the validation stream of {TRAIN}")
    if example_of(x) != example_of(x_val) or y.shape[1:] != y_val.shape[1:]:
        rule = f"{TRAIN} gives training examples {_told(x, y)}, and for validation {_told(x_val, y_val)}"
        raise StreamError(f"{rule}; they must have one shape")
    arrays = x if isinstance(x, Mapping) else {"": x}
    return {
        "example": example_of(x),
        "kinds": {name: str(one.dtype) for name, one in arrays.items()},
        "weighted": weights is not None,
        "rows": len(y),
        "train": count_batches(train),
        "validation": count_batches(validation),
        "width": int(y.shape[1]) if y.ndim > 1 else None,
        "highest": float(max(y.max(), y_val.max())),
        "targets": targets_digest(y),
    }


def targets_digest(targets: NDArray[Any]) -> str:
    """SHA-256 of the targets of a batch."""
    import numpy as np

    digest = hashlib.sha256(f"{targets.shape}".encode())
    digest.update(np.ascontiguousarray(targets, np.float64).data)
    return digest.hexdigest()


def _told(x: Any, y: NDArray[Any]) -> str:
    return f"of shape {example_of(x)} with targets of shape {tuple(y.shape[1:])}"


def main(file: str, options: str, study: str, told: str) -> None:
    """Makes the streams and writes what they are."""
    installed = (name for name in BACKENDS if importlib.util.find_spec(name) is not None)
    os.environ.setdefault("KERAS_BACKEND", next(installed, next(iter(BACKENDS))))
    found: dict[str, Any]
    try:
        with used_files(Path(file), Path(study)) as used:
            function = getattr(load(Path(file)), TRAIN)
            sys.path.remove(str(Path(file).parent))  # a worker has it while the file is imported
            streams = two_streams(function(seed=SEED, batch_size=BATCH, **json.loads(options)))
            facts = look(*streams)
            # What they read is held against the first batch, whenever a worker begins.
            found = {"facts": facts, "used": asdict(replace(used.so_far(), data={}))}
    except StreamError as error:
        found = {"rule": str(error)}
    except (Exception, SystemExit) as error:
        first = next(iter(str(error).splitlines()), "")
        where = line_of(error, Path(file))
        found = {"rule": f"{TRAIN} raised {type(error).__name__}: {first}{where}"}
    Path(told).write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
