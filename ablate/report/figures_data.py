"""What the figures show: plain records, sent to the process that draws."""

from __future__ import annotations

import hashlib

from ablate.space import Frozen

TRADEOFF = "tradeoff.svg"
LEARNING_CURVES = "learning_curves.svg"
FOREST = "differences.svg"
INTERACTIONS = "interactions.svg"
EXPECTED_BEST = "expected_best.svg"


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


class ForestRow(Frozen):
    """A variant's difference to the baseline, with its interval, in the metric's unit."""

    dataset: str
    variant: str
    mean: float
    low: float | None
    high: float | None
    verdict: str


class Response(Frozen):
    """The mean of a factorial design's metric over the seeds, at two levels of two factors."""

    dataset: str
    x_factor: str
    x_level: str
    line_factor: str
    line_level: str
    mean: float
    low: float | None
    high: float | None


class SearchCurve(Frozen):
    """The expected lowest validation loss of a cell after 1, 2, ... trials; None for no loss."""

    name: str
    expected: tuple[float | None, ...]


class FiguresData(Frozen):
    """All that the figures of one report show."""

    name: str
    points: tuple[Point, ...] = ()
    curves: tuple[Curve, ...] = ()
    metric: str = ""
    """What the responses are, and the differences are differences of."""
    unit: str = ""
    """What the differences are counted in."""
    forest: tuple[ForestRow, ...] = ()
    responses: tuple[Response, ...] = ()
    searches: tuple[SearchCurve, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """The figures that there is something to draw for."""
        shown = {
            TRADEOFF: self.points,
            LEARNING_CURVES: self.curves,
            FOREST: self.forest,
            INTERACTIONS: self.responses,
            EXPECTED_BEST: self.searches,
        }
        return tuple(name for name, data in shown.items() if data)

    @property
    def digest(self) -> str:
        """Written into each figure, so that an unchanged one is not drawn again."""
        return f"ablate figure 2 {hashlib.sha256(self.model_dump_json().encode()).hexdigest()}"
