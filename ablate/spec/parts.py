"""How a data set was split for a training run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from ablate.spec.space import Frozen


class Parts(Frozen):
    """What was trained on, validated and tested: ``train``, ``validation`` and ``test``."""

    dataset: str
    seed: int
    """That drew it; where nothing but the rows depends on it, the first one's stands for all."""
    fold: Annotated[int | None, Field(exclude_if=lambda number: number is None)] = None
    """Which one was held out, from 1 over all cuts."""
    counts: Mapping[str, int]
    """The examples of each part."""
    classes: Annotated[
        Mapping[str, Mapping[str, int]], Field(exclude_if=lambda counts: not counts)
    ] = {}
    """Those of each class, by its name; left out where there are none."""
    groups: Annotated[Mapping[str, tuple[str, ...]], Field(exclude_if=lambda names: not names)] = {}
    """Which groups are in each part; left out where nothing is kept together."""
