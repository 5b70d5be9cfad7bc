"""Studies whose training runs are written by hand: nothing is trained."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optuna import Study
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.storages import InMemoryStorage
from optuna.trial import TrialState

from ablate.config import load_study
from ablate.data.card import DataCard
from ablate.report.report import Report, make_report
from ablate.spec.environment import Environment
from ablate.spec.space import Scalar
from ablate.spec.study import Cell
from ablate.spec.trial import Epoch, TrialResult
from ablate.state.replicates import choices
from ablate.store.artifacts import Artifacts
from ablate.store.attributes import (
    CHOSEN_FROM,
    DATASET_PARAMETER,
    ENVIRONMENT,
    SEED,
    SEED_PARAMETER,
    TUNED,
    VARIANT_PARAMETER,
    replicate_parameters,
)
from ablate.store.place import StoragePlace
from ablate.store.results import write_result
from ablate.store.studies import open_study, write_cards

HEAD = """
[study]
name = "example"
description = "Does dropout help?"
conclusion = "It does not."
dataset = {datasets}
search_space = "baseline"
"""
DISTRIBUTIONS: dict[str, BaseDistribution] = {
    "learning_rate": FloatDistribution(1e-4, 1e-1, log=True),
    "pooling": CategoricalDistribution(["max", "average"]),
}
STATES = {
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "infeasible": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}
CLASSES = ("zero", "one")
HERE = Environment(
    backend="tensorflow",
    device="cpu",
    processor="a processor",
    cores=2,
    python="3.12",
    versions={"keras": "3.15"},
    commit=None,
)


class ByHand:
    """A study in memory, and the writing of its training runs."""

    def __init__(self, folder: Path, tables: str, datasets: tuple[str, ...] = ("digits",)) -> None:
        file = folder / "example.toml"
        file.write_text(HEAD.format(datasets=json.dumps(datasets)) + tables, encoding="utf-8")
        self.spec = load_study(file, (), {})
        self._storage = InMemoryStorage()
        self._artifacts = Artifacts(StoragePlace(str(folder / "journal")), self._storage)
        self._stored = open_study(self._storage, self.spec, dict.fromkeys(datasets, "0"))
        write_cards(self._stored, {name: _card(name).as_dict() for name in datasets})

    def tune(self, cell: Cell, number: int, result: TrialResult | None) -> None:
        """Writes a trial of a search; without a result one that is being trained."""
        tuned = [parameter.name for parameter in self.spec.architecture(cell.variant).tuned]
        values = {"learning_rate": 1e-4 * (number + 1), "pooling": ("max", "average")[number % 2]}
        given = {name: values[name] for name in tuned}
        domains = {name: DISTRIBUTIONS[name] for name in tuned}
        self._write(
            self._stored.tuning[cell],
            given,
            domains,
            SEED.entry(self.spec.search_seed(cell)),
            result,
        )

    def replicate(self, cell: Cell, seed: int, result: TrialResult) -> None:
        """Writes a replicate of what the search of its cell has chosen."""
        choice = choices(self._stored)[cell]
        given = replicate_parameters(cell, seed)
        domains = {
            DATASET_PARAMETER: CategoricalDistribution(
                [data.dataset for data in self.spec.datasets]
            ),
            VARIANT_PARAMETER: CategoricalDistribution(
                [variant.name for variant in self.spec.variants]
            ),
            SEED_PARAMETER: IntDistribution(0, 2**32 - 1),
        }
        attributes = {
            **SEED.entry(seed),
            **CHOSEN_FROM.entry(choice.number),
            **TUNED.entry(choice.tuned),
        }
        study = self._stored.replicates
        assert study is not None
        self._write(study, given, domains, attributes, result)

    def report(self) -> Report:
        """What is reported of it."""
        return make_report(self._stored, self._artifacts)

    def _write(
        self,
        study: Study,
        given: Mapping[str, Scalar],
        domains: Mapping[str, BaseDistribution],
        attributes: Mapping[str, Any],
        result: TrialResult | None,
    ) -> None:
        study.enqueue_trial(dict(given))
        trial = study.ask(dict(domains))
        for name, value in {**attributes, **ENVIRONMENT.entry(HERE)}.items():
            trial.set_user_attr(name, value)
        if result is None:
            return
        for epoch in result.curves:
            trial.report(epoch.val_loss, epoch.epoch)
        write_result(trial, result, CLASSES, self._artifacts)
        loss = result.objective if result.outcome == "complete" else None
        study.tell(trial, loss, state=STATES[result.outcome])


def result(quality: float, outcome: str = "complete", *, tested: bool = False) -> TrialResult:
    """What a training of three epochs gave.

    Args:
        quality: its accuracy.
        outcome: how it ended.
        tested: whether it is a replicate.
    """
    if outcome in ("infeasible", "failed"):
        return TrialResult.model_validate(
            {"outcome": outcome, "reason": f"{outcome} as an example"}
        )
    curves = tuple(
        Epoch(
            epoch=epoch,
            loss=1 / epoch,
            accuracy=quality,
            val_loss=1.2 - quality / epoch,
            val_accuracy=quality,
            seconds=1.0,
        )
        for epoch in (1, 2, 3)
    )
    loss = 1.2 - quality
    measures: dict[str, int | float] = {
        "val_loss": loss,
        "val_accuracy": quality,
        "val_f1": quality,
        "parameters": round(100_000 * quality),
        "flops": 200_000,
        "training_seconds": 3 + quality,
        "epochs": 3,
        "best_epoch": 1,
    }
    if tested:
        measures |= {"test_loss": loss, "test_accuracy": quality, "test_f1": quality}
        measures |= {"test_images": 360, "inference_seconds": 0.001}
    matrix = ((9, 1), (2, 8))
    return TrialResult.model_validate(
        {"outcome": outcome, "measures": measures, "curves": curves, "confusion_matrix": matrix}
    )


def _card(dataset: str) -> DataCard:
    return DataCard(
        dataset=dataset,
        source="an example",
        digest="0" * 64,
        image=(8, 8, 1),
        train=20,
        test=20,
        classes=2,
        per_class_train=(10, 10),
        per_class_test=(10, 10),
        values=(0.0, 1.0),
        duplicates=1,
        leaked=1,
        missing_train=(),
        missing_test=(),
    )
