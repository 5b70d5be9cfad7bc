"""Data cards: what is worth knowing of a data set before trusting a result on it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.data.doubts import doubts
from ablate.data.prepared import PreparedData
from ablate.data.split import drawn
from ablate.files import write_text
from ablate.spec.data import DataSettings

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
    image: tuple[int, ...]
    """Height, width, channels."""
    train: int
    test: int
    classes: int
    per_class_train: tuple[int, int]
    """The fewest and the most training images of a class."""
    per_class_test: tuple[int, int]
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

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes results on these data doubtful."""
        found = []
        train, test = self.sample or (self.train, self.test)
        share = self.leaked / test if test else 0.0
        if share > 0.001:
            sampled = f"a sample of {train} " if self.sample else ""
            found.append(
                f"{self.leaked} of {test} test images ({share:.1%}) are exact copies of {sampled}training "
                "images: test scores reward memory"
            )
        for split, missing in (("training", self.missing_train), ("test", self.missing_test)):
            if missing:
                found.append(f"no {split} images of: {', '.join(missing)}")
        return (*found, *self.doubts)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        known = asdict(self)
        del known["doubts"]  # they are among the warnings
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
        card = data_card(prepared, settings).as_dict()
        write_text(_card_file(prepared, settings), json.dumps(card))
    return card


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

    x_train, y_train = prepared.array("x_train"), np.asarray(prepared.array("y_train"))
    x_test, y_test = prepared.array("x_test"), np.asarray(prepared.array("y_test"))
    train, test = np.arange(len(y_train)), np.arange(len(y_test))
    if settings.per_class is not None:
        train = drawn(y_train, settings.per_class, seed=0)
    if settings.test_per_class is not None:
        test = drawn(y_test, settings.test_per_class, seed=0)
    looked_train, looked_test = train, test
    asked = len(train) * x_train[:1].nbytes + len(test) * x_test[:1].nbytes
    if asked > LOOKED_AT:
        rng, share = np.random.default_rng(0), LOOKED_AT / asked
        looked_train, looked_test = (_sample(rows, share, rng) for rows in (train, test))
    is_small = x_train.nbytes + x_test.nbytes <= LOOKED_AT
    low, high = bounds([x_train] if is_small else (x_train[row] for row in looked_train))
    known = _image_digests(x_train, looked_train)
    distinct = set(known)
    classes = len(prepared.class_names)
    counts = [
        np.bincount(y[chosen], minlength=classes)
        for y, chosen in ((y_train, train), (y_test, test))
    ]
    scale = 255 if x_train.dtype == np.uint8 else 1
    values = (low / scale, high / scale)
    return DataCard(
        dataset=settings.dataset,
        source=prepared.source,
        digest=prepared.digest,
        image=tuple(x_train.shape[1:]),
        train=len(train),
        test=len(test),
        classes=classes,
        per_class_train=(int(counts[0].min()), int(counts[0].max())),
        per_class_test=(int(counts[1].min()), int(counts[1].max())),
        values=values,
        duplicates=len(known) - len(distinct),
        leaked=sum(digest in distinct for digest in _image_digests(x_test, looked_test)),
        missing_train=_missing(prepared.class_names, counts[0]),
        missing_test=_missing(prepared.class_names, counts[1]),
        sample=(len(looked_train), len(looked_test)) if asked > LOOKED_AT else None,
        doubts=doubts(x_train, values, counts[0].tolist(), prepared.class_names),
    )


def _sample(rows: NDArray[np.int64], share: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """A share of the rows, in ascending order."""
    import numpy as np

    return np.sort(rng.choice(rows, math.ceil(len(rows) * share), replace=False))


def bounds(parts: Iterable[NDArray[Any]]) -> tuple[float, float]:
    """The lowest and the highest value of all parts, in float32."""
    import numpy as np

    low, high = math.inf, -math.inf
    for part in parts:
        low = min(low, float(np.float32(part.min())))
        high = max(high, float(np.float32(part.max())))
    return low, high


def _image_digests(images: NDArray[Any], rows: NDArray[np.int64]) -> list[bytes]:
    """A digest of each image; those of floats are the same where the network gets the same."""
    import numpy as np

    kind = np.uint8 if images.dtype == np.uint8 else np.float32
    return [
        hashlib.blake2b(np.asarray(images[row], kind).tobytes(), digest_size=16).digest()
        for row in rows
    ]


def _missing(class_names: Iterable[str], counts: NDArray[np.int64]) -> tuple[str, ...]:
    return tuple(name for name, count in zip(class_names, counts, strict=True) if not count)
