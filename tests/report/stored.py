"""Finished studies whose trials are written down directly, nothing trained, with hostile texts."""

from __future__ import annotations

import json
import random
from pathlib import Path

from optuna import logging
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

from ablate.config import load_study
from ablate.report.report import make_report
from ablate.report.sections import make_document
from ablate.spec.trial import Epoch, TrialResult
from ablate.store.artifacts import Artifacts
from ablate.store.place import StoragePlace, open_storage
from ablate.store.results import write_result
from ablate.store.studies import find_study, open_study

HOSTILE = (
    """<script>alert(1)</script> & | _a_ \\cmd {x} $y$ 9% #1~^`c` "q" 'r' [z]* -- Zü→λ±ﬁ中Жế"""
)
SECOND = "_hidden $\\foo$ </style></title> <img src=x onerror=alert(1)>"
ENVIRONMENT = {
    "device": "cpu <i>",
    "cores": 2,
    "backend": "tensorflow",
    "python": "3.12",
    "versions": {"keras": "3.15"},
}
MODEL = (
    "def build(input_shape, num_classes, *, rate=0.0, kind='a'):\n    raise NotImplementedError\n"
)
SPACE = """
architecture = "model.py:build"
description = "Hostile"
[parameters]
rate = {{ low = 0.0, high = 1.0, default = 0.0 }}
kind = {{ choices = [{first}, {second}], default = {first} }}
"""
COMPARED = """
[study]
name = {name}
description = {name}
dataset = "digits"
search_space = "space.toml"
[vary]
design = "{design}"
{vary}
[replicate]
seeds = {seeds}
"""
TUNED_ONLY = """
[study]
name = {name}
description = {name}
dataset = "digits"
search_space = "space.toml"
[tune]
trials = 14
parameters = ["kind", "rate"]
"""


def toml(text):
    return json.dumps(text, ensure_ascii=False)


def started(folder: Path, text: str):
    """The spec, the storage and the study of a file, with no trial."""
    logging.set_verbosity(logging.WARNING)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.py").write_text(MODEL)
    (folder / "space.toml").write_text(SPACE.format(first=toml(HOSTILE), second=toml(SECOND)))
    (folder / "study.toml").write_text(text)
    spec = load_study(folder / "study.toml", (), {})
    place = StoragePlace(str(folder / "runs" / "ablate.journal"))
    storage = open_storage(place)
    return place, storage, open_study(storage, spec, {"digits": "0"})


def compared(folder: Path, *, name: str = HOSTILE, seeds: int = 8, factorial: bool = False):
    """A comparison of hostile variants: better, worse, and one that fails."""
    if factorial:
        vary = f"kind = [{toml(HOSTILE)}, {toml(SECOND)}]\nrate = [0.0, 0.5]"
    else:
        vary = (
            'baseline = "plain"\n[vary.variants]\nplain = { rate = 0.1 }\n'
            f"{toml(HOSTILE)} = {{ rate = 0.5 }}\n{toml(SECOND)} = {{ rate = 0.9 }}\n"
            '"failing" = { rate = 1.0 }'
        )
    design = "factorial" if factorial else "variants"
    text = COMPARED.format(name=toml(name), design=design, vary=vary, seeds=seeds)
    place, storage, stored = started(folder, text)
    artifacts = Artifacts(place, storage)
    rng = random.Random(0)
    distributions = {
        "dataset": CategoricalDistribution(["digits"]),
        "variant": CategoricalDistribution([variant.name for variant in stored.spec.variants]),
        "seed": IntDistribution(0, 2**32 - 1),
    }
    for index, variant in enumerate(stored.spec.variants):
        for seed in stored.spec.seeds:
            for _ in range(2 if variant.name == "failing" else 1):
                params = {"dataset": "digits", "variant": variant.name, "seed": seed}
                stored.replicates.enqueue_trial(params)
                trial = stored.replicates.ask(distributions)
                for key, value in {
                    "environment": ENVIRONMENT,
                    "seed": seed,
                    "chosen_from": None,
                    "tuned": {},
                }.items():
                    trial.set_user_attr(key, value)
                failed = variant.name == "failing"
                accuracy = 0.7 + (0.1, 0.2, -0.3, 0)[index % 4] + rng.uniform(-0.01, 0.01)
                result = failure() if failed else success(accuracy, rng)
                write_result(trial, result, ["<b>", "&"], artifacts)
                state = TrialState.FAIL if failed else TrialState.COMPLETE
                stored.replicates.tell(trial, None if failed else result.objective, state=state)
    return place


def tuned(folder: Path, *, name: str = HOSTILE):
    """A search with hostile values, one of its trials failed."""
    place, storage, stored = started(folder, TUNED_ONLY.format(name=toml(name)))
    artifacts = Artifacts(place, storage)
    rng = random.Random(1)
    study = stored.tuning[stored.spec.cells[0]]
    distributions = {
        "kind": CategoricalDistribution([HOSTILE, SECOND]),
        "rate": FloatDistribution(0.0, 1.0),
    }
    for number in range(14):
        study.enqueue_trial({"kind": (HOSTILE, SECOND)[number % 2], "rate": rng.random()})
        trial = study.ask(distributions)
        trial.set_user_attr("environment", ENVIRONMENT)
        result = failure() if number == 3 else success(rng.uniform(0.4, 0.9), rng, test=False)
        write_result(trial, result, ["<b>", "&"], artifacts)
        state = TrialState.FAIL if number == 3 else TrialState.COMPLETE
        study.tell(trial, None if number == 3 else result.objective, state=state)
    return place


def success(accuracy, rng, *, test=True):
    curves = tuple(
        Epoch(
            epoch=epoch,
            loss=1 / epoch,
            accuracy=accuracy,
            val_loss=1 / epoch,
            val_accuracy=accuracy,
            seconds=1.0,
        )
        for epoch in (1, 2, 3)
    )
    tested = {
        "test_loss": 1 - accuracy,
        "test_accuracy": accuracy,
        "test_f1": accuracy,
        "test_images": 360,
        "inference_seconds": 0.001,
    }
    return TrialResult(
        outcome="complete",
        measures={
            "val_loss": 1 - accuracy,
            "val_accuracy": accuracy,
            "val_f1": accuracy,
            "parameters": rng.choice([900, 10_500, 1_200_000]),
            "flops": 2_000,
            "training_seconds": rng.uniform(8, 12),
            "epochs": 3,
            "best_epoch": 3,
            **(tested if test else {}),
        },
        curves=curves,
        confusion_matrix=((9, 1), (2, 8)),
    )


def failure():
    return TrialResult(outcome="failed", reason=f"{HOSTILE} \x1b[31mred\nsecond line")


def report_and_document(place, name: str = HOSTILE, **options):
    """What a format is given."""
    storage = open_storage(place)
    report = make_report(find_study(storage, name), Artifacts(place, storage), **options)
    return report, make_document(report)
