"""Straight lines on black: 96 classes of length, width, angle and colour (course report, 2019)."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from ablate.datasets._base import DatasetOptions, Examples, Places
from ablate.spec.data import DataShape

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIDE = 28
"""Height and width of an image in pixels."""
LENGTHS = {"short": 7, "long": 15}
WIDTHS = {"thin": 1, "thick": 3}
ANGLES = tuple(range(0, 180, 15))
COLOURS = {"red": 0, "blue": 2}
"""The channel that each colour fills."""
CLASSES = tuple(product(LENGTHS, WIDTHS, ANGLES, COLOURS))
TRAIN_SHARE = 0.6
VERSION = 1
"""Changed with the images, so that no old cached copy is used."""


class Options(DatasetOptions):
    """How the lines are drawn."""

    images_per_class: Annotated[int, Field(ge=2)] = 1000
    """Examples of each class, 60 % of them for training and 40 % for testing."""
    whole_pixel: bool = False
    """Centres on whole pixels and no anti-aliasing, as students drew them: many exact copies."""
    seed: Annotated[int, Field(ge=0)] = 0
    """The same seed gives the same bytes."""


def source(options: Options, places: Places) -> str:
    """The generator, its version and its options."""
    return f"drawn by ablate, version {VERSION}: {options.model_dump_json()}"


def shape(options: Options, places: Places) -> DataShape:
    """The sizes, from the options alone."""
    train = _train_per_class(options)
    classes = len(CLASSES)
    return DataShape(
        train=train * classes,
        test=(options.images_per_class - train) * classes,
        example=(SIDE, SIDE, 3),
        classes=classes,
    )


def load(options: Options, places: Places) -> Examples:
    """Draws all images, class after class; a class's first 60 % are its training images."""
    import numpy as np

    total = options.images_per_class
    images = np.zeros((len(CLASSES), total, SIDE, SIDE, 3), np.uint8)
    for index, (length, width, angle, colour) in enumerate(CLASSES):
        rng = np.random.default_rng([options.seed, index])
        ink = draw(rng, total, LENGTHS[length], WIDTHS[width], angle, options.whole_pixel)
        images[index, ..., COLOURS[colour]] = ink
    labels = np.repeat(np.arange(len(CLASSES))[:, None], total, axis=1)
    train = _train_per_class(options)
    return Examples(
        x_train=images[:, :train].reshape(-1, SIDE, SIDE, 3),
        y_train=labels[:, :train].reshape(-1),
        x_test=images[:, train:].reshape(-1, SIDE, SIDE, 3),
        y_test=labels[:, train:].reshape(-1),
        class_names=tuple(
            f"{length} {width} {angle} degrees {colour}" for length, width, angle, colour in CLASSES
        ),
    )


def draw(
    rng: np.random.Generator, count: int, length: int, width: int, angle: int, whole_pixel: bool
) -> NDArray[np.uint8]:
    """Draws one line at `count` random centres, each line wholly inside its image.

    Args:
        rng: where the centres come from.
        count: how many images.
        length: Euclidean length in pixels.
        width: in pixels.
        angle: in degrees, counter-clockwise from the horizontal.
        whole_pixel: whether centres are whole pixels and edges hard.

    Returns:
        The ink, 0 to 255, as ``(count, 28, 28)``.
    """
    import numpy as np

    cosine, sine = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    # Half the size of the line's bounding box, plus the half pixel that a soft edge reaches.
    reach_x = (abs(cosine) * length + abs(sine) * width) / 2 + 0.5
    reach_y = (abs(sine) * length + abs(cosine) * width) / 2 + 0.5
    centre_x = _centres(rng, count, reach_x, whole_pixel)[:, None, None]
    centre_y = _centres(rng, count, reach_y, whole_pixel)[:, None, None]
    pixel = np.arange(SIDE, dtype=np.float32) + 0.5
    dx = pixel[None, None, :] - centre_x
    dy = centre_y - pixel[None, :, None]
    along = np.abs(dx * np.float32(cosine) + dy * np.float32(sine))
    across = np.abs(dy * np.float32(cosine) - dx * np.float32(sine))
    if whole_pixel:
        ink: NDArray[Any] = (along <= length / 2) & (across <= width / 2)
        return ink.astype(np.uint8) * np.uint8(255)
    coverage = np.clip(length / 2 + 0.5 - along, 0, 1) * np.clip(width / 2 + 0.5 - across, 0, 1)
    return np.rint(coverage * 255).astype(np.uint8)


def _centres(
    rng: np.random.Generator, count: int, reach: float, whole_pixel: bool
) -> NDArray[np.float32]:
    import numpy as np

    if whole_pixel:
        # A whole-pixel centre lies in the middle of its pixel.
        low, high = int(np.ceil(reach - 0.5)), int(np.floor(SIDE - reach - 0.5))
        return (rng.integers(low, high + 1, count) + 0.5).astype(np.float32)
    return rng.uniform(reach, SIDE - reach, count).astype(np.float32)


def _train_per_class(options: Options) -> int:
    return max(1, round(options.images_per_class * TRAIN_SHARE))
