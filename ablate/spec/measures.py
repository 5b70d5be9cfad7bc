"""The table of measures: what is measured of a training run, how it is stored, written and shown.

To add one, add it to `MEASURES` and measure it in `training`; all else reads this table.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

Stage = Literal["validation", "network", "training", "test", "inference"]
"""Of what: the validation images, the network whatever its seed, its training, the test images,
or a forward pass; the last two of replicates only."""
STAGES: tuple[Stage, ...] = ("validation", "network", "training", "test", "inference")
"""In the order of the results table."""
Kind = Literal["share", "loss", "count", "number"]
"""A share lies between 0 and 1, a loss is not below 0, a count is whole, a number may be any."""
Display = Literal["curves", "progress", "export", "trials", "variants", "front"]
"""Where it is shown beside the results table, ``show`` and the JSON report, which show all:
epoch by epoch, while a study runs, by ``ablate export``, in the table of trials, in those of
variants and studies; or weighed by the Pareto front."""

CLASSIFICATION = frozenset({"classification"})
OBJECTIVE = "val_loss"
"""What a search keeps low: stored as the value of the Optuna trial, not as an attribute."""
_PREFIXES = {"validation": "val_", "test": "test_"}


@dataclass(frozen=True)
class Measure:
    """Something that is measured of a training run."""

    name: str
    title: str
    """What it is called in a sentence."""
    kind: Kind
    stages: tuple[Stage, ...]
    """One; or for a score both that have images."""
    shown: tuple[Display, ...] = ()
    better: Literal["higher", "lower"] | None = None
    short: str = ""
    """What it is called in the heading of a column; empty for its title."""
    unit: str = ""
    milli: bool = False
    """Whether tables hold thousandths of the unit."""
    digits: int = 4
    """After the point, in tables."""
    same: float = 0.0
    """The share by which two values may differ and be the same to the Pareto front."""
    published: str = ""
    """Its key under ``[published]``; empty where no published number is set beside it."""
    optional: bool = False
    """Whether tables leave it out where no training run has it: those of older versions lack what
    has been added since."""
    tasks: frozenset[str] | None = None
    """The tasks that have it; None for every task."""

    @property
    def is_score(self) -> bool:
        """Whether it tells how well the network does on images."""
        return len(self.stages) > 1

    @property
    def is_exact(self) -> bool:
        """Whether no seed changes it."""
        return self.stages == ("network",)

    def key(self, stage: Stage = "test") -> str:
        """What it is stored as: a score once for each stage, all else under its own name."""
        return f"{_PREFIXES[stage]}{self.name}" if self.is_score else self.name

    @property
    def heading(self) -> str:
        """The heading of a column."""
        unit = f"m{self.unit}" if self.milli else self.unit
        return f"{self.short or self.title} ({unit})" if unit else self.short or self.title

    def text(self, value: float) -> str:
        """A value as it stands under the heading."""
        if self.kind == "count":
            return f"{round(value):,}"
        return f"{value * (1000 if self.milli else 1):.{self.digits}f}".replace("-", "−")

    def text_with_unit(self, value: float) -> str:
        """A value as it stands in a sentence."""
        if not self.unit:
            return self.text(value)
        return f"{value:.{self.digits + (3 if self.milli else 0)}f} {self.unit}"


MEASURES = (
    Measure(
        "accuracy",
        "accuracy",
        "share",
        ("validation", "test"),
        ("curves", "progress", "export", "trials", "variants", "front"),
        better="higher",
        published="accuracy",
        tasks=CLASSIFICATION,
    ),
    # The mean over the classes that occur, each counting the same.
    Measure(
        "f1",
        "macro F1",
        "share",
        ("validation", "test"),
        ("export", "trials", "variants"),
        better="higher",
        short="F1",
        published="f1",
        tasks=CLASSIFICATION,
    ),
    # Crossentropy, without label smoothing and weight penalties.
    Measure(
        "loss",
        "loss",
        "loss",
        ("validation", "test"),
        ("curves", "progress", "export", "trials", "variants"),
        better="lower",
        published="loss",
    ),
    Measure("test_images", "images", "count", ("test",)),
    # Those of batch norm's averages included.
    Measure(
        "parameters",
        "parameters",
        "count",
        ("network",),
        ("export", "trials", "variants", "front"),
        better="lower",
        published="parameters",
    ),
    Measure("trainable_parameters", "trainable", "count", ("network",), better="lower"),
    # Additions and multiplications of one forward pass; missing where a layer's are not known.
    Measure(
        "flops",
        "FLOPs of an image",
        "count",
        ("network",),
        ("trials", "variants"),
        better="lower",
        short="FLOPs",
    ),
    # Wall time, the validation after each epoch included. It varies from run to run. Published in
    # any unit, the same for all variants: only ratios are compared.
    Measure(
        "training_seconds",
        "training time",
        "number",
        ("training",),
        ("trials", "variants", "front"),
        better="lower",
        short="time",
        unit="s",
        digits=1,
        same=0.1,
        published="training_time",
    ),
    # The median over the epochs after the first, which includes compilation.
    Measure(
        "seconds_per_epoch",
        "time of an epoch",
        "number",
        ("training",),
        better="lower",
        unit="s",
        digits=2,
    ),
    # The median wall time of a forward pass.
    Measure(
        "inference_seconds",
        "time of an image",
        "number",
        ("inference",),
        ("variants",),
        better="lower",
        short="latency",
        unit="s",
        milli=True,
        digits=2,
    ),
    Measure("epochs", "epochs", "count", ("training",)),
    # The one with the lowest validation loss, counted from 1.
    Measure("best_epoch", "best epoch", "count", ("training",)),
)
"""All of them, in the order of the reports' tables."""


def loss_first(measures: Iterable[Measure]) -> tuple[Measure, ...]:
    """Measures in the order of records and of the screen: the loss, by which all is chosen, first."""
    return tuple(sorted(measures, key=lambda measure: measure.kind != "loss"))


def shown(place: Display) -> tuple[Measure, ...]:
    """The measures that are shown there."""
    return tuple(measure for measure in MEASURES if place in measure.shown)


SCORES = tuple(measure for measure in MEASURES if measure.is_score)
COSTS = tuple(measure for measure in shown("variants") if not measure.is_score)
"""What tables of variants hold beside the scores."""
CURVES = loss_first(shown("curves"))
"""Scores of every epoch, on the training images too: a field of `spec.trial.Epoch` for each."""
WEIGHED = shown("front")
"""What the Pareto front weighs against each other."""
PUBLISHED = {measure.published: measure for measure in MEASURES if measure.published}
KEYS = tuple(
    measure.key(stage)
    for stage in STAGES
    for measure in loss_first(MEASURES)
    if stage in measure.stages
)
"""What a training run may measure, by column of the results table."""
STORED = tuple(key for key in KEYS if key != OBJECTIVE)
"""Those that become user attributes of the Optuna trial."""
BY_NAME = {measure.name: measure for measure in MEASURES}
BY_KEY = {measure.key(stage): measure for measure in MEASURES for stage in measure.stages}


@dataclass(frozen=True)
class Metric:
    """Something that is measured on the test set."""

    key: str
    name: str
    attribute: str
    higher_is_better: bool
    unit: str
    """What a difference is counted in: ``points`` are hundredths."""

    @property
    def scale(self) -> float:
        """What a difference is multiplied by to be in that unit."""
        return 100.0 if self.unit == "points" else 1.0


METRICS = {
    score.name: Metric(
        key=score.name,
        name=score.title,
        attribute=score.key("test"),
        higher_is_better=score.better == "higher",
        unit="points" if score.kind == "share" else "",
    )
    for score in SCORES
}
"""What a verdict may be about."""

if TYPE_CHECKING:
    MetricName = str
else:
    MetricName = Literal[tuple(METRICS)]
