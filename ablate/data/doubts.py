"""What in a data set looks as if it had been meant otherwise than it is read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALLEST = 8
"""Of fewer pixels a side no picture is made."""
FEW_CLASSES = 20
"""So many classes may have as few images as they like."""
FEW_IMAGES = 10
"""Of more classes, fewer images a class than this look like measurements."""
CHANNELS = 4
"""More channels than this no picture has."""
LOOKED_AT = 64
"""Images whose neighbouring pixels are compared."""
FEWEST = 256
"""Values below which nothing is said of them."""
LIKE_ANY = 0.9
"""Neighbouring pixels whose difference is this part of that of any two are no picture's."""


def doubts(
    images: NDArray[Any], values: tuple[float, float], counts: Sequence[int], names: Sequence[str]
) -> tuple[str, ...]:
    """Warnings, each with what to do.

    Args:
        images: those for training, as they are stored.
        values: the lowest and the highest pixel as the network sees it.
        counts: the training images of each class.
        names: the classes.
    """
    if images.ndim != 4:  # no images
        told = (many_classes(counts, names), _flattened(images))
        return tuple(text for text in told if text)
    found = (many_classes(counts, names), _axes(images.shape[1:]), _range(images, values))
    return tuple(text for text in (*found, _no_pictures(images, values)) if text)


def many_classes(counts: Sequence[int], names: Sequence[str]) -> str:
    """Says of measurements that were taken for classes what they are; else nothing."""
    classes, images = len(names), sum(counts)
    are_numbers = all(name.lstrip("-").isdecimal() for name in names)
    if classes <= FEW_CLASSES or not are_numbers or images >= FEW_IMAGES * classes:
        return ""
    return (
        f"the labels are {classes} different whole numbers for {images} images, each taken for a "
        'class of its own: if they are measurements, set task = "regression" under [study]'
    )


def _flattened(rows: NDArray[Any]) -> str:
    """Says of rows of bytes that they may be images."""
    side = math.isqrt(rows.shape[-1])
    if rows.ndim != 2 or rows.dtype != "uint8" or side < SMALLEST or side * side != rows.shape[-1]:
        return ""
    return (
        f"rows of {rows.shape[-1]} bytes are taken as they are: if they are images of {side} x {side} "
        f"pixels, set image_shape = [{side}, {side}]"
    )


def _axes(image: tuple[int, ...]) -> str:
    height, width, channels = image
    if height <= CHANNELS < min(width, channels):
        return (
            f"an image is taken for {height} pixels high and {width} wide, with {channels} "
            "channels: if its channels come first, write it as numpy.moveaxis(images, 1, -1)"
        )
    return ""


def _range(images: NDArray[Any], values: tuple[float, float]) -> str:
    low, high = values
    if low >= -10 and high <= 10:
        return ""
    told = f"pixels reach from {low:g} to {high:g}; networks expect about 0 to 1"
    if low >= 0 and 100 < high <= 255:
        return (
            f"{told}: floats are taken as they are, so divide them by 255, or store them as uint8"
        )
    return told


def _no_pictures(images: NDArray[Any], values: tuple[float, float]) -> str:
    """Bytes that are no pixels: token ids, codes, or the numbers of a few levels."""
    import numpy as np

    if images.dtype != np.uint8 or images.size < FEWEST:
        return ""
    highest = round(values[1] * 255)
    if 0 < highest <= 16:
        return (
            f"the uint8 values reach only to {highest}, and are divided by 255: store what is not "
            "from 0 to 255 as floats from 0 to 1"
        )
    if _likeness(images) < LIKE_ANY:
        return ""
    return (
        "the uint8 values are divided by 255 as pixels are, but neighbours are no more alike than "
        "any two: if they are token ids or codes, store them as floats, as the network is to get "
        "them"
    )


def _likeness(images: NDArray[Any]) -> float:
    """The difference of neighbours, as a part of that of any two values; 0 where it is not known."""
    import numpy as np

    some = np.asarray(images[:: max(1, len(images) // LOOKED_AT)][:LOOKED_AT], np.float32)
    mixed = np.random.default_rng(0).permutation(some.reshape(-1))
    any_two = float(np.abs(np.diff(mixed)).mean())
    if not any_two:
        return 0.0
    axes = [axis for axis in (1, 2) if some.shape[axis] > 1]
    near = (float(np.abs(np.diff(some, axis=axis)).mean()) for axis in axes)
    return min(near, default=0.0) / any_two
