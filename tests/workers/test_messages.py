"""Orders and events survive the pipe."""

from __future__ import annotations

import pytest
from hand_made import cell, compare
from pydantic import ValidationError

from ablate.spec.averages import MovingAverages
from ablate.spec.data import DataSettings
from ablate.spec.trial import Epoch
from ablate.state.orders import TrainReplicate, TuneTrial
from ablate.store.place import StoragePlace
from ablate.workers.messages import (
    Done,
    Finished,
    Lags,
    MeasureNetworks,
    PrepareData,
    Refused,
    Started,
    StopTraining,
    TimeEpoch,
    Trained,
    event_from_json,
    order_from_json,
)

PLACE = StoragePlace("runs/ablate.journal")
DATA = DataSettings(dataset="npz", options={"file": "a.npz", "class_names": ["a", "b"]})


@pytest.mark.parametrize(
    "order",
    [
        PrepareData(settings=DATA, cache="runs/data"),
        MeasureNetworks(
            architecture="baseline",
            source=None,
            study="study.toml",
            input_shape=(8, 8, 1),
            classes=10,
            configurations=({"filters": 8, "batch_norm": True, "dropout": 0.5},),
        ),
        StopTraining(),
    ],
)
def test_an_order_survives_the_pipe(order):
    assert order_from_json.validate_json(order.model_dump_json()) == order


def test_orders_that_train_survive_the_pipe(project):
    study = compare(project, 'study.dataset=["digits", "line"]', "vary.label_smoothing=[0.1]")
    four = cell("units=4")
    for order in (
        TuneTrial(study=study, place=PLACE, cell=four, slot=3),
        TrainReplicate(
            study=study,
            place=PLACE,
            cell=four,
            seed=2**32 - 1,
            chosen_from=4,
            tuned={"learning_rate": 0.1, "norm": True, "units": 16, "act": "relu"},
        ),
        TrainReplicate(study=study, place=PLACE, cell=four, seed=0, chosen_from=None, tuned={}),
        TimeEpoch(study=study, cache="runs/data", cell=four),
    ):
        again = order_from_json.validate_json(order.model_dump_json())
        assert again == order
        assert again.study.question() == study.question()


def test_the_values_of_a_choice_keep_their_types(project):
    tuned = {"a": True, "b": 1, "c": 1.0, "d": "1"}
    order = TrainReplicate(
        study=compare(project), place=PLACE, cell=cell("a"), seed=1, chosen_from=0, tuned=tuned
    )
    again = order_from_json.validate_json(order.model_dump_json())
    assert [type(value) for value in again.tuned.values()] == [bool, int, float, str]


EPOCH = Epoch(epoch=1, loss=1.0, accuracy=0.5, val_loss=2.0, val_accuracy=0.25, seconds=0.1)


@pytest.mark.parametrize(
    "event",
    [
        Started(
            part="s/tune/a",
            number=3,
            phase="tune",
            cell=cell("a"),
            parameters={"units": 4, "rate": 0.5},
            epochs=2,
        ),
        Lags(cell=cell("a"), epochs=2, averages=MovingAverages(momentum=0.99, steps=4)),
        Trained(part="s/tune/a", number=3, epoch=EPOCH),
        Finished(part="s/tune/a", number=3, outcome="failed", reason="out of memory"),
        Finished(
            part="s/replicate",
            number=0,
            outcome="complete",
            measures={"test_accuracy": 0.5, "epochs": 2},
        ),
        Done(answer={"first": 1.5, "later": None}),
        Refused(problems=("a: b",), exit_code=2),
    ],
)
def test_an_event_survives_the_pipe(event):
    assert event_from_json.validate_json(event.model_dump_json()) == event


def test_what_is_no_event_is_refused():
    with pytest.raises(ValidationError):
        event_from_json.validate_json('{"event": "exploded"}')
