"""Judges a table of results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ablate.report.judging.asked import Asked
from ablate.report.judging.study import as_study
from ablate.report.judging.table import runs_of
from ablate.report.report import Report, make_report
from ablate.spec.study import Cell
from ablate.statistics import Comparison, compare_unpaired
from ablate.store.artifacts import Artifacts
from ablate.store.place import StoragePlace

if TYPE_CHECKING:
    import pandas as pd

    from ablate.report.judging.table import Run
    from ablate.report.numbers.ablation import Ablation

UNPAIRED = "runs are not paired: whatever their seeds, they are compared by Welch's t test"


def judge_table(
    table: pd.DataFrame, asked: Asked, where: str, name: str
) -> tuple[Report, tuple[str, ...]]:
    """The report of a table of results, and what is to be told of the table.

    Args:
        table: one row a run, or in a long table one for each of its metrics.
        asked: how it is judged.
        where: where it comes from, in words.
        name: what the report is called.

    Raises:
        InputError: it cannot be judged; holds every reason.
    """
    runs, told = runs_of(table, asked, where)
    is_paired = asked.columns.seed is not None
    known = runs if is_paired else _numbered(runs)
    judged = as_study(known, asked, where, name)
    artifacts = Artifacts(StoragePlace("judged.journal"), judged.storage)
    # What is kept beside a study's replicates never was.
    report = replace(make_report(judged.stored, artifacts), is_judged=True, unreadable={})
    if not is_paired and report.ablation is not None:
        report = replace(report, ablation=_unpaired(report.ablation, runs, asked.metric))
        return report, (*told, UNPAIRED)
    if report.ablation is not None and not report.ablation.knows_further:
        report = replace(report, ablation=replace(report.ablation, further=0))
    return report, (*told, *judged.told)


def _numbered(runs: Sequence[Run]) -> list[Run]:
    """Runs that are not paired, each with a number of its own among those of its variant."""
    counts: dict[tuple[str, str], int] = {}
    numbered = []
    for run in runs:
        key = run.dataset, run.variant
        counts[key] = counts.get(key, 0) + 1
        numbered.append(replace(run, seed=str(counts[key])))
    return numbered


def _unpaired(ablation: Ablation, runs: Sequence[Run], metric: str) -> Ablation:
    """A comparison of runs that share nothing."""
    values: dict[Cell, list[float]] = {}
    for run in runs:
        cell = Cell(dataset=run.dataset, variant=run.variant)
        values.setdefault(cell, []).append(run.measures[metric])
    pairs = {
        cell: (own, values[Cell(dataset=cell.dataset, variant=ablation.baseline)])
        for cell, own in values.items()
        if cell.variant != ablation.baseline
    }
    compared: Mapping[Cell, Comparison] = compare_unpaired(
        pairs, higher_is_better=ablation.metric.higher_is_better
    )
    blocks = []
    for block in ablation.blocks:
        rows = []
        for row in block.rows:
            found = compared.get(Cell(dataset=block.dataset, variant=row.variant))
            own = {} if found is None else {ablation.metric.key: found}
            rows.append(replace(row, comparisons=own, time_ratio=None, missing={}))
        blocks.append(replace(block, rows=tuple(rows)))
    return replace(ablation, blocks=tuple(blocks), is_paired=False, seeds_needed=2)
