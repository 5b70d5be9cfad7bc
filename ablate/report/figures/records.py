"""What the figures show: plain records, sent to the process that draws."""

from __future__ import annotations

import hashlib

from ablate.spec.space import Frozen

TRADEOFF = "tradeoff.svg"
LEARNING_CURVES = "learning_curves.svg"
FOREST = "differences.svg"
INTERACTIONS = "interactions.svg"
EXPECTED_BEST = "expected_best.svg"
HISTORY = "search_history.svg"
VARIANTS = "variants.svg"
MEAN_CURVES = "curves.svg"
SEPARATION = "separation.svg"
ERRORS = "errors.svg"


class Point(Frozen):
    """A complete trial in the trade-off figure."""

    number: int
    score: float
    parameters: int
    seconds: float
    on_front: bool


class Curve(Frozen):
    """A trial's learning curves, one value an epoch."""

    number: int
    pruned: bool
    rank: int | None
    """0 for the trial that is best by the study's objective; None for a pruned one."""
    val_loss: tuple[float, ...]
    val_accuracy: tuple[float, ...] = ()
    """Empty where the task has none."""


class ForestRow(Frozen):
    """A variant's difference to the baseline, with its interval, in the metric's unit."""

    dataset: str
    variant: str
    mean: float
    low: float | None
    high: float | None
    verdict: str
    pairs: tuple[float, ...] = ()
    """The single differences."""


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
    """The expected best objective of a cell after 1, 2, ... trials; None for none."""

    name: str
    expected: tuple[float | None, ...]


class HistoryPoint(Frozen):
    """A finished trial in the order of its search."""

    number: int
    loss: float
    """Its objective, whatever that is; for a pruned trial the best that it had reached."""
    pruned: bool


class History(Frozen):
    """The search of one cell, trial by trial."""

    name: str
    points: tuple[HistoryPoint, ...]


class VariantPoint(Frozen):
    """A variant in the trade-off figure: its mean score over seeds with its interval, and costs."""

    dataset: str
    variant: str
    score: float
    low: float | None
    high: float | None
    parameters: int
    seconds: float
    on_front: bool


class Band(Frozen):
    """A measure by epoch: the mean over seeds with its interval."""

    mean: tuple[float, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


class CellCurves(Frozen):
    """The learning curves of a variant on a data set over its seeds."""

    dataset: str
    variant: str
    loss: Band
    val_loss: Band
    accuracy: Band | None = None
    """None where the task has none."""
    val_accuracy: Band | None = None
    best_epoch: float
    """The median over seeds of the best epoch by the study's objective."""


class SeparationData(Frozen):
    """How well probabilities tell two classes apart."""

    dataset: str
    variant: str
    roc: Band
    """The true positive rate at false positive rates from 0 to 1."""
    precision: Band
    """At recalls from 0 to 1."""
    probability: tuple[float, ...]
    """The mean of each bin of probabilities."""
    share: Band
    """Of positives, in each bin."""


class ErrorsData(Frozen):
    """True and predicted values of a number."""

    dataset: str
    variant: str
    target: str
    true: tuple[float, ...]
    predicted: tuple[float, ...]


class ConfusionData(Frozen):
    """A confusion matrix, as shares of the true class."""

    file: str
    title: str
    class_names: tuple[str, ...]
    matrix: tuple[tuple[int, ...], ...]


def confusion_file(index: int) -> str:
    """The figure of the confusion matrix of an index, among those that are shown."""
    return f"confusion_{index + 1}.svg"


class FiguresData(Frozen):
    """All that the figures of one report show."""

    name: str
    score: str = "accuracy"
    """What the trade-off figures weigh against costs, by its name among the measures."""
    objective: str = "loss"
    """What searches go by, by its title."""
    more_is_better: bool = False
    """Of that."""
    points: tuple[Point, ...] = ()
    curves: tuple[Curve, ...] = ()
    metric: str = ""
    """What the responses are, and the differences are differences of."""
    baseline: str = ""
    """What the differences are differences to."""
    unit: str = ""
    """What the differences are counted in."""
    forest: tuple[ForestRow, ...] = ()
    responses: tuple[Response, ...] = ()
    searches: tuple[SearchCurve, ...] = ()
    histories: tuple[History, ...] = ()
    variants: tuple[VariantPoint, ...] = ()
    cell_curves: tuple[CellCurves, ...] = ()
    separations: tuple[SeparationData, ...] = ()
    errors: tuple[ErrorsData, ...] = ()
    confusions: tuple[ConfusionData, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """The figures that there is something to draw for."""
        shown = {
            TRADEOFF: self.points,
            LEARNING_CURVES: self.curves,
            FOREST: self.forest,
            INTERACTIONS: self.responses,
            EXPECTED_BEST: self.searches,
            HISTORY: self.histories,
            VARIANTS: self.variants,
            MEAN_CURVES: self.cell_curves,
            SEPARATION: self.separations,
            ERRORS: self.errors,
        }
        drawn = tuple(name for name, data in shown.items() if data)
        return (*drawn, *(confusion.file for confusion in self.confusions))

    @property
    def digest(self) -> str:
        """Written into each figure, so that an unchanged one is not drawn again."""
        return f"ablate figure 4 {hashlib.sha256(self.model_dump_json().encode()).hexdigest()}"
