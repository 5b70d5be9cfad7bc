"""Runs a user's function that makes data, in a process of its own, and writes its arrays to files.

    python -m ablate.user_code.data_process FILE FUNCTION OPTIONS STUDY FOLDER

OPTIONS is JSON, STUDY the folder of the study file. FOLDER gets a ``.npy`` file for each array and
``told.json``: ``problems``, what is wrong, or ``used``, the files that they were made of.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.user_code.imported import load
from ablate.user_code.places import line_of
from ablate.user_code.used import used_files

if TYPE_CHECKING:
    from numpy.typing import NDArray

TEXTS = ("y_", "groups")
"""Arrays that may hold text."""
CONVENTION = "((x_train, y_train), (x_test, y_test))"


def arrays_in(returned: Any, function: str) -> dict[str, Any]:
    """The arrays that a function returned, by name; of several inputs each as ``x_train.NAME``.

    A third pair is for validation, a third array of a pair what each example counts. A dictionary
    holds arrays by the names that they have in an ``.npz`` file.

    Raises:
        ValueError: it returned something else; says what.
    """
    if isinstance(returned, Mapping):
        if not {"x_train", "y_train"} <= {str(name).partition(".")[0] for name in returned}:
            held = ", ".join(map(str, returned)) or "nothing"
            raise ValueError(
                f"{function} must return {CONVENTION}, or a dictionary with x_train and y_train; it "
                f"holds {held}"
            )
        return {str(name): array for name, array in returned.items()}
    pairs = list(returned) if isinstance(returned, tuple | list) else []
    are_pairs = all(
        pair is None or (isinstance(pair, tuple | list) and len(pair) in (2, 3)) for pair in pairs
    )
    if len(pairs) not in (2, 3) or not are_pairs or pairs[0] is None:
        found = type(returned).__name__
        if isinstance(returned, tuple | list):
            found = f"{found} of {len(returned)}: " + ", ".join(type(p).__name__ for p in returned)
        raise ValueError(f"{function} must return {CONVENTION}, it returned a {found}")
    arrays: dict[str, Any] = {}
    for part, pair in zip(("train", "test", "val"), pairs, strict=False):
        if pair is None:
            continue
        x, y, *weights = pair
        inputs = x if isinstance(x, Mapping) else {"": x}
        for name, array in inputs.items():
            arrays[f"x_{part}.{name}" if name else f"x_{part}"] = array
        arrays[f"y_{part}"] = y
        if weights:
            arrays["sample_weight" if part == "train" else f"sample_weight_{part}"] = weights[0]
    return arrays


def lacking(array: NDArray[Any], name: str) -> list[dict[str, str]]:
    """What is to be said of an array of Python objects, some of which are None, NaN or pandas' NA."""
    import numpy as np
    import pandas as pd

    cells = np.atleast_1d(pd.isna(array))
    missing = np.count_nonzero(cells.any(axis=tuple(range(1, cells.ndim))))
    if not missing:
        return []
    what = "group" if name == "groups" else "target"
    rule = f"the {what} is missing in {missing} of {len(cells)} rows"
    return [{"rule": rule, "key": name, "hint": "leave these rows out"}]


def main(file: str, function: str, options: str, study: str, folder: str) -> None:
    """Calls the function and writes what it returns."""
    import numpy as np

    problems: list[dict[str, str]] = []
    told: dict[str, Any]
    try:
        with used_files(Path(file), Path(study)) as used:
            returned = getattr(load(Path(file)), function)(**json.loads(options))
            for name, given in arrays_in(returned, function).items():
                array = np.asarray(given)
                if array.dtype.kind == "O" and name.startswith(TEXTS):
                    problems += lacking(array, name)
                    array = array.astype(str)
                np.save(Path(folder) / f"{name}.npy", array, allow_pickle=False)
            told = {"problems": problems} if problems else {"used": asdict(used.so_far())}
    except (Exception, SystemExit) as error:
        first = next(iter(str(error).splitlines()), "")
        is_ours = isinstance(error, ValueError) and CONVENTION in first
        rule = first
        if not is_ours:
            where = line_of(error, Path(file))
            rule = f"{function} raised {type(error).__name__}: {first}{where}"
        told = {"problems": [{"rule": rule}]}
    (Path(folder) / "told.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
