"""What is read of a data set, before anything is trained on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.data.card import bounds
from ablate.data.doubts import doubts
from ablate.data.prepared import ARRAYS, check_images, digest_of, find_prepared, load, source_of
from ablate.data.split import check_split
from ablate.datasets._base import Images
from ablate.datasets._files import DOWNLOADED
from ablate.spec.data import DataSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray


LISTED = 12
"""Classes without images that are named."""


@dataclass(frozen=True)
class Reading:
    """What a data set was taken for."""

    dataset: str
    image: tuple[int, ...]
    """Height, width, channels."""
    kind: str
    """The type of the stored pixels."""
    values: tuple[float, float]
    """The lowest and the highest pixel as the network sees it."""
    classes: Mapping[str, tuple[int, int]]
    """The training and the test images of each class, those that are drawn."""
    digest: str
    """SHA-256 of all images and labels."""
    warnings: tuple[str, ...]
    """What looks wrong."""


def read_data(settings: DataSettings, cache: Path | None = None) -> Reading | None:
    """Reads a data set as a run does, and keeps nothing.

    Args:
        settings: the data set.
        cache: where a run may have prepared it already.

    Returns:
        None for one that would have to be downloaded.

    Raises:
        InputError: whatever a run would say of it.
    """
    prepared = find_prepared(settings, cache) if cache is not None else None
    if prepared is not None:
        arrays = {name: prepared.array(name) for name in ARRAYS}
        return _reading(settings, arrays, prepared.class_names, prepared.digest)
    if source_of(settings).startswith(DOWNLOADED):
        return None
    whole = {"per_class": None, "test_per_class": None}
    images = _loaded(settings.model_copy(update=whole).model_dump_json(), source_of(settings))
    check_images(images, settings)
    arrays = {name: getattr(images, name) for name in ARRAYS}
    return _reading(settings, arrays, images.class_names, digest_of(images))


@lru_cache(maxsize=1)
def _loaded(settings: str, source: str) -> Images:
    """The images of a data set; several studies in a row may read the same."""
    return load(DataSettings.model_validate_json(settings))


def _reading(
    settings: DataSettings, arrays: Mapping[str, NDArray[Any]], names: tuple[str, ...], digest: str
) -> Reading:
    import numpy as np

    images = arrays["x_train"]
    check_split(arrays["y_train"], names, settings)
    counts = [
        [min(int(count), drawn or int(count)) for count in np.bincount(y, minlength=len(names))]
        for y, drawn in (
            (arrays["y_train"], settings.per_class),
            (arrays["y_test"], settings.test_per_class),
        )
    ]
    scale = 255 if images.dtype == np.uint8 else 1
    low, high = bounds([images])
    values = (low / scale, high / scale)
    missing = [
        f"no {split} images of: {', '.join(lacking[:LISTED])}"
        f"{f' and {len(lacking) - LISTED} more' if len(lacking) > LISTED else ''}"
        for split, of_split in zip(("training", "test"), counts, strict=True)
        if (lacking := [name for name, n in zip(names, of_split, strict=True) if not n])
    ]
    return Reading(
        dataset=settings.dataset,
        image=tuple(images.shape[1:]),
        kind=str(images.dtype),
        values=values,
        classes=dict(zip(names, zip(*counts, strict=True), strict=True)),
        digest=digest,
        warnings=(*missing, *doubts(images, values, counts[0], names)),
    )
