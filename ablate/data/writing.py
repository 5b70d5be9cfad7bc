"""Writes prepared data sets: a folder of arrays, or of nothing but what is known of streams."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.data.in_place import InPlace
from ablate.files import keep_names, write_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ablate.datasets._base import Examples

ARRAYS = ("x_train", "y_train", "x_test", "y_test")
OPTIONAL = ("x_val", "y_val", "groups")
"""What not every data set has."""
ABOUT = "data.json"


def write_examples(
    examples: Examples, source: str, class_counts: Mapping[str, list[int]], folder: Path
) -> None:
    """Writes the arrays of a data set, and what is known of it.

    Args:
        examples: the data set.
        source: where it comes from, in words.
        class_counts: how many examples of each class there are to draw from, so that nobody need open
            the test labels; empty where nobody draws by class.
        folder: is whole or absent.
    """
    import numpy as np

    in_place = {}
    with _whole(folder) as temporary:
        for name, given in arrays_of(examples).items():
            found = InPlace.of(given)
            array = np.ascontiguousarray(given)
            if found is not None:
                in_place[name] = asdict(found)
                continue
            with (temporary / f"{name}.npy").open("wb") as file:
                np.save(file, array, allow_pickle=False)
                file.flush()
                os.fsync(file.fileno())
        about: dict[str, Any] = {
            "digest": digest_of(examples),
            "source": source,
            "class_names": examples.class_names,
            "class_counts": class_counts,
            "in_place": in_place,
        }
        if isinstance(examples.x_train, Mapping):
            about["input_names"] = list(examples.x_train)
        if examples.fitted is not None:
            about["fitted"] = asdict(examples.fitted)
        if examples.used is not None:
            about["used"] = asdict(examples.used)
        write_text(temporary / ABOUT, json.dumps(about))


def write_about(about: Mapping[str, Any], folder: Path) -> None:
    """Writes what is known of a data set that has no arrays."""
    with _whole(folder) as temporary:
        write_text(temporary / ABOUT, json.dumps(about))


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """A folder beside another, which it is renamed to when it is complete."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".preparing-"))
    try:
        yield temporary
        temporary.chmod(0o755)
        keep_names(temporary)
        try:
            temporary.rename(folder)
        except OSError:
            if not (folder / ABOUT).is_file():  # else another process has prepared the same
                raise
        keep_names(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def arrays_of(examples: Examples) -> dict[str, NDArray[Any]]:
    """All arrays of a data set, by name; of several inputs each as ``x_train.NAME``."""
    arrays: dict[str, NDArray[Any]] = {}
    for name in (*ARRAYS, *OPTIONAL):
        given = getattr(examples, name)
        if given is None:
            continue
        if isinstance(given, Mapping):
            arrays |= {f"{name}.{one}": array for one, array in given.items()}
        else:
            arrays[name] = given
    return arrays | {f"weight_{part}": given for part, given in examples.weights.items()}


def digest_of(examples: Examples) -> str:
    """SHA-256 of all examples and labels."""
    import numpy as np

    digest = hashlib.sha256()
    for name, given in arrays_of(examples).items():
        array = np.ascontiguousarray(given)
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array.data)
    return digest.hexdigest()
