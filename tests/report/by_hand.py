"""Stored studies whose trials are written by hand: a report of any state, without training."""

from __future__ import annotations

import json

from optuna import logging
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import InMemoryStorage
from optuna.trial import TrialState, create_trial

from ablate.config import load_study
from ablate.report.formats import markdown, terminal
from ablate.report.formats._base import Page
from ablate.report.report import make_report
from ablate.report.sections import make_document
from ablate.spec.study import Cell
from ablate.store.artifacts import Artifacts
from ablate.store.place import StoragePlace
from ablate.store.studies import find_study, open_study

HEAD = """
[study]
name = {name}
description = "Does it matter?"
dataset = {datasets}
search_space = "space.toml"
{more}
[data]
per_class = 20
"""
STATES = {
    "complete": TrialState.COMPLETE,
    "failed": TrialState.FAIL,
    "infeasible": TrialState.PRUNED,
    "pruned": TrialState.PRUNED,
    "running": TrialState.RUNNING,
}
LAST_SEED = 2**32 - 1
RATE = FloatDistribution(1e-4, 1e-1, log=True)
ENVIRONMENT = {
    "device": "cpu",
    "cores": 2,
    "backend": "tensorflow",
    "python": "3.12",
    "versions": {"keras": "3.15"},
}


def quoted(text):
    """A text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False)


class ByHand:
    """A stored study, and the writing of its trials."""

    def __init__(
        self, folder, tables, *, name="asked", datasets=("digits",), storage=None, objective=None
    ):
        file = folder / "asked.toml"
        more = "" if objective is None else f"objective = {quoted(objective)}"
        head = HEAD.format(name=quoted(name), datasets=json.dumps(datasets), more=more)
        file.write_text(head + tables, encoding="utf-8")
        self.folder = folder
        self.spec = load_study(file, (), {}, large=True)
        logging.set_verbosity(logging.WARNING)
        self.storage = storage or InMemoryStorage()
        digests = {data.dataset: "0" for data in self.spec.datasets}
        self.stored = open_study(self.storage, self.spec, digests)

    def replicate(self, variant, seed, accuracy=None, *, dataset=None, outcome="complete", **more):
        """Writes one replicate; its F1 is its accuracy, its loss what the accuracy lacks.

        What is given as None was not measured.
        """
        attributes = {
            "outcome": outcome,
            "chosen_from": more.pop("chosen_from", None),
            "tuned": more.pop("tuned", {}),
            "environment": ENVIRONMENT,
            "seed": seed,
        }
        value = more.pop("value", 0.5)
        if outcome == "complete":
            measures = {
                "test_accuracy": accuracy,
                "test_f1": more.pop("f1", accuracy),
                "test_loss": more.pop("loss", 1 - accuracy),
                "test_images": 500,
                "training_seconds": 2.0,
                "inference_seconds": 0.001,
                "parameters": 1000,
                "flops": 2000,
            }
            attributes |= {key: value for key, value in measures.items() if value is not None}
        attributes |= more
        self.stored.replicates.add_trial(
            create_trial(
                state=STATES[outcome],
                value=value if outcome == "complete" else None,
                params={
                    "dataset": dataset or self.spec.datasets[0].dataset,
                    "variant": variant,
                    "seed": seed,
                },
                distributions={
                    "dataset": CategoricalDistribution([d.dataset for d in self.spec.datasets]),
                    "variant": CategoricalDistribution([v.name for v in self.spec.variants]),
                    "seed": IntDistribution(0, LAST_SEED),
                },
                user_attrs=attributes,
            )
        )

    def replicates(self, variant, accuracies, **more):
        """Writes a replicate for each accuracy, from the study's first seed on; None is left out."""
        for seed, accuracy in zip(self.spec.seeds, accuracies, strict=False):
            if accuracy is not None:
                self.replicate(variant, seed, accuracy, **more)

    def trial(
        self, variant, value=None, rate=0.01, *, dataset=None, outcome="complete", curve=(), **more
    ):
        """Writes one trial of a search."""
        cell = Cell(dataset=dataset or self.spec.datasets[0].dataset, variant=variant)
        self.stored.tuning[cell].add_trial(
            create_trial(
                state=STATES[outcome],
                value=value if outcome == "complete" else None,
                params={"learning_rate": rate},
                distributions={"learning_rate": RATE},
                intermediate_values=dict(enumerate(curve, 1)),
                user_attrs={
                    "outcome": outcome,
                    "val_accuracy": 0.5,
                    "val_f1": 0.5,
                    "parameters": 1000,
                    "training_seconds": 1.0,
                    "environment": ENVIRONMENT,
                    **more,
                },
            )
        )

    def report(self, **options):
        """The report, read back from the storage."""
        found = find_study(self.storage, self.spec.name)
        place = StoragePlace(str(self.folder / "ablate.journal"))
        return make_report(found, Artifacts(place, self.storage), **options)

    def terminal(self, width=200):
        """The report on a screen."""
        report = self.report()
        return terminal.render(report, make_document(report), Page(width))

    def markdown(self):
        """The report as Markdown."""
        report = self.report()
        return markdown.render(report, make_document(report), Page(100))["report.md"]


def answer_of(by_hand):
    """The strong sentences at a report's beginning."""
    lead = make_document(by_hand.report()).lead
    return [e.text for e in lead if getattr(e, "style", "") == "strong"]


def section(by_hand, title):
    """A section of a report; None where there is none."""
    sections = make_document(by_hand.report()).sections
    return next((found for found in sections if found.title == title), None)


def rows_of(found, place=0):
    """The rows of one of a section's tables, each by its headings."""
    tables = [element for element in found.elements if hasattr(element, "rows")]
    headings = [column.heading for column in tables[place].columns]
    return [dict(zip(headings, row, strict=True)) for row in tables[place].rows]


def texts_of(found):
    """All paragraphs and bullets of a section."""
    texts = []
    for element in found.elements:
        if hasattr(element, "text"):
            texts.append(element.text)
        elif hasattr(element, "items"):
            texts += element.items
    return texts
