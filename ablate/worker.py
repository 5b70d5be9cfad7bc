"""The worker process: loads Keras, carries out orders, tells what happens.

It reads orders as lines of JSON from its standard input and writes events as lines of JSON to
its standard output. Whatever else is printed goes to its standard error, a log file. When its
parent is gone, the worker interrupts itself.
"""

from __future__ import annotations

import _thread
import importlib
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from ablate.errors import AblateError, InputError, Problem
from ablate.messages import (
    DescribeData,
    Done,
    Event,
    Finished,
    MeasureNetworks,
    Order,
    PrepareData,
    Refused,
    Started,
    StopTraining,
    Trained,
    TrainTrial,
    order_from_json,
)
from ablate.spec import DataSettings, Epoch

if TYPE_CHECKING:
    import optuna
    from optuna.storages import BaseStorage

    from ablate.data import PreparedData, Split
    from ablate.space import Parameter, Scalar
    from ablate.spec import TrialResult
    from ablate.training.device import Environment
    from ablate.training.loop import Decision

Tell = Callable[[Event], None]


class _TrialFailedError(Exception):
    """Tells Optuna that a trial failed; its record is already written."""


class _InterruptedError(Exception):
    """Tells Optuna that a trial was stopped; it will be queued again."""


@dataclass
class Worker:
    """Carries out orders; keeps what several of them need."""

    tell: Tell
    stop: threading.Event = field(default_factory=threading.Event)
    """Set when the running trial should end after its epoch."""
    _splits: dict[str, tuple[PreparedData, Split]] = field(default_factory=dict)
    _storages: dict[str, BaseStorage] = field(default_factory=dict)

    def carry_out(self, order: Order) -> None:
        """Carries out one order; what the user must mend is told as `Refused`."""
        try:
            match order:
                case PrepareData():
                    from ablate.data import prepare

                    prepared = prepare(order.settings, Path(order.cache))
                    self.tell(Done(answer=prepared.digest))
                case DescribeData():
                    from ablate.data import prepare
                    from ablate.data_card import data_card

                    prepared = prepare(order.settings, Path(order.cache))
                    self.tell(Done(answer=data_card(prepared, order.settings).as_dict()))
                case MeasureNetworks():
                    self.tell(Done(answer=[_measure(order, c) for c in order.configurations]))
                case TrainTrial():
                    self._train(order)
                case StopTraining():
                    self.stop.set()
        except AblateError as error:
            problems = error.problems if isinstance(error, InputError) else (str(error),)
            texts = tuple(str(problem) for problem in problems)
            self.tell(Refused(problems=texts, exit_code=error.exit_code))

    @cached_property
    def _environment(self) -> Environment:
        from ablate.training.device import prepare_device

        return prepare_device()

    def _train(self, order: TrainTrial) -> None:
        import optuna

        from ablate.pruners import make_pruner
        from ablate.samplers import make_sampler
        from ablate.storage import StoragePlace, open_storage

        # Loaded before Optuna makes a trial: a trial must not stand there for seconds without an
        # owner.
        for module in ("ablate.records", "ablate.training.loop"):
            importlib.import_module(module)
        _ = self._environment

        if order.storage not in self._storages:
            self._storages[order.storage] = open_storage(StoragePlace(order.storage))
        storage = self._storages[order.storage]
        study = order.study
        domains = {
            p.name: None if p.domain.size is None else p.domain.values()
            for p in study.tune.parameters
        }
        optuna_study = optuna.load_study(
            study_name=study.name,
            storage=storage,
            sampler=make_sampler(study.tune.sampler, domains, study.seed, order.ordinal),
            pruner=make_pruner(study.tune.pruner, study.training.epochs),
        )
        finished: list[Finished] = []

        def objective(trial: optuna.Trial) -> float:
            result = self._trial(trial, order, storage)
            finished.append(_finished(trial.number, result))
            return _told_to_optuna(trial, result)

        optuna_study.optimize(objective, n_trials=1, catch=(_TrialFailedError, _InterruptedError))
        self.tell(finished[0])

    def _trial(self, trial: optuna.Trial, order: TrainTrial, storage: BaseStorage) -> TrialResult:
        from ablate.owner import Owner
        from ablate.plan import trial_spec
        from ablate.records import write_result
        from ablate.storage import ArtifactStore
        from ablate.training.loop import Decision, train
        from ablate.trials import OWNER

        trial.set_user_attr(OWNER, Owner.this_process().model_dump())
        prepared, split = self._split(order.study.data, order.study.seed, order.cache)
        spec = trial_spec(order.study, prepared.digest, lambda p: suggest(trial, p))
        trial.set_user_attr("seed", spec.seed)
        trial.set_user_attr("fingerprint", spec.fingerprint)
        trial.set_user_attr("environment", self._environment.model_dump())
        self.tell(
            Started(number=trial.number, parameters=trial.params, epochs=spec.training.epochs)
        )

        def on_epoch(epoch: Epoch) -> Decision:
            trial.report(epoch.val_loss, step=epoch.epoch)
            self.tell(Trained(number=trial.number, epoch=epoch))
            if self.stop.is_set():
                return Decision.STOP
            return Decision.PRUNE if trial.should_prune() else Decision.CONTINUE

        result = train(spec, split, on_epoch)
        store = ArtifactStore(order.artifacts)
        Path(order.artifacts).mkdir(parents=True, exist_ok=True)
        if result.outcome != "interrupted":
            write_result(trial, result, split.class_names, storage, store)
        return result

    def _split(self, settings: DataSettings, seed: int, cache: str) -> tuple[PreparedData, Split]:
        from ablate.data import prepare, training_split

        key = f"{settings.model_dump_json()} {seed}"
        if key not in self._splits:
            self._splits.clear()  # one split in memory at a time
            prepared = prepare(settings, Path(cache))
            self._splits[key] = (prepared, training_split(prepared, settings, seed))
        return self._splits[key]


def _told_to_optuna(trial: optuna.Trial, result: TrialResult) -> float:
    """The objective's value, or the exception that makes Optuna note another state."""
    import optuna

    match result.outcome:
        case "complete":
            assert result.val_loss is not None
            return result.val_loss
        case "infeasible":
            # Pruned rather than failed, so that samplers learn to stay away.
            trial.set_constraint("can_be_built", 1.0)
            raise optuna.TrialPruned
        case "pruned":
            raise optuna.TrialPruned
        case "failed":
            raise _TrialFailedError(result.reason)
        case "interrupted":
            raise _InterruptedError


def _finished(number: int, result: TrialResult) -> Finished:
    best = min((epoch.val_loss for epoch in result.curves), default=None)
    return Finished(
        number=number,
        outcome=result.outcome,
        reason=result.reason,
        val_loss=result.val_loss if result.val_loss is not None else best,
        val_accuracy=result.val_accuracy,
        seconds=result.training_seconds,
    )


def _measure(order: MeasureNetworks, configuration: Mapping[str, Scalar]) -> dict[str, Any]:
    """A network's size, or the reason why it cannot be built."""
    from ablate.training.network import InfeasibleError, ModelError, build_network, measure

    try:
        network = build_network(
            order.architecture, order.source, order.input_shape, order.classes, configuration
        )
    except InfeasibleError as error:
        return {"infeasible": str(error)}
    except ModelError as error:
        raise InputError(Problem(order.architecture, str(error))) from error
    except Exception as error:
        traceback.print_exc()
        rule = f"build raised {type(error).__name__}: {error}"
        raise InputError(Problem(order.architecture, rule)) from error
    return asdict(measure(network))


def suggest(trial: optuna.Trial, parameter: Parameter) -> Scalar:
    """Asks Optuna for the value of one parameter."""
    from ablate.space import Choices

    domain = parameter.domain
    if isinstance(domain, Choices):
        chosen: Scalar | None = trial.suggest_categorical(parameter.name, domain.choices)
        assert chosen is not None
        return chosen
    if domain.is_integer:
        return trial.suggest_int(
            parameter.name,
            int(domain.low),
            int(domain.high),
            step=int(domain.step or 1),
            log=domain.log,
        )
    return trial.suggest_float(
        parameter.name, domain.low, domain.high, step=domain.step, log=domain.log
    )


PATIENCE = 30.0
"""Seconds that a worker without a parent gets to end by itself."""


def _read_orders(lines: TextIO, orders: queue.SimpleQueue[Order | None], worker: Worker) -> None:
    for line in lines:
        order = order_from_json.validate_json(line)
        if isinstance(order, StopTraining):
            worker.carry_out(order)
        else:
            orders.put(order)
    # The parent has closed the pipe, or is gone: an idle worker reads on, a busy one is interrupted.
    orders.put(None)
    _thread.interrupt_main()
    time.sleep(PATIENCE)
    os._exit(1)


def main() -> None:
    """Runs a worker until its standard input ends."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print goes to the log

    def tell(event: Event) -> None:
        channel.write(event.model_dump_json() + "\n")
        channel.flush()

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
