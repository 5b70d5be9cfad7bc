"""What a measure is, and what follows from a table of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

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

LOSS = "loss"
OBJECTIVE = "val_loss"
"""What a search keeps low unless a study says otherwise: then it is stored as the value of the Optuna
trial, not as an attribute."""
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
    spent: bool = False
    """Whether training spends it, as it does time: a trial that repeats another has none of its own."""
    asked: bool = False
    """Whether it is measured only where a study asks for it, or its task always has it."""

    @property
    def is_score(self) -> bool:
        """Whether it tells how well the network does on images."""
        return len(self.stages) > 1

    @property
    def sign(self) -> int:
        """What a value is multiplied by so that less of it is better."""
        return -1 if self.better == "higher" else 1

    @property
    def best(self) -> Literal["lowest", "highest"]:
        """Which of several values is the best."""
        return "lowest" if self.sign > 0 else "highest"

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


def loss_first(measures: Iterable[Measure]) -> tuple[Measure, ...]:
    """Measures in the order of records and of the screen: the loss first."""
    return tuple(sorted(measures, key=lambda measure: measure.name != LOSS))


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


@dataclass(frozen=True)
class MeasureTable:
    """The measures of a study, or all there are."""

    all: tuple[Measure, ...]
    """In the order of the reports' tables."""

    def shown(self, place: Display) -> tuple[Measure, ...]:
        """The measures that are shown there."""
        return tuple(measure for measure in self.all if place in measure.shown)

    @cached_property
    def scores(self) -> tuple[Measure, ...]:
        """Those that tell how well a network does."""
        return tuple(measure for measure in self.all if measure.is_score)

    @cached_property
    def costs(self) -> tuple[Measure, ...]:
        """What tables of variants hold beside the scores."""
        return tuple(measure for measure in self.shown("variants") if not measure.is_score)

    @cached_property
    def curves(self) -> tuple[Measure, ...]:
        """Scores of every epoch, on the training images too: fields of `spec.trial.Epoch`."""
        return loss_first(self.shown("curves"))

    @cached_property
    def weighed(self) -> tuple[Measure, ...]:
        """What the Pareto front weighs against each other: one score at least, and costs."""
        found = self.shown("front")
        return found if any(one.is_score for one in found) else (*self.scores[:1], *found)

    @cached_property
    def published(self) -> dict[str, Measure]:
        """Those that published numbers are set beside, by their key under ``[published]``."""
        return {measure.published: measure for measure in self.all if measure.published}

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """What a training run may measure, by column of the results table."""
        return tuple(
            measure.key(stage)
            for stage in STAGES
            for measure in loss_first(self.all)
            if stage in measure.stages
        )

    @cached_property
    def stored(self) -> tuple[str, ...]:
        """Those that become user attributes of the Optuna trial."""
        return tuple(key for key in self.keys if key != OBJECTIVE)

    @cached_property
    def by_name(self) -> dict[str, Measure]:
        """All, by name."""
        return {measure.name: measure for measure in self.all}

    @cached_property
    def by_key(self) -> dict[str, Measure]:
        """All, by what they are stored as."""
        return {m.key(stage): m for m in self.all for stage in m.stages}

    @cached_property
    def metrics(self) -> dict[str, Metric]:
        """What a verdict may be about, by name."""
        return {
            score.name: Metric(
                key=score.name,
                name=score.title,
                attribute=score.key("test"),
                higher_is_better=score.better == "higher",
                unit="points" if score.kind == "share" else "",
            )
            for score in self.scores
        }
