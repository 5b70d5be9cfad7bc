"""Grey images of stripes that lie or stand."""

from typing import Annotated

from pydantic import Field

from ablate.datasets import DatasetOptions, DataShape, Examples, Places

CLASS_NAMES = ("lying", "standing")


class Options(DatasetOptions):
    """How many stripes there are."""

    images_per_class: Annotated[int, Field(ge=4)] = 20
    """Half of them for training, half for testing."""
    side: Annotated[int, Field(ge=4)] = 8
    """Height and width of an image in pixels."""


def source(options: Options, places: Places) -> str:
    """The generator, its version and its options."""
    return f"drawn by ablate_example, version 1: {options.model_dump_json()}"


def shape(options: Options, places: Places) -> DataShape:
    """The sizes, from the options alone."""
    count = 2 * (options.images_per_class // 2)
    return DataShape(train=count, test=count, example=(options.side, options.side, 1), classes=2)


def load(options: Options, places: Places) -> Examples:
    """Draws noise, and a stripe for every second row or column."""
    import numpy as np

    rng = np.random.default_rng(0)
    half, side = options.images_per_class // 2, options.side
    images = rng.integers(0, 100, (2, 2, half, side, side, 1), np.uint8)
    images[:, 0, :, ::2] += 100
    images[:, 1, :, :, ::2] += 100
    labels = np.repeat(np.arange(2), half)
    return Examples(
        x_train=images[0].reshape(-1, side, side, 1),
        y_train=labels,
        x_test=images[1].reshape(-1, side, side, 1),
        y_test=labels,
        class_names=CLASS_NAMES,
    )
