"""Which data a study uses, and how large they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, PositiveInt

from ablate import tasks
from ablate.spec.space import Frozen

InputShape = tuple[int, ...] | Mapping[str, tuple[int, ...]]
"""The shape of one example; of several inputs each, by name."""


class DataSettings(Frozen):
    """Which data a study uses, and how much of them."""

    dataset: str
    per_class: PositiveInt | None = None
    """Training images of each class, drawn by the trial's seed; None takes all."""
    test_per_class: PositiveInt | None = None
    """Test images of each class, the same for every trial; None takes all."""
    validation: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the training images that is split off, stratified, by the trial's seed."""
    task: Annotated[str, Field(exclude_if=lambda name: name == tasks.DEFAULT)] = tasks.DEFAULT
    """What the targets mean, see `ablate.tasks`."""
    positive: Annotated[
        str | int | float | bool | None, Field(exclude_if=lambda name: name is None)
    ] = None
    """Of two classes the one whose probability a network gives; None for the second, in order."""
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
    """Training examples, the validation share included."""
    test: int
    """Test examples; 0 where there are none."""
    example: InputShape
    """The shape of one example, of images height, width and channels."""
    classes: int
    """How many classes or labels there are, or numbers a network shall give."""
