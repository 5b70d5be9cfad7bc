"""What became of the training runs, and why those failed that did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ablate.document import words
from ablate.document.elements import Column, Element, Paragraph, Section, Table, table
from ablate.spec.outcomes import OUTCOMES, PHASES
from ablate.spec.study import Cell
from ablate.store.attributes import REPEATS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ablate.report.report import Report
    from ablate.state.phases import PhaseState

NAMED = 12
"""Repeats that are told one by one."""
NOTE = (
    "Every attempt is counted: a replicate that failed is trained once more. Of a search also pruned, "
    "infeasible and failed trials count as finished."
)


def runs(report: Report) -> Section:
    """Every outcome with its count, and the reasons of those that did not end well."""
    names = [name for name in OUTCOMES if any(p.counts.get(name) for p in report.phases)]
    columns = (
        Column("phase", "name"),
        *(Column(name) for name in names),
        Column("to be trained"),
        Column("in all"),
    )
    elements: list[Element] = [table(columns, [_cells(phase, names) for phase in report.phases])]
    if report.reasons:
        columns = (Column("runs"), Column("reason", "text"))
        rows = tuple((f"{count:,}", reason) for reason, count in report.reasons.items())
        elements.append(Table(columns, rows, "Why runs were infeasible or failed"))
        elements.append(Paragraph(NOTE, "note"))
    elements += [Paragraph(text, "note") for text in _repeats(report)]
    if report.unseen:
        which = words.plural(report.unseen, "training run")
        text = (
            f"{which} had epochs that ablate's callbacks did not see, because fit did not hand them on: "
            "nothing was pruned or stopped in these, and the curves lack them."
        )
        elements.append(Paragraph(text, "strong"))
    for name, count in report.unreadable.items():
        which = f"The {name} of {words.plural(count, 'replicate')}"
        text = f"{which} cannot be read (deleted, cut or edited): left out above."
        elements.append(Paragraph(text, "strong"))
    # The screen shows the counts at its top.
    return Section("Training runs", tuple(elements), on_screen=len(elements) > 1)


def _repeats(report: Report) -> Iterator[str]:
    """Which trials have taken over the result of another of their search."""
    if REPEATS.name not in report.trials:
        return
    several = len(report.spec.cells) > 1
    found = report.trials[report.trials[REPEATS.name].notna()]
    for (dataset, variant), rows in found.groupby(["dataset", "variant"], sort=False):
        pairs = zip(rows["number"], rows[REPEATS.name], strict=True)
        named = [f"trial {number} repeats trial {first}" for number, first in pairs]
        if len(named) > NAMED:
            named[NAMED:] = [f"{len(named) - NAMED} more repeat one (trials.csv names them)"]
        told = words.listed(named)
        cell = Cell(dataset=str(dataset), variant=str(variant))
        where = f"{report.spec.cell_name(cell)}: " if several else ""
        yield (
            f"{where}{told}: the sampler suggested the same again. All trials of a search share one "
            "seed, so a repeat was not trained: it has the other's result."
        )


def _cells(phase: PhaseState, names: list[str]) -> list[str]:
    counts = [phase.counts.get(name, 0) for name in names]
    return [
        PHASES[phase.phase].title,
        *(f"{count:,}" for count in counts),
        f"{phase.total - phase.finished:,}",
        f"{phase.total:,}",
    ]
