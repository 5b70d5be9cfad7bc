"""Reports of studies in every state; their training runs are written by hand, nothing is trained."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from optuna import Study, logging
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.storages import InMemoryStorage
from optuna.trial import TrialState

from ablate.artifacts import Artifacts
from ablate.attributes import (
    CHOSEN_FROM,
    DATASET_PARAMETER,
    ENVIRONMENT,
    SEED,
    SEED_PARAMETER,
    TUNED,
    VARIANT_PARAMETER,
    replicate_parameters,
)
from ablate.config import load_study
from ablate.data_card import DataCard
from ablate.environment import Environment
from ablate.records import write_result
from ablate.replicates import choices
from ablate.report.summary import Report, make_report
from ablate.space import Scalar
from ablate.spec import Cell, Epoch, TrialResult
from ablate.storage import StoragePlace
from ablate.stored import open_study, write_cards

COMPLETE = "a comparison that is complete"
"""The state that has the most to report."""
HEAD = """
[study]
name = "example"
description = "Does dropout help?"
conclusion = "It does not."
dataset = {datasets}
search_space = "baseline"
"""
RATE = "learning_rate = { low = 1e-4, high = 1e-1, log = true }"
SEARCH = f"""
[tune]
trials = 16
pooling = {{ choices = ["max", "average"] }}
{RATE}
"""
COMPARISON = f"""
[vary]
dropout = [0.0, 0.5]
[tune]
trials = 2
{RATE}
[replicate]
seeds = 7
"""
PUBLISHED = """
[published."dropout=0.5"]
source = "a paper"
accuracy = 0.9
parameters = 1_000_000
[published."dropout=0.0"]
source = "a paper"
accuracy = 0.8
"""
FACTORIAL = """
[vary]
design = "factorial"
dropout = [0.0, 0.5]
pooling = ["max", "average"]
[replicate]
seeds = 6
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
        self._write(self._stored.tuning[cell], given, domains, SEED.entry(self.spec.seed), result)

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
        loss = result.val_loss if result.outcome == "complete" else None
        study.tell(trial, loss, state=STATES[result.outcome])


def _begun(study: ByHand) -> None:
    """Nothing is trained yet."""


def _every_outcome(study: ByHand) -> None:
    (cell,) = study.spec.cells
    ends = [result(number / 20) for number in range(11)]
    ends += [result(0.3, outcome=outcome) for outcome in ("pruned", "infeasible", "failed")]
    for number, end in enumerate([*ends, None]):
        study.tune(cell, number, end)


def _half_searched(study: ByHand) -> None:
    first, second = study.spec.cells
    study.tune(first, 0, result(0.6))
    study.tune(second, 0, None)


def _half_replicated(study: ByHand) -> None:
    first, second = study.spec.cells
    _searched(study)
    study.replicate(first, study.spec.seeds[0], result(0.6, tested=True))
    study.replicate(second, study.spec.seeds[0], result(0.6, outcome="failed"))


def _complete(study: ByHand) -> None:
    _searched(study)
    for index, cell in enumerate(study.spec.cells):
        for seed in study.spec.seeds:
            quality = 0.6 + 0.05 * index + 0.003 * (seed * 7 % 5)
            study.replicate(cell, seed, result(quality, tested=True))


def _searched(study: ByHand) -> None:
    for cell in study.spec.cells if study.spec.tune is not None else ():
        for number in range(2):
            study.tune(cell, number, result(0.5 + number / 10))


State = tuple[str, tuple[str, ...], Callable[[ByHand], None]]
EXAMPLES: Mapping[str, State] = {
    "a search of which nothing is trained": (SEARCH, ("digits",), _begun),
    "a search with trials of every outcome": (SEARCH, ("digits",), _every_outcome),
    "a comparison of which nothing is trained": (COMPARISON, ("digits",), _begun),
    "a comparison that is being searched": (COMPARISON, ("digits",), _half_searched),
    "a comparison that is being replicated": (
        COMPARISON + PUBLISHED,
        ("digits",),
        _half_replicated,
    ),
    COMPLETE: (COMPARISON + PUBLISHED, ("digits",), _complete),
    "a factorial design that is complete": (FACTORIAL, ("digits",), _complete),
    "a comparison on two data sets": (COMPARISON, ("digits", "line"), _complete),
    "a comparison on two data sets of which nothing is trained": (
        *(COMPARISON, ("digits", "line"), _begun),
    ),
}


@cache
def example_reports() -> Mapping[str, Report]:
    """A report of a study in each state, by what state that is; made once."""
    reports, verbosity = {}, logging.get_verbosity()
    logging.set_verbosity(logging.WARNING)
    try:
        for state, (tables, datasets, fill) in EXAMPLES.items():
            with tempfile.TemporaryDirectory(prefix="ablate-testing-") as folder:
                study = ByHand(Path(folder), tables, datasets)
                fill(study)
                reports[state] = study.report()
    finally:
        logging.set_verbosity(verbosity)
    return reports


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
    test: dict[str, Any] = {
        "test_loss": 1.2 - quality,
        "test_accuracy": quality,
        "test_f1": quality,
        "test_images": 360,
        "inference_seconds": 0.001,
    }
    fields: dict[str, Any] = {
        "outcome": outcome,
        "val_loss": 1.2 - quality,
        "val_accuracy": quality,
        "val_f1": quality,
        "parameters": round(100_000 * quality),
        "flops": 200_000,
        "training_seconds": 3 + quality,
        "epochs": 3,
        "best_epoch": 1,
        "curves": curves,
        "confusion_matrix": ((9, 1), (2, 8)),
    }
    return TrialResult.model_validate(fields | (test if tested else {}))


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
