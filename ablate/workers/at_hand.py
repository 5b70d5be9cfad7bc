"""What a worker keeps at hand, because several trials in a row need it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from optuna.storages import BaseStorage, get_storage
from optuna.trial import FrozenTrial

from ablate.data.prepared import PreparedData, changed, check_unchanged, prepare
from ablate.data.split import Split, TestSet, test_set, training_split
from ablate.data.streams import (
    StreamSplit,
    StreamTest,
    check_same_stream,
    stream_split,
    stream_test,
)
from ablate.planning.plan import Part, parts, trial_spec
from ablate.spec.data import DataSettings, Fold
from ablate.spec.study import Cell
from ablate.spec.trial import TrialSpec
from ablate.state.orders import TrainingOrder, TuneTrial
from ablate.store.artifacts import Artifacts
from ablate.store.kept_models import ModelKeeper
from ablate.store.place import StoragePlace, open_storage
from ablate.store.repeats import TrainedTrials
from ablate.store.studies import StoredStudy, data_digests, stored_as


@dataclass
class AtHand:
    """Storages, studies, images and what is known of kept models; each is read when it is asked for."""

    _data: dict[str, PreparedData] = field(default_factory=dict)
    _splits: dict[str, Split] = field(default_factory=dict)
    _tests: dict[str, TestSet] = field(default_factory=dict)
    _storages: dict[str, BaseStorage] = field(default_factory=dict)
    _studies: dict[str, StoredStudy] = field(default_factory=dict)
    """The study of each storage that was worked on last."""
    _keepers: dict[Cell, ModelKeeper] = field(default_factory=dict)
    _noted: set[tuple[str, str, str]] = field(default_factory=set)
    """What was noted of a study, by its storage, its name and a key."""
    _trained: dict[Cell, tuple[StoredStudy, TrainedTrials]] = field(default_factory=dict)

    def keeper(self, order: TrainingOrder) -> ModelKeeper | None:
        """Which models of a cell are kept; None where the study keeps none.

        Of searches inside folds, and of one search among several, none is: what they find is trained
        again.
        """
        models = order.study.artifacts.models
        if models == "none" or order.cell.within:
            return None
        stored, keeper = self.stored(order), self._keepers.get(order.cell)
        if keeper is None or keeper.stored is not stored:
            artifacts = self.artifacts(order.place.url)
            keeper = ModelKeeper(models, stored, order.cell, artifacts)
            self._keepers[order.cell] = keeper
        return keeper

    def trained(self, order: TuneTrial, data_digest: str) -> TrainedTrials:
        """The complete trials of a cell's search, by what they were trained with."""
        stored, cell = self.stored(order), order.cell
        known = self._trained.get(cell)
        if known is None or known[0] is not stored:
            spec = stored.spec

            def spec_of(trial: FrozenTrial) -> TrialSpec:
                return trial_spec(
                    spec, cell, data_digest, spec.search_seed(cell), lambda p: trial.params[p.name]
                )

            known = stored, TrainedTrials(stored.searches[cell], spec_of)
            self._trained[cell] = known
        return known[1]

    def stored(self, order: TrainingOrder) -> StoredStudy:
        """The study of an order as it is stored, and what is known of its trials."""
        url, study = order.place.url, order.study
        stored = self._studies.get(url)
        if stored is None or stored.spec != study:
            # With one cache for all, a database is asked for a finished trial once.
            stored = self._studies[url] = stored_as(get_storage(self.storage(url)), study)
        return stored

    def is_new(self, order: TrainingOrder, key: str) -> bool:
        """Whether it is asked for the first time of an order's study."""
        noted = (order.place.url, order.study.name, key)
        if noted in self._noted:
            return False
        self._noted.add(noted)
        return True

    def storage(self, url: str) -> BaseStorage:
        """The storage behind a URL or a path."""
        if url not in self._storages:
            self._storages[url] = open_storage(StoragePlace(url))
        return self._storages[url]

    def artifacts(self, url: str) -> Artifacts:
        """The artifacts of a storage."""
        return Artifacts(StoragePlace(url), self.storage(url))

    def prepared(self, settings: DataSettings, cache: Path) -> PreparedData:
        """A data set, prepared where it is not yet.

        Raises:
            InputError: its files are wrong, or were changed since they were asked for first.
        """
        key = settings.model_dump_json()
        if key in self._data:
            check_unchanged(self._data[key], settings)
        else:
            self._data[key] = prepared = prepare(settings, cache)
            if prepared.stream is not None:
                check_same_stream(prepared, settings)
        return self._data[key]

    def data_of(self, order: TrainingOrder) -> PreparedData:
        """The data set of an order, which is that which its study was begun with.

        Raises:
            InputError: its files are wrong, or were changed since, also before this worker began.
        """
        settings = order.study.data(order.cell.dataset)
        prepared = self.prepared(settings, order.place.cache)
        begun = data_digests(self.stored(order)).get(settings.dataset, prepared.digest)
        if prepared.digest != begun:
            raise changed(settings.dataset)
        return prepared

    def split(
        self, settings: DataSettings, seed: int, cache: Path, fold: Fold | None = None
    ) -> Split | StreamSplit:
        """What a seed draws of a data set, without a fold; one split at a time."""
        prepared = self.prepared(settings, cache)
        if prepared.stream is not None:
            return stream_split(prepared, settings, seed)
        key = f"{settings.model_dump_json()} {seed} {fold}"
        if key not in self._splits:
            self._splits.clear()
            self._splits[key] = training_split(prepared, settings, seed, fold)
        return self._splits[key]

    def test_set(
        self, settings: DataSettings, seed: int, cache: Path, fold: Fold | None = None
    ) -> TestSet | StreamTest:
        """The test examples of a data set, as the split of a seed scales them; one at a time."""
        split = self.split(settings, seed, cache, fold)
        if isinstance(split, StreamSplit):
            return stream_test(settings)
        key = f"{settings.model_dump_json()} {seed} {fold}"
        if key not in self._tests:
            self._tests.clear()
            prepared = self.prepared(settings, cache)
            self._tests[key] = test_set(prepared, settings, split.x_train.fit, fold)
        return self._tests[key]


def part_of(order: TrainingOrder) -> Part:
    """The part of the study that holds the trial that is ordered."""
    cell = order.cell if isinstance(order, TuneTrial) else None
    return next(part for part in parts(order.study) if part.cell == cell)
