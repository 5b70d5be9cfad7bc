"""Data cards: what is worth knowing of a data set before trusting a result on it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate import tasks
from ablate.data.doubts import doubts
from ablate.data.prepared import PreparedData
from ablate.data.split import are_pixels, drawn
from ablate.files import write_text
from ablate.spec.data import DataSettings, InputShape

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


LOOKED_AT = 2 * 10**9
"""How many bytes of images, as they are stored, are looked at; where there are more, a sample is."""


@dataclass(frozen=True)
class DataCard:
    """What is worth knowing of a data set before trusting a result on it."""

    dataset: str
    source: str
    digest: str
    image: InputShape
    """The shape of an example, of images height, width and channels; of several inputs each."""
    train: int
    test: int
    classes: int
    """How many classes or labels there are, or numbers to predict."""
    per_class_train: tuple[int, int] | None
    """The fewest and the most training images of a class or label; None where there are numbers."""
    per_class_test: tuple[int, int] | None
    values: tuple[float, float]
    """Lowest and highest pixel as the network sees it."""
    duplicates: int
    """Training images that are exact copies of an earlier training image."""
    leaked: int
    """Test images that are exact copies of a training image."""
    missing_train: tuple[str, ...]
    """Classes without a training image."""
    missing_test: tuple[str, ...]
    sample: tuple[int, int] | None = None
    """How many training and test images were looked at for copies, leaks and values: the same share
    of both, drawn with seed 0, so that some copies go unseen. None where all were."""
    doubts: tuple[str, ...] = ()
    """What looks as if it had been meant otherwise."""
    task: str = tasks.DEFAULT
    targets: Mapping[str, tuple[float, float]] | None = None
    """The lowest and the highest training value of each number to predict."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes results on these data doubtful."""
        found = []
        train, test = self.sample or (self.train, self.test)
        share = self.leaked / test if test else 0.0
        noun = "images" if len(self.image) == 3 else "examples"
        if share > 0.001:
            sampled = f"a sample of {train} " if self.sample else ""
            found.append(
                f"{self.leaked} of {test} test {noun} ({share:.1%}) are exact copies of {sampled}training "
                f"{noun}: test scores reward memory"
            )
        for split, missing in (("training", self.missing_train), ("test", self.missing_test)):
            if missing:
                found.append(f"no {split} {noun} of: {', '.join(missing)}")
        return (*found, *self.doubts)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        known = asdict(self)
        del known["doubts"]  # they are among the warnings
        for name, default in (("task", tasks.DEFAULT), ("targets", None)):
            if known[name] == default:
                del known[name]
        return {**known, "warnings": list(self.warnings)}


def find_card(prepared: PreparedData, settings: DataSettings) -> dict[str, Any] | None:
    """The card that `keep_card` has kept beside a data set, as plain JSON; None where it has not."""
    try:
        card: dict[str, Any] = json.loads(_card_file(prepared, settings).read_text())
    except (OSError, ValueError):
        return None
    return card


def keep_card(prepared: PreparedData, settings: DataSettings) -> dict[str, Any]:
    """The card of a data set, made once and kept beside it, as plain JSON."""
    card = find_card(prepared, settings)
    if card is None:
        if prepared.stream is not None:
            card = stream_card(prepared, settings)
        else:
            card = data_card(prepared, settings).as_dict()
        write_text(_card_file(prepared, settings), json.dumps(card))
    return card


NOT_COUNTED = (
    "copies, leaks, the range of the values and the examples of each class are not counted: a stream is "
    "read by what trains on it alone"
)


def stream_card(prepared: PreparedData, settings: DataSettings) -> dict[str, Any]:
    """What is known of a user's streams, which are not read for it, as plain JSON."""
    facts = prepared.stream
    assert facts is not None
    return {
        "dataset": settings.dataset,
        "source": prepared.source,
        "digest": prepared.digest,
        "image": facts.example,
        "train": facts.examples,
        "validation": None if facts.validation is None else facts.validation * facts.rows,
        "test": None,
        "classes": len(prepared.class_names),
        "task": settings.task,
        "duplicates": None,
        "leaked": None,
        "not_counted": NOT_COUNTED,
        "warnings": [],
    }


def _card_file(prepared: PreparedData, settings: DataSettings) -> Path:
    drawn_counts = (settings.per_class, settings.test_per_class)
    return prepared.folder / f"card-{'-'.join(str(count or 'all') for count in drawn_counts)}.json"


def data_card(prepared: PreparedData, settings: DataSettings) -> DataCard:
    """Counts images, classes, copies within the training set, and leaks into the test set.

    With ``per_class`` or ``test_per_class`` only the images drawn with seed 0 are counted. Where
    these hold more than `LOOKED_AT` bytes, copies, leaks and values are those of a sample; see
    `DataCard.sample`.
    """
    import numpy as np

    x_train, x_test = (_arrays(prepared.inputs(part)) for part in ("train", "test"))
    y_train, y_test = (np.asarray(prepared.array(name)) for name in ("y_train", "y_test"))
    train, test = np.arange(len(y_train)), np.arange(len(y_test))
    if settings.per_class is not None:
        train = drawn(y_train, settings.per_class, seed=0)
    if settings.test_per_class is not None:
        test = drawn(y_test, settings.test_per_class, seed=0)
    looked_train, looked_test = train, test
    row = sum(array[:1].nbytes for array in x_train)
    asked = len(train) * row + len(test) * sum(array[:1].nbytes for array in x_test)
    if asked > LOOKED_AT:
        rng, share = np.random.default_rng(0), LOOKED_AT / asked
        looked_train, looked_test = (_sample(rows, share, rng) for rows in (train, test))
    is_small = sum(array.nbytes for array in (*x_train, *x_test)) <= LOOKED_AT
    low, high = bounds(
        x_train if is_small else (array[row] for array in x_train for row in looked_train)
    )
    known = _digests(x_train, looked_train)
    distinct = set(known)
    names = prepared.class_names
    counts = [_counts(y[chosen], len(names)) for y, chosen in ((y_train, train), (y_test, test))]
    scale = 255 if are_pixels(x_train[0]) else 1
    values = (low / scale, high / scale)
    spans = [None if found is None else (int(found.min()), int(found.max())) for found in counts]
    of_train, of_test = counts
    is_classification = settings.task == tasks.DEFAULT and not prepared.input_names
    return DataCard(
        dataset=settings.dataset,
        source=prepared.source,
        digest=prepared.digest,
        image=example_shape(prepared.inputs("train")),
        train=len(train),
        test=len(test),
        classes=len(names),
        per_class_train=spans[0],
        per_class_test=spans[1],
        values=values,
        duplicates=len(known) - len(distinct),
        leaked=sum(digest in distinct for digest in _digests(x_test, looked_test)),
        missing_train=() if of_train is None else _missing(names, of_train),
        missing_test=() if of_test is None or not len(test) else _missing(names, of_test),
        sample=(len(looked_train), len(looked_test)) if asked > LOOKED_AT else None,
        doubts=doubts(x_train[0], values, of_train.tolist(), names)
        if is_classification and of_train is not None
        else (),
        task=settings.task,
        targets=target_spans(y_train, names) if of_train is None else None,
    )


def example_shape(inputs: NDArray[Any] | Mapping[str, NDArray[Any]]) -> InputShape:
    """The shape of one example; of several inputs each, by name."""
    if isinstance(inputs, Mapping):
        return {name: tuple(array.shape[1:]) for name, array in inputs.items()}
    return tuple(inputs.shape[1:])


def target_spans(targets: NDArray[Any], names: Iterable[str]) -> dict[str, tuple[float, float]]:
    """The lowest and the highest of each number to predict."""
    lows, highs = targets.min(axis=0).tolist(), targets.max(axis=0).tolist()
    return {name: (low, high) for name, low, high in zip(names, lows, highs, strict=True)}


def _counts(targets: NDArray[Any], names: int) -> NDArray[np.int64] | None:
    """The examples of each class or label; None where targets are numbers."""
    import numpy as np

    if targets.dtype.kind == "f":
        return None
    return np.bincount(targets, minlength=names) if targets.ndim == 1 else targets.sum(axis=0)


def _arrays(inputs: NDArray[Any] | Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
    return list(inputs.values()) if isinstance(inputs, Mapping) else [inputs]


def _sample(rows: NDArray[np.int64], share: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """A share of the rows, in ascending order."""
    import numpy as np

    return np.sort(rng.choice(rows, math.ceil(len(rows) * share), replace=False))


def bounds(parts: Iterable[NDArray[Any]]) -> tuple[float, float]:
    """The lowest and the highest value of all parts, in float32."""
    import numpy as np

    low, high = math.inf, -math.inf
    for part in parts:
        if not part.size:
            continue
        low = min(low, float(np.float32(np.nanmin(part))))
        high = max(high, float(np.float32(np.nanmax(part))))
    return low, high


def _digests(inputs: Sequence[NDArray[Any]], rows: NDArray[np.int64]) -> list[bytes]:
    """A digest of each example; those of floats are the same where the network gets the same."""
    import numpy as np

    found = []
    for row in rows:
        digest = hashlib.blake2b(digest_size=16)
        for array in inputs:
            kind = np.uint8 if array.dtype == np.uint8 else np.float32
            digest.update(np.asarray(array[row], kind).tobytes())
        found.append(digest.digest())
    return found


def _missing(class_names: Iterable[str], counts: NDArray[np.int64]) -> tuple[str, ...]:
    return tuple(name for name, count in zip(class_names, counts, strict=True) if not count)
