"""A study in a journal, with artifacts, whose trials are written by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hand_made import cell, make_stored
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

from ablate.spec.measures import EVERY
from ablate.spec.trial import Epoch, TrialResult
from ablate.store.artifacts import Artifacts
from ablate.store.owner import Owner
from ablate.store.place import StoragePlace, open_storage
from ablate.store.results import write_result

NOW = datetime(2026, 9, 10, 12, 34, 56)
RATE = {"learning_rate": FloatDistribution(0.001, 1.0)}
GONE = Owner(host=Owner.this_process().host, pid=2**22 + 1, started=0.0)
AWAY = Owner(host="elsewhere.invalid", pid=7, started=0.0)


def result(**changes):
    """What a training of two epochs gave."""
    curves = tuple(
        Epoch(
            epoch=epoch,
            loss=1 / epoch,
            accuracy=0.4 * epoch,
            val_loss=0.9 / epoch,
            val_accuracy=0.45 * epoch,
            seconds=1.5,
        )
        for epoch in (1, 2)
    )
    measures = {
        "val_loss": 0.45,
        "val_accuracy": 0.9,
        "val_f1": 0.88,
        "parameters": 1210,
        "trainable_parameters": 1200,
        "flops": 2420,
        "training_seconds": 3.0,
        "seconds_per_epoch": 1.5,
        "epochs": 2,
        "best_epoch": 2,
    } | {key: changes.pop(key) for key in EVERY.keys if key in changes}
    fields = {
        "outcome": "complete",
        "measures": {key: value for key, value in measures.items() if value is not None},
        "curves": curves,
        "confusion_matrix": ((9, 1), (2, 8)),
    }
    return TrialResult(**fields | changes)


@dataclass
class Kept:
    """The study, and the writing of its trials."""

    place: StoragePlace
    folder: Path

    def __post_init__(self):
        self.storage = open_storage(self.place)
        self.artifacts = Artifacts(self.place, self.storage)
        self.place.artifacts.mkdir(parents=True, exist_ok=True)

    @property
    def journal(self) -> Path:
        return Path(self.place.url)

    def make(self, spec):
        self.stored = make_stored(spec, self.storage)
        return self

    def tune(self, variant="units=16", *, owner=GONE, **changes):
        """A finished trial of a cell's search."""
        study = self.stored.tuning[cell(variant)]
        trial = study.ask(RATE)
        return self._finish(study, trial, owner, result(**changes))

    def replicate(self, variant="units=16", seed=1, *, owner=GONE, **changes):
        """A finished replicate."""
        study, trial = self._replicate(variant, seed)
        tested = {"test_loss": 0.5, "test_accuracy": 0.87, "test_f1": 0.86, "test_images": 360}
        return self._finish(study, trial, owner, result(**tested | changes))

    def begin(self, variant="units=16", *, owner=GONE):
        """A trial of a search that is marked as running."""
        trial = self.stored.tuning[cell(variant)].ask(RATE)
        return self._own(trial, owner)

    def begin_replicate(self, variant="units=16", seed=1, *, owner=GONE):
        """A replicate that is marked as running."""
        return self._own(self._replicate(variant, seed)[1], owner)

    def _replicate(self, variant, seed):
        study = self.stored.replicates
        names = sorted(found.name for found in self.stored.spec.variants)
        study.enqueue_trial({"dataset": "digits", "variant": variant, "seed": seed})
        trial = study.ask(
            {
                "dataset": CategoricalDistribution(["digits"]),
                "variant": CategoricalDistribution(names),
                "seed": IntDistribution(0, 2**32 - 1),
            }
        )
        trial.set_user_attr("chosen_from", 0)
        trial.set_user_attr("tuned", {"learning_rate": 0.1})
        trial.set_user_attr("seed", seed)
        return study, trial

    def _own(self, trial, owner):
        if owner is not None:
            trial.set_user_attr("owner", owner.model_dump())
        return trial

    def _finish(self, study, trial, owner, found):
        self._own(trial, owner)
        write_result(trial, found, ["a", "b"], self.artifacts)
        states = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED}
        value = found.objective if found.outcome == "complete" else None
        study.tell(trial, value, state=states.get(found.outcome, TrialState.FAIL))
        return trial

    def files(self):
        """Every file and link with its content, to see whether anything was changed."""
        return {
            str(path.relative_to(self.folder)): (
                path.lstat().st_mtime_ns,
                path.read_bytes() if path.is_file() else None,
            )
            for path in self.folder.rglob("*")
        }
