"""What was measured of a variant, as columns of a table."""

from __future__ import annotations

from ablate.document import words
from ablate.document.elements import Column
from ablate.report.numbers.ablation import VariantRow
from ablate.spec.measure import Measure, MeasureTable

TIMED = "training_seconds"
"""The cost whose ratio to the baseline's may follow it."""


def variant_columns(
    measures: MeasureTable, *, ratio: bool = False, replicates: str = "seeds"
) -> list[Column]:
    """Replicates, scores and costs; with the ratio of training times, where they are paired."""
    columns = [Column(replicates), *(Column(score.title) for score in measures.scores)]
    for cost in measures.costs:
        columns.append(Column(cost.heading))
        if ratio and cost.name == TIMED:
            columns.append(Column("time ratio"))
    return columns


def variant_cells(row: VariantRow, measures: MeasureTable, *, ratio: bool = False) -> list[str]:
    """The cells under `variant_columns`."""
    cells = [str(row.seeds)]
    for score in measures.scores:
        found = row.scores.get(score.name)
        cells.append(_missing(score) if found is None else words.interval(found))
    for cost in measures.costs:
        value = row.value(cost)
        cells.append(_missing(cost) if value is None else cost.text(value))
        if ratio and cost.name == TIMED:
            cells.append("" if row.time_ratio is None else words.ratio(row.time_ratio))
    return cells


def _missing(measure: Measure) -> str:
    return "" if measure.optional else words.NOTHING
