"""The worker process: loads Keras, carries out orders, tells what happens.

It reads orders as lines of JSON from its standard input and writes events as lines of JSON to
its standard output. Whatever else is printed goes to its standard error, a log file. When its
parent is gone, the worker interrupts itself.
"""

from __future__ import annotations

import _thread
import os
import queue
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from ablate import tasks
from ablate.errors import AblateError, InputError, Problem
from ablate.limits import ORPHAN_GRACE
from ablate.state.orders import TrainReplicate, TuneTrial
from ablate.user_code.places import line_of
from ablate.workers.later import load_later
from ablate.workers.loading import load
from ablate.workers.messages import (
    Done,
    Event,
    MeasureNetworks,
    Order,
    PrepareData,
    Refused,
    StopTraining,
    TimeEpoch,
    order_from_json,
)
from ablate.workers.without_others import do_without_others

if TYPE_CHECKING:
    from ablate.spec.space import Scalar
    from ablate.workers.trainer import Trainer

Tell = Callable[[Event], None]


@dataclass
class Worker:
    """Carries out orders; keeps what several of them need."""

    tell: Tell
    stop: threading.Event = field(default_factory=threading.Event)
    """Set when the running trial should end after its epoch."""
    gone: threading.Event = field(default_factory=threading.Event)
    """Set when the parent is gone."""

    @cached_property
    def _trainer(self) -> Trainer:
        load("ablate.workers.trainer")
        from ablate.workers.trainer import Trainer

        return Trainer(self.tell, self.stop, self.gone)

    def carry_out(self, order: Order) -> None:
        """Carries out one order; what the user must mend is told as `Refused`."""
        try:
            match order:
                case PrepareData():
                    from ablate.data.card import keep_card
                    from ablate.data.prepared import prepare

                    prepared = prepare(order.settings, Path(order.cache))
                    self.tell(Done(answer=keep_card(prepared, order.settings)))
                case MeasureNetworks():
                    self.tell(Done(answer=[_measure(order, c) for c in order.configurations]))
                case TuneTrial():
                    self._trainer.tune(order)
                case TrainReplicate():
                    self._trainer.replicate(order)
                case TimeEpoch():
                    self.tell(Done(answer=self._trainer.time_epoch(order)))
                case StopTraining():
                    self.stop.set()
        except AblateError as error:
            problems = error.problems if isinstance(error, InputError) else (str(error),)
            texts = tuple(str(problem) for problem in problems)
            self.tell(Refused(problems=texts, exit_code=error.exit_code))


def _measure(order: MeasureNetworks, configuration: Mapping[str, Scalar]) -> dict[str, Any]:
    """A network's size, or the reason why it cannot be built, and the user's files it is made by."""
    from ablate.user_code.imported import afresh

    with afresh(order.source, order.study) as code:
        found = _built(order, configuration)
        if code is None:
            return found
        code.meet_others()
    return {**found, "code": [str(file) for file in code.digests]}


def _built(order: MeasureNetworks, configuration: Mapping[str, Scalar]) -> dict[str, Any]:
    """A network's size, or the reason why it cannot be built."""
    load("keras", "ablate.training.network")
    import keras

    from ablate.training.network import (
        InfeasibleError,
        ModelError,
        asks_for_data,
        build_network,
        measure,
    )
    from ablate.training.outputs import try_out

    task = tasks.find(order.task)

    def build() -> keras.Model:
        return build_network(
            order.architecture,
            order.source,
            order.input_shape,
            order.classes,
            configuration,
            order.training,
            task,
            _training_data(order.data.model_dump_json(), order.training.batch_size)[0]
            if order.data and asked
            else None,
        )

    keras.utils.clear_session(free_memory=False)  # its layers are called as when it is trained
    asked = False
    try:
        asked = asks_for_data(order.architecture, order.source, configuration)
        network = build()
        if fault := try_out(network, order.input_shape, task):
            raise ModelError(fault)
    except InfeasibleError as error:
        return {"infeasible": str(error)}
    except ModelError as error:
        raise InputError(Problem(order.architecture, str(error))) from error
    except (Exception, SystemExit) as error:  # a network may call sys.exit
        traceback.print_exc()
        where = "" if order.source is None else line_of(error, Path(order.source))
        rule = f"build raised {type(error).__name__}: {error}{where}"
        raise InputError(Problem(order.architecture, rule)) from error
    size = asdict(measure(network))
    if order.twice:
        size["repeats"] = _repeats_itself(build, order)
    return size


@lru_cache(maxsize=1)
def _training_data(written: str, batch_size: int) -> tuple[Any, tempfile.TemporaryDirectory[str]]:
    """What a network would be trained on with seed 0, of settings as JSON, and where it lies.

    Kept for the next network; the folder goes when they do.
    """
    from ablate.data.prepared import prepare
    from ablate.data.split import TrainingData, training_split
    from ablate.data.streams import stream_split
    from ablate.spec.data import DataSettings

    settings = DataSettings.model_validate_json(written)

    folder = tempfile.TemporaryDirectory(prefix="ablate-check-")
    prepared = prepare(settings, Path(folder.name))
    if prepared.stream is not None:
        return stream_split(prepared, settings, 0).make(batch_size)[0], folder
    split = training_split(prepared, settings, 0)
    return TrainingData(split.x_train, split.y_train), folder


def _repeats_itself(build: Callable[[], Any], order: MeasureNetworks) -> bool:
    """Whether two steps of training give the same numbers twice.

    Raises:
        InputError: they cannot be trained.
    """
    from ablate.training.network import ModelError
    from ablate.training.repeatable import repeats_itself

    try:
        task = tasks.find(order.task)
        return repeats_itself(build, order.training, order.input_shape, order.classes, task)
    except ModelError as error:
        raise InputError(Problem(order.architecture, str(error))) from error
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        rule = f"its first steps raised {type(error).__name__}: {error}"
        raise InputError(Problem(order.architecture, rule)) from error


GONE = 130
"""The exit code of a worker whose parent has gone."""


def _read_orders(lines: TextIO, orders: queue.SimpleQueue[Order | None], worker: Worker) -> None:
    for line in lines:
        order = order_from_json.validate_json(line)
        if isinstance(order, StopTraining):
            worker.carry_out(order)
        else:
            orders.put(order)
    # The parent has closed the pipe, or is gone: an idle worker reads on, a busy one is interrupted.
    orders.put(None)
    worker.gone.set()
    _thread.interrupt_main()
    time.sleep(ORPHAN_GRACE)
    os._exit(1)


def main() -> None:
    """Runs a worker until its standard input ends."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print goes to the log

    def tell(event: Event) -> None:
        try:
            channel.write(event.model_dump_json() + "\n")
            channel.flush()
        except BrokenPipeError:
            # The parent is gone. Anything raised here would be taken for a fault of the network;
            # the trial stays without an outcome, and is taken up by the next run.
            os._exit(GONE)

    load_later()
    do_without_others(os.environ.get("KERAS_BACKEND", "tensorflow"))
    worker = Worker(tell)
    orders: queue.SimpleQueue[Order | None] = queue.SimpleQueue()
    reader = threading.Thread(target=_read_orders, args=(sys.stdin, orders, worker), daemon=True)
    reader.start()
    try:
        while (order := orders.get()) is not None:
            worker.carry_out(order)
    except (KeyboardInterrupt, BrokenPipeError):
        sys.exit(130)


if __name__ == "__main__":
    main()
