"""Stored studies whose trials are written by hand, without training."""

from __future__ import annotations

import numpy as np
from optuna import logging
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import InMemoryStorage
from optuna.trial import TrialState, create_trial

from ablate.config import load_data_settings
from ablate.spec.data import DataSettings
from ablate.spec.study import Cell
from ablate.store.owner import Owner
from ablate.store.studies import open_study

STATES = {
    "complete": TrialState.COMPLETE,
    "failed": TrialState.FAIL,
    "infeasible": TrialState.PRUNED,
    "interrupted": TrialState.FAIL,
    "pruned": TrialState.PRUNED,
    "running": TrialState.RUNNING,
}
RATE = FloatDistribution(0.001, 1.0)
GONE = Owner(host="here", pid=1, started=0.0)


def compare(project, *settings, seeds=3):
    """Two variants of the test network, tuned and replicated; the baseline is ``units=16``."""
    return project.study(
        "vary.units=[4, 16]",
        "tune.parameters=[]",
        "tune.learning_rate={ low = 0.001, high = 1.0 }",
        f"replicate.seeds={seeds}",
        *settings,
    )


def make_stored(spec, storage=None):
    """A spec's stored study, opened, or made where it is absent."""
    logging.set_verbosity(logging.WARNING)
    digests = {data.dataset: f"digest of {data.dataset}" for data in spec.datasets}
    return open_study(storage or InMemoryStorage(), spec, digests)


def cell(variant, dataset="digits"):
    return Cell(dataset=dataset, variant=variant)


def tune(stored, variant, loss=None, outcome="complete", dataset="digits", rate=0.1, **attributes):
    """Writes one trial of a cell's search."""
    _write(
        stored.tuning[cell(variant, dataset)],
        outcome,
        loss,
        {"learning_rate": (rate, RATE)},
        attributes,
    )


def replicate(stored, variant, seed, outcome="complete", dataset="digits", **attributes):
    """Writes one replicate, of the first tuned trial unless `chosen_from` says otherwise."""
    spec = stored.spec
    attributes.setdefault("chosen_from", None if spec.tune is None else 0)
    datasets = [data.dataset for data in spec.datasets]
    params = {
        "dataset": (dataset, CategoricalDistribution(datasets)),
        "variant": (variant, CategoricalDistribution([found.name for found in spec.variants])),
        "seed": (seed, IntDistribution(0, 2**32 - 1)),
    }
    _write(stored.replicates, outcome, 0.5, params, attributes)


def _write(study, outcome, value, params, attributes):
    said = {} if outcome in ("running", "interrupted") else {"outcome": outcome}
    study.add_trial(
        create_trial(
            state=STATES[outcome],
            value=value if outcome == "complete" else None,
            params={name: value for name, (value, _) in params.items()},
            distributions={name: domain for name, (_, domain) in params.items()},
            user_attrs=attributes | said,
        )
    )


def settings(dataset="digits", **table):
    return load_data_settings(dataset, table, {})


def npz(folder, x_train, y_train, x_test, y_test, **table):
    """Settings for images of 2x2 pixels, each all of one grey."""
    arrays = {
        name: np.array(values, np.uint8)[:, None, None] * np.ones((1, 2, 2), np.uint8)
        for name, values in (("x_train", x_train), ("x_test", x_test))
    }
    np.savez(folder / "a.npz", y_train=np.array(y_train), y_test=np.array(y_test), **arrays)
    return DataSettings(
        dataset="npz",
        folder=str(folder),
        options={"file": "a.npz", **table.pop("options", {})},
        **table,
    )
