"""A data set that a user's function makes, by Keras's convention: ``"my_data.py:load_data"``."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Self

from ablate.datasets import npz
from ablate.datasets._base import Examples, Places
from ablate.errors import InputError, Problem, did_you_mean
from ablate.spec.data import DataShape
from ablate.user_code.arguments import build_arguments
from ablate.user_code.used import Used

OWN = ("input_shape", "class_names")
"""Keys that say how what it returns is read, as for ``npz``; all others are handed to the function."""


@dataclass(frozen=True)
class UserFunction:
    """A user's ``load_data(**options)``, which is run in a process of its own alone."""

    name: str
    """As the study file names it."""
    file: Path
    function: str
    LOCAL: ClassVar = True

    @classmethod
    def named(cls, name: str, folder: Path) -> Self | None:
        """The function that a name stands for; None for the name of a data set.

        Raises:
            InputError: there is no such file, or no such function in it.
        """
        file, _, function = name.rpartition(":")
        if not file.endswith(".py"):
            return None
        found = cls(name, (folder / file).resolve(), function)
        if not found.file.is_file():
            raise InputError(Problem(str(found.file), "there is no such file"))
        build_arguments(found.file, function)
        return found

    def checked(self, table: Mapping[str, Any], where: str, problems: list[Problem]) -> None:
        """Holds keys of ``[data]`` against what the function takes."""
        takes = build_arguments(self.file, self.function)
        known = (*takes.names, *OWN)
        if not takes.takes_any:
            problems += [
                Problem(where, f"{self.function} takes no such option", f"data.{key}", hint=hint)
                for key in table
                if key not in known
                for hint in [did_you_mean(key, known)]
            ]
        problems += [
            Problem(
                where, "must be text, a number, a truth, or a list of such", f"data.{key}", found
            )
            for key, found in table.items()
            if not is_plain(found)
        ]
        problems += [
            Problem(where, f"is required: {self.function} has no default for it", f"data.{key}")
            for key in sorted(takes.required - set(table))
        ]

    def source(self, options: Mapping[str, Any], places: Places) -> str:
        """Its name and the options; which files it makes data of is seen when it is run."""
        return f"{self.name} {json.dumps(dict(options), sort_keys=True)}"

    def shape(self, options: Mapping[str, Any], places: Places) -> DataShape:
        """The sizes, for which it must be run."""
        found = self.load(options, places)
        inputs = found.x_train
        several = isinstance(inputs, Mapping)
        return DataShape(
            train=len(found.y_train),
            test=len(found.y_test),
            example={name: tuple(one.shape[1:]) for name, one in inputs.items()}
            if several and isinstance(inputs, Mapping)
            else tuple(inputs.shape[1:]),  # type: ignore[union-attr]
            classes=len(found.class_names),
            validation=0 if found.y_val is None else len(found.y_val),
        )

    def load(self, options: Mapping[str, Any], places: Places) -> Examples:
        """What it returns, in the common form, and the files that it made it of."""
        asked = (self, json.dumps(dict(options)), places)
        found = _made(*asked)
        if found.used is not None and not found.used.is_unchanged:
            _made.cache_clear()
            found = _made(*asked)
        return found


@lru_cache(maxsize=2)
def _made(user: UserFunction, written: str, places: Places) -> Examples:
    """What a function gives; several questions in a row may ask the same."""
    options = json.loads(written)
    own = {key: options.pop(key) for key in OWN if key in options}
    with tempfile.TemporaryDirectory(prefix="ablate-data-") as folder:
        command = [sys.executable, "-P", "-m", "ablate.user_code.data_process"]
        study = str(places.folder.absolute())
        command += [str(user.file), user.function, json.dumps(options), study, folder]
        process = subprocess.run(command, capture_output=True, check=False)
        told_in = Path(folder) / "told.json"
        told = json.loads(told_in.read_text()) if told_in.is_file() else {}
        if process.returncode or "used" not in told:
            ended = [{"rule": f"its process ended with exit code {process.returncode}"}]
            raise InputError(*(Problem(user.name, **one) for one in told.get("problems", ended)))
        told_in.unlink()
        marks = ("groups", "sample_weight")
        given = {name: name for name in marks if (Path(folder) / f"{name}.npy").is_file()}
        try:
            read = npz.Options.model_validate({"file": folder, **given, **own}, strict=False)
            found = npz.load(read, Places(folder=Path(folder), task=places.task))
        except InputError as error:
            raise InputError(
                *(
                    replace(problem, where=user.name) if isinstance(problem, Problem) else problem
                    for problem in error.problems
                )
            ) from error
        return replace(
            found,
            x_train=_copied(found.x_train),
            x_test=_copied(found.x_test),
            x_val=None if found.x_val is None else _copied(found.x_val),
            used=Used.from_json(told["used"]),
        )


def is_plain(value: Any) -> bool:
    """Whether JSON has it."""
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True


def _copied(inputs: Any) -> Any:
    """Arrays in memory: the files that they were read from go."""
    import numpy as np

    if isinstance(inputs, Mapping):
        return {name: _copied(array) for name, array in inputs.items()}
    return np.array(inputs, np.float32 if inputs.dtype.kind == "f" else inputs.dtype)
