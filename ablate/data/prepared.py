"""Prepares data sets once, as memory-mapped arrays, which the splits of trials are drawn from.

A prepared data set is a folder of ``.npy`` files, which are read without unpickling. Training
and test examples lie in files of their own: what searches never opens the test files. Examples that a
user keeps in such files are left where they are, and the folder says where.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ablate import catalog, tasks
from ablate.data.checks import check_counts, check_examples, class_counts
from ablate.data.in_place import InPlace
from ablate.data.writing import ABOUT, write_about, write_examples
from ablate.datasets._base import Examples, Fitted, Places
from ablate.datasets._user_function import UserFunction
from ablate.datasets._user_streams import UserStreams, users_data
from ablate.errors import InputError, Problem
from ablate.files import folder_name
from ablate.spec.data import DataSettings, DataShape, StreamFacts
from ablate.user_code.used import Used

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class PreparedData:
    """A data set on disk."""

    folder: Path
    digest: str
    """SHA-256 of all examples and labels."""
    source: str
    """Where the examples came from, in words."""
    class_names: tuple[str, ...]
    in_place: Mapping[str, InPlace] = field(default_factory=dict)
    """The arrays that lie elsewhere, by name."""
    input_names: tuple[str, ...] = ()
    """The inputs, where there are several: ``x_train.NAME`` is the array of one."""
    fitted: Fitted | None = None
    """What is learnt of the columns of a table."""
    stream: StreamFacts | None = None
    """What was seen of a user's streams, of which nothing is kept; None for any other data set."""
    used: Used | None = None
    """The user's files that it was made of; None for any other data set."""

    def array(self, name: str) -> NDArray[Any]:
        """One of ``x_train``, ``y_train``, ``x_test`` and ``y_test``, memory-mapped, read-only.

        Of several inputs ``x_train.NAME`` is one.

        Raises:
            InputError: the user's file that holds it is gone or was changed.
        """
        import numpy as np

        if name in self.in_place:
            return self.in_place[name].open()
        array: NDArray[Any] = np.load(
            self.folder / f"{name}.npy", mmap_mode="r", allow_pickle=False
        )
        return array

    def holds(self, name: str) -> bool:
        """Whether there is such an array."""
        return name in self.in_place or (self.folder / f"{name}.npy").is_file()

    @property
    def has_validation(self) -> bool:
        """Whether it has a validation part of its own."""
        return self.holds("y_val")

    def weights(self, part: Literal["train", "val", "test"]) -> NDArray[Any] | None:
        """How much each example of a part counts; None where all count alike."""
        name = f"weight_{part}"
        return self.array(name) if self.holds(name) else None

    def inputs(self, part: Literal["train", "val", "test"]) -> Any:
        """The examples of a part: an array, or of several inputs each by its name."""
        if not self.input_names:
            return self.array(f"x_{part}")
        return {name: self.array(f"x_{part}.{name}") for name in self.input_names}


def shape(settings: DataSettings) -> DataShape:
    """The sizes that a study trains and tests on, without loading examples.

    Raises:
        InputError: the data set's files are missing or wrong.
    """
    module, options = _module(settings)
    whole: DataShape = module.shape(options, _places(settings))
    classes = whole.classes if tasks.find(settings.task).has_classes else 0
    train = (settings.per_class or 0) * classes or whole.train
    test = (settings.test_per_class or 0) * classes or whole.test
    return replace(whole, train=min(train, whole.train), test=min(test, whole.test))


def prepare(settings: DataSettings, cache: Path) -> PreparedData:
    """Loads a data set, checks it, and keeps it under `cache`; later calls only find it there.

    Raises:
        InputError: its files are missing or wrong, or it holds too few examples.
    """
    source = source_of(settings)
    folder = _folder(settings, source, cache)
    found = _current(settings, folder)
    if found is not None:
        return found
    streams = streams_of(settings)
    if streams is None:
        examples = load(settings)
        counts = class_counts(examples) if examples.y_train.ndim == 1 else {}
        folder = _of_state(folder, examples.used)
        write_examples(examples, source, counts, folder)
    else:
        about, used = _about_streams(streams, settings, cache)
        folder = _of_state(folder, used)
        write_about(about, folder)
    return _prepared(settings, folder)


def streams_of(settings: DataSettings) -> UserStreams | None:
    """The streams of a data set; None where it is held in arrays."""
    user = users_data(settings.dataset, Path(settings.folder))
    return user if isinstance(user, UserStreams) else None


def _about_streams(
    streams: UserStreams, settings: DataSettings, cache: Path
) -> tuple[dict[str, Any], Used]:
    """What is kept of a user's streams: what they are, and nothing that they give.

    Raises:
        InputError: they cannot be trained on.
    """
    places = _places(settings)
    facts, used = streams.look(settings.options, places)
    code = used.code_digest(streams.file.parent)
    source = f"{streams.source(settings.options, places)} {code}"
    digest = hashlib.sha256(f"{source} {facts.targets}".encode()).hexdigest()
    earlier = _of_earlier_version(streams, settings, cache)
    if earlier is not None and earlier.stream == facts:
        digest = earlier.digest  # studies that were begun with it go on
    about = {
        "digest": digest,
        "source": source,
        "class_names": streams.class_names(facts, settings.options, places),
        "class_counts": {},
        "stream": facts.model_dump(mode="json"),
        "used": asdict(used),
    }
    return about, used


def _of_earlier_version(
    streams: UserStreams, settings: DataSettings, cache: Path
) -> PreparedData | None:
    """What an earlier version kept of the streams, as long as no Python file beside them changes."""
    source = streams.earlier_source(settings.options, _places(settings))
    folder = _folder(settings, source, cache, with_place=False)
    return _prepared(settings, folder) if (folder / ABOUT).is_file() else None


def load(settings: DataSettings) -> Examples:
    """A data set as it was made, which a study can be trained on.

    Raises:
        InputError: its files are missing or wrong, or it holds too few examples.
    """
    module, options = _module(settings)
    examples: Examples = _in_order(module.load(options, _places(settings)), settings)
    check_examples(examples, settings)
    return examples


def _in_order(examples: Examples, settings: DataSettings) -> Examples:
    """A data set of two classes, the one whose probability a network gives being the second.

    Raises:
        InputError: there is no such class.
    """
    if settings.positive is None:
        return examples
    name = str(settings.positive)
    if name not in examples.class_names:
        rule = f"must be one of {', '.join(examples.class_names[:8])}"
        raise InputError(Problem(settings.dataset, rule, "data.positive", settings.positive))
    if name == examples.class_names[-1] or len(examples.class_names) != 2:
        return examples
    return replace(
        examples,
        y_train=1 - examples.y_train,
        y_test=1 - examples.y_test,
        y_val=None if examples.y_val is None else 1 - examples.y_val,
        class_names=examples.class_names[::-1],
    )


def source_of(settings: DataSettings) -> str:
    """Where a data set comes from, in words that change when its examples do.

    Raises:
        InputError: its files are missing.
    """
    module, options = _module(settings)
    source: str = module.source(options, _places(settings))
    return source


def check_unchanged(prepared: PreparedData, settings: DataSettings) -> None:
    """Makes sure that the files of a data set are still those that it was prepared from.

    What a user's function made is not asked for again; streams are made by their code each time.

    Raises:
        InputError: one was changed, or is gone.
    """
    if UserFunction.named(settings.dataset, Path(settings.folder)) is not None:
        return
    used = prepared.used
    if not (used.is_unchanged if used else source_of(settings) == prepared.source):
        raise changed(settings.dataset)


def changed(dataset: str) -> InputError:
    """Tells of a data set that is no longer the one that a study was begun with."""
    rule = "its files were changed while the study ran; what is finished is kept"
    hint = "put them back and run again, or ask the new question under another study.name"
    return InputError(Problem(dataset, rule, hint=hint))


def find_prepared(settings: DataSettings, cache: Path) -> PreparedData | None:
    """A data set that `prepare` has kept; None where it has not.

    Raises:
        InputError: its files are missing, or it holds too few examples.
    """
    source = source_of(settings)
    found = _current(settings, _folder(settings, source, cache))
    streams = streams_of(settings) if found is None else None
    return found if streams is None else _of_earlier_version(streams, settings, cache)


def _current(settings: DataSettings, folder: Path) -> PreparedData | None:
    """The copy in a folder, or beside it in one of its states, whose files have not changed since."""
    for copy in (folder, *sorted(folder.parent.glob(f"{folder.name}-*"))):
        if (copy / ABOUT).is_file():
            found = _prepared(settings, copy)
            if found.used is None or found.used.is_unchanged:
                return found
    return None


def _of_state(folder: Path, used: Used | None) -> Path:
    """Where a data set is kept in a state of the user's files: copies that are in use stay."""
    if used is None:
        return folder
    state = hashlib.sha256(json.dumps(asdict(used), sort_keys=True).encode()).hexdigest()
    return folder.with_name(f"{folder.name}-{state[:8]}")


def _folder(settings: DataSettings, source: str, cache: Path, *, with_place: bool = True) -> Path:
    """Where a data set of a source is kept."""
    text = f"{settings.dataset}: {source}"
    if settings.task != tasks.DEFAULT or settings.positive is not None:
        text += f" {settings.task} {settings.positive}"
    if settings.folds is not None:
        text += " folded"
    if settings.strategy == "chronological":
        text += " chronological"
    module, _ = _module(settings)
    # Files of one size and time may lie in two folders.
    if with_place and getattr(module, "LOCAL", False):
        text += f" in {Path(settings.folder).resolve()}"
    key = hashlib.sha256(text.encode()).hexdigest()[:12]
    return cache / f"{folder_name(settings.dataset)}-{key}"


def _prepared(settings: DataSettings, folder: Path) -> PreparedData:
    about = json.loads((folder / ABOUT).read_text())
    in_place = {
        name: InPlace(**{**found, "shape": tuple(found["shape"])})
        for name, found in about.get("in_place", {}).items()  # earlier versions copied every array
    }
    fitted = about.get("fitted")
    prepared = PreparedData(
        folder=folder,
        digest=about["digest"],
        source=about["source"],
        class_names=tuple(about["class_names"]),
        in_place=in_place,
        input_names=tuple(about.get("input_names", ())),
        fitted=fitted and Fitted(**{name: tuple(values) for name, values in fitted.items()}),
        used=about.get("used") and Used.from_json(about["used"]),
        stream=about.get("stream") and StreamFacts.model_validate_json(json.dumps(about["stream"])),
    )
    if about["class_counts"]:
        check_counts(about["class_counts"], prepared.class_names, settings)
    return prepared


def _module(settings: DataSettings) -> tuple[Any, Any]:
    user = users_data(settings.dataset, Path(settings.folder))
    if user is not None:
        return user, settings.options
    module = catalog.load("datasets", settings.dataset)
    return module, module.Options.model_validate(dict(settings.options))


def _places(settings: DataSettings) -> Places:
    home = Path(settings.home) if settings.home else None
    return Places(
        home=home,
        folder=Path(settings.folder),
        task=settings.task,
        positive=settings.positive,
        folded=settings.folds is not None,
        chronological=settings.strategy == "chronological",
    )
