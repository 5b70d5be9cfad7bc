"""Streams that a user's functions make: ``dataset = "my_data.py"``, a file that defines ``train_data``."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Self

from ablate import tasks
from ablate.datasets._base import Places
from ablate.datasets._user_function import UserFunction, is_plain
from ablate.errors import InputError, Problem, did_you_mean
from ablate.files import file_digest
from ablate.spec.data import DataShape, StreamFacts
from ablate.user_code.arguments import BuildArguments, build_arguments
from ablate.user_code.imported import load
from ablate.user_code.streams import (
    TEST,
    TEST_CONVENTION,
    TRAIN,
    TRAIN_CONVENTION,
    check_stream,
    two_streams,
)
from ablate.user_code.used import Used

OWN = ("class_names",)
"""Keys that say what the targets are; all others are handed to the functions that take them."""
OFFERED = ("seed", "batch_size")


@dataclass(frozen=True)
class UserStreams:
    """A user's ``train_data`` and ``test_data``."""

    name: str
    """As the study file names the file."""
    file: Path
    LOCAL: ClassVar = True

    @classmethod
    def named(cls, name: str, folder: Path) -> Self | None:
        """The streams that a name stands for; None for the name of a data set or of a function.

        Raises:
            InputError: there is no such file, or no such function in it.
        """
        if not name.endswith(".py") or ":" in Path(name).name:
            return None
        found = cls(name, (folder / name).resolve())
        if not found.file.is_file():
            raise InputError(Problem(str(found.file), "there is no such file"))
        taken = found._takes(TRAIN)
        if taken is None:
            rule = f"a file of streams must define {TRAIN_CONVENTION}"
            hint = f'of a function that returns arrays write "{name}:load_data"'
            raise InputError(Problem(name, rule, hint=hint))
        for function, convention, asked in (
            (TRAIN, TRAIN_CONVENTION, OFFERED),
            (TEST, TEST_CONVENTION, OFFERED[1:]),
        ):
            takes = found._takes(function)
            if takes and not takes.takes_any and not set(asked) <= takes.names:
                raise InputError(Problem(name, f"{function} must be {convention}"))
        return found

    @property
    def is_tested(self) -> bool:
        """Whether there is something to test replicates on."""
        return self._takes(TEST) is not None

    def _takes(self, function: str) -> BuildArguments | None:
        """What a function takes; None where there is none of its name."""
        try:
            return build_arguments(self.file, function)
        except InputError as error:
            rules = [one.rule for one in error.problems if isinstance(one, Problem)]
            if any(rule.startswith("no function") for rule in rules):
                return None
            raise

    def checked(self, table: Mapping[str, Any], where: str, problems: list[Problem]) -> None:
        """Holds keys of ``[data]`` against what the functions take."""
        takes = [found for found in (self._takes(TRAIN), self._takes(TEST)) if found is not None]
        known = tuple(name for one in takes for name in one.names if name not in OFFERED)
        for key, given in table.items():
            if key in OFFERED:
                rule = "is given to the functions by ablate"
                hint = "set study.seed" if key == "seed" else "set training.batch_size"
                problems.append(Problem(where, rule, f"data.{key}", given, hint))
            elif key not in (*known, *OWN) and not any(one.takes_any for one in takes):
                hint = did_you_mean(key, (*known, *OWN))
                rule = f"{TRAIN} and {TEST} take no such option"
                problems.append(Problem(where, rule, f"data.{key}", hint=hint))
            if not is_plain(given):
                rule = "must be text, a number, a truth, or a list of such"
                problems.append(Problem(where, rule, f"data.{key}", given))
        names = table.get("class_names")
        if names is not None and not _are_names(names):
            rule = "must be a list of at least two different names"
            problems.append(Problem(where, rule, "data.class_names", names))
        required = {name for one in takes for name in one.required} - {*OFFERED, *table}
        problems += [
            Problem(where, f"is required: {self.name} has no default for it", f"data.{key}")
            for key in sorted(required)
        ]

    def source(self, options: Mapping[str, Any], places: Places) -> str:
        """Its name and the options; which code makes them is seen when they are made."""
        return f"{self.name} {json.dumps(dict(options), sort_keys=True)}"

    def earlier_source(self, options: Mapping[str, Any], places: Places) -> str:
        """What earlier versions took for it: all Python files beside it and below belonged to it."""
        return f"{self.source(options, places)} {_all_code(self.file)}"

    def shape(self, options: Mapping[str, Any], places: Places) -> DataShape:
        """The sizes as far as they are known, for which the streams must be made."""
        facts = self.facts(options, places)
        return DataShape(
            train=facts.examples or 0,
            test=0,
            example=facts.example,
            classes=len(self.class_names(facts, options, places)),
            validation=(facts.validation or 1) * facts.rows,
        )

    def facts(self, options: Mapping[str, Any], places: Places) -> StreamFacts:
        """What the streams are, looked at in a process of its own.

        Raises:
            InputError: they cannot be made, or are none.
        """
        return self.look(options, places)[0]

    def look(self, options: Mapping[str, Any], places: Places) -> tuple[StreamFacts, Used]:
        """The same, and the code that made them."""
        asked = (self, json.dumps(self._given(TRAIN, options)), str(places.folder.absolute()))
        facts, used = _looked_at(*asked)
        if not used.is_unchanged:
            _looked_at.cache_clear()
            facts, used = _looked_at(*asked)
        return facts, used

    def class_names(
        self, facts: StreamFacts, options: Mapping[str, Any], places: Places
    ) -> tuple[str, ...]:
        """The names of the classes, labels or numbers.

        Raises:
            InputError: they are not known, or do not fit the targets.
        """
        task, names = tasks.find(places.task), tuple(map(str, options.get("class_names") or ()))
        width = facts.width
        if task.has_classes and task.outputs == "shares":
            names, width = names or ("0", "1"), 2
        elif task.has_classes:
            width = None if width == 1 else width
        elif width is None:
            width = 1
        if not names and width is None:
            rule = f"the targets of {TRAIN} are whole numbers, of how many classes is not known"
            hint = 'name them, class_names = ["a", "b"], or give one-hot targets'
            raise InputError(Problem(self.name, rule, "data.class_names", hint=hint))
        if names and width is not None and len(names) != width:
            rule = f"{TRAIN} gives {width} for each example, and there are {len(names)} names"
            raise InputError(Problem(self.name, rule, "data.class_names"))
        if task.has_classes and facts.width in (None, 1) and facts.highest >= len(names):
            rule = f"{TRAIN} gives a class {facts.highest:g}, and there are {len(names)}, from 0"
            raise InputError(Problem(self.name, rule, "data.class_names"))
        if names:
            return names
        if task.outputs == "numbers":
            return tuple(f"y_{index + 1}" for index in range(width or 1)) if width != 1 else ("y",)
        return tuple(map(str, range(width or 0)))

    def train(self, options: Mapping[str, Any], seed: int, batch_size: int) -> tuple[Any, Any]:
        """The training and the validation stream of a seed, made in this process.

        Raises:
            StreamError: they are none.
        """
        function = getattr(load(self.file), TRAIN)
        given = self._given(TRAIN, options)
        return two_streams(function(seed=seed, batch_size=batch_size, **given))

    def test(self, options: Mapping[str, Any], batch_size: int) -> Any:
        """The test stream, made in this process: for replicates alone.

        Raises:
            StreamError: it is none.
        """
        given = self._given(TEST, options)
        stream = getattr(load(self.file), TEST)(batch_size=batch_size, **given)
        check_stream(stream, f"the stream of {TEST}")
        return stream

    def _given(self, function: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options that a function takes."""
        takes = self._takes(function)
        return {
            key: value
            for key, value in options.items()
            if takes is not None and key not in OWN and (takes.takes_any or key in takes.names)
        }


@lru_cache(maxsize=2)
def _looked_at(user: UserStreams, options: str, study: str) -> tuple[StreamFacts, Used]:
    """What the streams are; several questions in a row may ask the same."""
    with tempfile.TemporaryDirectory(prefix="ablate-data-") as folder:
        told_in = Path(folder) / "told.json"
        command = [sys.executable, "-P", "-m", "ablate.user_code.stream_process"]
        command += [str(user.file), options, study, str(told_in)]
        process = subprocess.run(command, capture_output=True, check=False)
        if process.returncode or not told_in.is_file():
            rule = f"its process ended with exit code {process.returncode}"
            raise InputError(Problem(user.name, rule))
        told = json.loads(told_in.read_text())
    if "rule" in told:
        raise InputError(Problem(user.name, told["rule"]))
    facts = StreamFacts.model_validate_json(json.dumps(told["facts"]))
    return facts, Used.from_json(told["used"])


def _all_code(file: Path) -> str:
    """A digest of all Python files beside a file and below."""
    digest, folder = hashlib.sha256(), file.parent
    for name in sorted(found.relative_to(folder) for found in folder.rglob("*.py")):
        if not any(part.startswith(".") or part == "site-packages" for part in name.parts):
            digest.update(f"{name} {file_digest(folder / name)}".encode())
    return digest.hexdigest()[:16]


def _are_names(names: Any) -> bool:
    is_list = isinstance(names, list | tuple) and len(names) > 1
    return is_list and len({str(name) for name in names}) == len(names)


def users_data(name: str, folder: Path) -> UserFunction | UserStreams | None:
    """A user's own data, of a function or of a file; None for the name of a data set.

    Raises:
        InputError: there is no such file, or no such function in it.
    """
    return UserFunction.named(name, folder) or UserStreams.named(name, folder)
