"""Carries out the orders that train: asks Optuna, trains, and records."""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial

from ablate.data.parts import counted
from ablate.data.streams import StreamSplit, StreamTest
from ablate.planning.length import longest_training
from ablate.planning.plan import trial_spec, untuned
from ablate.spec.averages import MovingAverages
from ablate.spec.environment import Environment
from ablate.spec.pruners import make_pruner
from ablate.spec.samplers import make_sampler
from ablate.spec.space import Scalar
from ablate.spec.trial import Epoch, TrialResult, TrialSpec
from ablate.state.next_order import trials_for
from ablate.state.orders import TrainingOrder, TrainReplicate, TuneTrial
from ablate.store.attributes import (
    CHOSEN_FROM,
    DATASET_PARAMETER,
    ENVIRONMENT,
    FINGERPRINT,
    RETRY_OF,
    SEED,
    SEED_PARAMETER,
    SLOT,
    SPLITS,
    TUNED,
    VARIANT_PARAMETER,
    WORKERS,
    replicate_parameters,
)
from ablate.store.heartbeat import beating
from ablate.store.kept_models import MODEL_FILE
from ablate.store.place import told_plainly
from ablate.store.repeats import take_over
from ablate.store.results import write_result
from ablate.store.slots import given_again
from ablate.store.trials import TakenError, begin, outcome_of
from ablate.training.device import prepare_device
from ablate.training.feeding import AnySplit, AnyTest
from ablate.training.kept import KeptNetworks
from ablate.training.loop import Decision, train
from ablate.training.memory import BLOCK, blocks_are_kept
from ablate.training.saving import save_network
from ablate.user_code.imported import afresh
from ablate.workers.ask_and_tell import suggest, tell
from ablate.workers.at_hand import AtHand, part_of
from ablate.workers.code import check_files, executed_code
from ablate.workers.messages import Event, Finished, Lags, Started, Taken, TimeEpoch, Trained

LAST_SEED = 2**32 - 1
Decide = Callable[[Epoch], Decision]


@dataclass
class Trainer:
    """Trains one trial after the other; keeps what several of them need."""

    tell: Callable[[Event], None]
    stop: threading.Event
    """Set when the running trial should end after its epoch."""
    gone: threading.Event = field(default_factory=threading.Event)
    """Set when the parent is gone, just before this worker is interrupted."""
    at_hand: AtHand = field(default_factory=AtHand)
    _networks: KeptNetworks = field(default_factory=KeptNetworks)

    @cached_property
    def environment(self) -> Environment:
        """What training runs on; found out once."""
        found = prepare_device()
        kept, faults = blocks_are_kept()
        print(  # noqa: T201  into the worker's log
            f"memory that a step frees {'stays' if kept else 'goes back to the system'}: "
            f"{faults} page faults for {BLOCK >> 20} MiB asked for again",
            file=sys.stderr,
        )
        return found

    def tune(self, order: TuneTrial) -> None:
        """Trains one trial of a cell's search, which meets training and validation images only."""
        study, cell = order.study, order.cell
        assert study.tune is not None
        domains = {
            p.name: None if p.domain.size is None else p.domain.values()
            for p in study.architecture(cell.variant).tuned
        }
        sampler = make_sampler(study.tune.sampler, domains, study.search_seed(cell), order.slot)
        pruner = make_pruner(study.tune.pruner, longest_training(study, cell.variant))

        def objective(trial: optuna.Trial) -> TrialResult:
            prepared = self.at_hand.data_of(order)
            seed = study.search_seed(cell)
            spec = trial_spec(study, cell, prepared.digest, seed, lambda p: suggest(trial, p))
            earlier = self.at_hand.trained(order, prepared.digest).same_as(trial, spec)
            if earlier is not None:
                self._tell_started(trial, order, spec, trial.params)
                return take_over(
                    trial, earlier, [one.name for one in spec.user_metrics], spec.objective
                )

            def decide(epoch: Epoch) -> Decision:
                trial.report(epoch.searched, step=epoch.epoch)
                return Decision.PRUNE if trial.should_prune() else Decision.CONTINUE

            return self._train(trial, order, spec, decide, dict(trial.params))

        with told_plainly(order.place):
            self._begin(order, sampler, pruner, SLOT.entry(order.slot), objective)

    def replicate(self, order: TrainReplicate) -> None:
        """Trains a cell's configuration from a fresh seed, to its end, and tests it."""
        study, cell = order.study, order.cell

        def objective(trial: optuna.Trial) -> TrialResult:
            # As Optuna's own parameters they are shown, and compared, in its dashboard.
            datasets = sorted(data.dataset for data in study.datasets)
            variants = sorted(variant.name for variant in study.variants)
            trial.suggest_categorical(DATASET_PARAMETER, datasets)
            trial.suggest_categorical(VARIANT_PARAMETER, variants)
            trial.suggest_int(SEED_PARAMETER, 0, LAST_SEED)
            prepared = self.at_hand.data_of(order)
            spec = trial_spec(
                study, cell, prepared.digest, order.seed, lambda p: order.tuned[p.name]
            )

            def decide(epoch: Epoch) -> Decision:
                trial.report(epoch.searched, step=epoch.epoch)
                return Decision.CONTINUE

            test = self.at_hand.test_set(
                study.data(cell.dataset), order.seed, order.place.cache, spec.fold
            )
            return self._train(trial, order, spec, decide, {SEED_PARAMETER: order.seed}, test)

        attributes = CHOSEN_FROM.entry(order.chosen_from) | TUNED.entry(dict(order.tuned))
        fixed = replicate_parameters(cell, order.seed)
        sampler, pruner = optuna.samplers.RandomSampler(), optuna.pruners.NopPruner()
        with told_plainly(order.place):
            self._begin(order, sampler, pruner, attributes, objective, fixed)

    def time_epoch(self, order: TimeEpoch) -> dict[str, Any]:
        """Trains a cell's untuned network for two epochs.

        Returns:
            ``first`` and ``later``, the seconds of the two epochs, and the ``outcome``, with the
            ``reason`` where it is not complete.
        """
        _ = self.environment
        settings = order.study.data(order.cell.dataset)
        prepared = self.at_hand.prepared(settings, Path(order.cache))
        spec = trial_spec(order.study, order.cell, prepared.digest, order.study.seed, untuned)
        training = spec.training.model_copy(update={"epochs": 2, "early_stopping": None})
        spec = spec.model_copy(update={"training": training})
        split = self.at_hand.split(settings, order.study.seed, Path(order.cache), spec.fold)
        others = [metric.source for metric in spec.user_metrics if metric.source]
        with afresh(spec.architecture_source, order.study.path, others=others):
            result = train(spec, split, lambda epoch: Decision.CONTINUE)
        first, later, *_ = [*(epoch.seconds for epoch in result.curves), None, None]
        found = {"outcome": result.outcome, "reason": result.reason}
        return {**found, "first": first, "later": later}

    def _begin(
        self,
        order: TrainingOrder,
        sampler: optuna.samplers.BaseSampler,
        pruner: optuna.pruners.BasePruner,
        attributes: Mapping[str, Any],
        train_trial: Callable[[optuna.Trial], TrialResult],
        fixed: Mapping[str, Scalar] | None = None,
    ) -> None:
        """Begins a trial, trains it, and tells how it ended.

        Raises:
            InputError: the user's code is not that which the study was begun with.
        """
        _ = self.environment
        if self.stop.is_set():  # while Keras was loaded
            self.tell(Taken())
            return
        storage, stored = self.at_hand.storage(order.place.url), self.at_hand.stored(order)
        check_files(stored)
        part = part_of(order)
        study = optuna.load_study(
            study_name=part.name,
            storage=stored.parts[part]._storage,
            sampler=sampler,
            pruner=pruner,
        )

        def rivals() -> Sequence[FrozenTrial]:
            found = trials_for(stored, order)
            # A replicate that failed is trained once more.
            again = "failed" if isinstance(order, TrainReplicate) else None
            return [trial for trial in found if outcome_of(trial) != again]

        earlier = rivals()
        given = given_again(earlier) | ({"fixed_params": dict(fixed)} if fixed else {})
        retry = RETRY_OF.entry(earlier[-1].number) if earlier else {}
        try:
            trial = begin(study, {**attributes, **retry}, given, rivals)
        except TakenError:
            self.tell(Taken())
            return
        with beating(storage, trial):
            result = train_trial(trial)
            tell(study, trial, result)
        keeper = self.at_hand.keeper(order)
        if keeper is not None:
            keeper.tidy()
        self.tell(Finished.of(part.name, trial.number, result))

    def _train(
        self,
        trial: optuna.Trial,
        order: TrainingOrder,
        spec: TrialSpec,
        decide: Decide,
        parameters: Mapping[str, Scalar],
        test: AnyTest | None = None,
    ) -> TrialResult:
        """Trains what a spec says, and writes its record unless it was stopped."""
        split = self.at_hand.split(spec.data, spec.seed, order.place.cache, spec.fold)
        SEED.write(trial, spec.seed)
        FINGERPRINT.write(trial, spec.fingerprint)
        ENVIRONMENT.write(trial, self.environment)
        WORKERS.write(trial, order.workers)
        self._tell_started(trial, order, spec, parameters)
        self._note_split(order, spec, split, test)
        part = part_of(order)

        def on_epoch(epoch: Epoch) -> Decision:
            with told_plainly(order.place):
                decision = decide(epoch)
            self.tell(Trained(part=part.name, number=trial.number, epoch=epoch))
            return Decision.STOP if self.stop.is_set() else decision

        def on_lag(found: MovingAverages) -> None:
            self.tell(Lags(cell=order.cell, epochs=spec.training.epochs, averages=found))

        keeper, file = self.at_hand.keeper(order), Path()
        with ExitStack() as scratch:

            def save(model: Any, cost: float) -> str | None:
                nonlocal file
                if keeper is None or not keeper.wants(part.phase, trial, cost):
                    return None
                # Not sooner: what dies in training leaves no folder behind.
                folder = scratch.enter_context(tempfile.TemporaryDirectory(prefix="ablate-model-"))
                file = Path(folder) / MODEL_FILE
                return save_network(model, file)

            with executed_code(self.at_hand.stored(order), spec.architecture_source, trial):
                result = train(
                    spec, split, on_epoch, test, save=save, kept=self._networks, on_lag=on_lag
                )
            if self.gone.is_set() and result.outcome in ("failed", "infeasible"):
                # A library may have swallowed the interrupt, and failed of what it left half done.
                raise KeyboardInterrupt
            if result.outcome != "interrupted":
                files = self.at_hand.artifacts(order.place.url)
                model = file if file.is_file() else None
                no_model = write_result(trial, result, split.class_names, files, model)
                result = result.model_copy(update={"no_model": no_model})
        return result

    def _note_split(
        self, order: TrainingOrder, spec: TrialSpec, split: AnySplit, test: AnyTest | None
    ) -> None:
        """Keeps how a data set was split, where nobody has yet; of replicates, where there are any."""
        if isinstance(split, StreamSplit) or isinstance(test, StreamTest):
            return  # nobody counts what a stream gives
        stored = self.at_hand.stored(order)
        if test is None and stored.spec.replicate is not None:
            return
        prepared = self.at_hand.prepared(spec.data, order.place.cache)
        fold = None if spec.fold is None else 1 + stored.spec.replicate_index(spec.seed)
        varies = fold is not None or prepared.holds("groups")
        key = f"{spec.data.dataset} {spec.seed if varies else ''}"
        if self.at_hand.is_new(order, key):
            SPLITS.add(
                stored.describing, key, counted(prepared, spec.data, spec.seed, fold, split, test)
            )

    def _tell_started(
        self,
        trial: optuna.Trial,
        order: TrainingOrder,
        spec: TrialSpec,
        parameters: Mapping[str, Scalar],
    ) -> None:
        part = part_of(order)
        self.tell(
            Started(
                part=part.name,
                number=trial.number,
                phase=part.phase,
                cell=order.cell,
                parameters=parameters,
                epochs=spec.training.epochs,
            )
        )
