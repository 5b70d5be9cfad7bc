"""What the figures show: plain records, sent to the process that draws."""

from __future__ import annotations

import hashlib

from ablate.space import Frozen

TRADEOFF = "tradeoff.svg"
LEARNING_CURVES = "learning_curves.svg"


class Point(Frozen):
    """A complete trial in the trade-off figure."""

    number: int
    accuracy: float
    parameters: int
    seconds: float
    on_front: bool


class Curve(Frozen):
    """A trial's learning curves, one value an epoch."""

    number: int
    pruned: bool
    rank: int | None
    """0 for the trial with the lowest validation loss; None for a pruned one."""
    val_loss: tuple[float, ...]
    val_accuracy: tuple[float, ...]


class FiguresData(Frozen):
    """All that the figures of one report show."""

    name: str
    points: tuple[Point, ...]
    curves: tuple[Curve, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """The figures that there is something to draw for."""
        return (*([TRADEOFF] if self.points else []), *([LEARNING_CURVES] if self.curves else []))

    @property
    def digest(self) -> str:
        """Written into each figure, so that an unchanged one is not drawn again."""
        return f"ablate figure 1 {hashlib.sha256(self.model_dump_json().encode()).hexdigest()}"
