"""What is asked of a table of results: which of its columns mean what, and how it is judged."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from ablate.spec.space import Frozen
from ablate.spec.training import Positive


class Columns(Frozen):
    """Which columns of a table mean what."""

    variant: str = "variant"
    seed: str | None = "seed"
    """None where runs are not paired."""
    dataset: str | None = None
    """None for a column called ``dataset``, if there is one."""
    name: str | None = None
    """In a long table the column that names the metric of a row."""
    value: str | None = None
    """In a long table the column that holds its value."""


class Asked(Frozen):
    """How a table of results is judged."""

    baseline: str
    metric: str
    mode: Literal["max", "min"] | None = None
    """Whether more of the metric is better, or less; None for one that ablate knows."""
    margin: Positive | None = None
    """What two variants may differ by and still be alike, in the unit that the metric is reported in."""
    looks: bool | tuple[PositiveInt, ...] = False
    planned: Annotated[int, Field(ge=1)] | None = None
    """How many seeds were planned before the results were seen; None for those that there are."""
    folds: Annotated[int, Field(ge=2)] | None = None
    """Into how many folds the data were cut; the column of seeds then counts folds, over all cuts."""
    columns: Columns = Columns()
