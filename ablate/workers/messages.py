"""What the parent asks of a worker, and what the worker tells: lines of JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, TypeAdapter

from ablate import tasks
from ablate.spec.averages import MovingAverages
from ablate.spec.data import DataSettings, InputShape
from ablate.spec.measure import OBJECTIVE
from ablate.spec.space import Frozen, Scalar
from ablate.spec.study import Cell, Phase, StudySpec
from ablate.spec.training import TrainingSettings
from ablate.spec.trial import Epoch, Outcome, TrialResult
from ablate.state.orders import TrainReplicate, TuneTrial


class PrepareData(Frozen):
    """Load a data set and keep it in the cache. Answered by `Done` with its card."""

    order: Literal["prepare_data"] = "prepare_data"
    settings: DataSettings
    cache: str


class MeasureNetworks(Frozen):
    """Build networks and measure them. Answered by `Done` with a list of sizes or reasons.

    Of a network of the user's own each holds ``code``, too: the files that building it executed.
    """

    order: Literal["measure_networks"] = "measure_networks"
    architecture: str
    source: str | None
    study: str
    """The study file: the user's code lies below its folder, or that of the source."""
    input_shape: InputShape
    classes: int
    """How many classes or labels there are, or numbers a network shall give."""
    task: str = tasks.DEFAULT
    training: TrainingSettings = TrainingSettings()
    """For a `build` that asks for some of it."""
    data: DataSettings | None = None
    """For a `build` that asks for what it is trained on."""
    configurations: tuple[Mapping[str, Scalar], ...]
    twice: bool = False
    """Whether each is trained for two steps, twice from one seed, and ``repeats`` says whether its
    numbers are the same."""


class TimeEpoch(Frozen):
    """Train a cell for two epochs, record nothing. Answered by `Done` with their seconds."""

    order: Literal["time_epoch"] = "time_epoch"
    study: StudySpec
    cache: str
    cell: Cell


class StopTraining(Frozen):
    """End the running trial after its epoch; it will be trained again."""

    order: Literal["stop_training"] = "stop_training"


Order = Annotated[
    PrepareData | MeasureNetworks | TuneTrial | TrainReplicate | TimeEpoch | StopTraining,
    Field(discriminator="order"),
]


class Started(Frozen):
    """A trial has its hyperparameters and begins."""

    event: Literal["started"] = "started"
    part: str
    """The Optuna study that holds the trial."""
    number: int
    phase: Phase
    cell: Cell
    parameters: Mapping[str, Scalar]
    """What was chosen by Optuna; for a replicate its seed."""
    epochs: int


class Lags(Frozen):
    """The first epoch of a trial was validated with moving averages that lag."""

    event: Literal["lags"] = "lags"
    cell: Cell
    epochs: int
    averages: MovingAverages


class Trained(Frozen):
    """A trial has finished an epoch."""

    event: Literal["trained"] = "trained"
    part: str
    number: int
    epoch: Epoch


class Finished(Frozen):
    """A trial is over and its record is in the storage."""

    event: Literal["finished"] = "finished"
    part: str
    number: int
    outcome: Outcome
    reason: str | None = None
    measures: Mapping[str, int | float] = {}
    """Those of its result that are finite; of a trial that was pruned the lowest loss it had reached."""
    no_model: str | None = None
    """Why its trained network was not kept, where it should have been."""
    repeats: int | None = None
    """The trial whose result it has taken over, without being trained."""

    @classmethod
    def of(cls, part: str, number: int, result: TrialResult) -> Self:
        """What is told of a result."""
        measures = dict(result.measures)
        if result.curves:
            measures.setdefault(OBJECTIVE, min(epoch.val_loss for epoch in result.curves))
        return cls(
            part=part,
            number=number,
            outcome=result.outcome,
            reason=result.reason,
            # JSON has no other numbers.
            measures={key: value for key, value in measures.items() if math.isfinite(value)},
            no_model=result.no_model,
            repeats=result.repeats,
        )


class Taken(Frozen):
    """Another run trains, or has trained, what was ordered."""

    event: Literal["taken"] = "taken"


class Done(Frozen):
    """An order other than training is carried out."""

    event: Literal["done"] = "done"
    answer: Any = None


class Refused(Frozen):
    """An order could not be carried out, for a reason that the user can mend."""

    event: Literal["refused"] = "refused"
    problems: tuple[str, ...]
    exit_code: int


Event = Annotated[
    Started | Lags | Trained | Finished | Taken | Done | Refused, Field(discriminator="event")
]

order_from_json: TypeAdapter[Order] = TypeAdapter(Order)
event_from_json: TypeAdapter[Event] = TypeAdapter(Event)
