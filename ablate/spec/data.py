"""Which data a study uses, and how large they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, PositiveInt

from ablate.spec.space import Frozen


class DataSettings(Frozen):
    """Which data a study uses, and how much of them."""

    dataset: str
    per_class: PositiveInt | None = None
    """Training images of each class, drawn by the trial's seed; None takes all."""
    test_per_class: PositiveInt | None = None
    """Test images of each class, the same for every trial; None takes all."""
    validation: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the training images that is split off, stratified, by the trial's seed."""
    home: Annotated[str, Field(min_length=1)] | None = None
    """A folder that is searched for data files before any download."""
    folder: str = "."
    """The folder of the study file."""
    options: Mapping[str, Any] = {}
    """The data set's own options, all of them, as its `Options` writes them."""


@dataclass(frozen=True)
class DataShape:
    """The sizes of a data set."""

    train: int
    """Training images, the validation share included."""
    test: int
    image: tuple[int, int, int]
    """Height, width and channels."""
    classes: int
