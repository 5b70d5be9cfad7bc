"""Reports of studies in every state; their training runs are written by hand: nothing is trained."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from optuna import logging

from ablate.report.report import Report
from ablate.testing._by_hand import ByHand, result

COMPLETE = "a comparison that is complete"
"""The state that has the most to report."""
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
