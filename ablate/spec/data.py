"""Which data a study uses, and how large they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt

from ablate import tasks
from ablate.spec.space import Frozen

SplitName = Literal["stratified", "random", "chronological"]
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
    """Share of the training examples that is split off by the trial's seed, see `split`; of no account
    where the data set has a validation part of its own."""
    split: Annotated[SplitName | None, Field(exclude_if=lambda name: name is None)] = None
    """How examples are drawn: of each class its share, any, or the last in time for validation and
    testing. None is the first where there are classes, else the second."""
    folds: Annotated[
        Annotated[int, Field(ge=2)] | None, Field(exclude_if=lambda count: count is None)
    ] = None
    """How many folds are held out to test on, one after the other, where no part of the data is set
    apart for that."""
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

    @property
    def strategy(self) -> SplitName:
        """How examples are drawn."""
        return self.split or ("stratified" if tasks.find(self.task).has_classes else "random")


class Fold(Frozen):
    """One of the equal parts that a data set is cut into, held out to test on."""

    folds: Annotated[int, Field(ge=2)]
    """How many there are."""
    number: Annotated[int, Field(ge=0)]
    """Which of them is held out, from 0; chronological ones in their order."""
    repeat: Annotated[int, Field(ge=0)] = 0
    """Which of the cuts it is of."""
    seed: int = 0
    """What the cuts are drawn with; the same for every variant."""


@dataclass(frozen=True)
class DataShape:
    """The sizes of a data set."""

    train: int
    """Training examples; those for validation are split off from them, unless they are a part of
    their own."""
    test: int
    """Test examples; 0 where there are none."""
    example: InputShape
    """The shape of one example, of images height, width and channels."""
    classes: int
    """How many classes or labels there are, or numbers a network shall give."""
    validation: int = 0
    """Examples of its own validation part; 0 where there is none."""


class StreamFacts(Frozen):
    """What was seen of the streams of a user's, made with batches of 32."""

    example: InputShape
    """The shape of one example; of several inputs each, by name."""
    kinds: Mapping[str, str]
    """The type of the examples, by the name of the input; of a single one that is empty."""
    weighted: bool
    """Whether training batches say how much each example counts."""
    rows: int
    """Examples of the first batch."""
    train: int | None
    """Batches of a training epoch; None where the stream does not know."""
    validation: int | None
    width: int | None
    """How many numbers are given as the target of an example; None where it is no array."""
    highest: float
    """The highest target of the first batches."""
    targets: str
    """SHA-256 of the targets of the first batch."""

    @property
    def examples(self) -> int | None:
        """About how many there are to train on; the last batch may be smaller."""
        return None if self.train is None else self.train * self.rows

    @property
    def kind(self) -> str:
        """The types of the examples, in words."""
        return ", ".join(dict.fromkeys(self.kinds.values()))
