"""What became of the training runs, and why those failed that did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ablate.document import words
from ablate.document.elements import Column, Element, Paragraph, Section, Table, table
from ablate.spec.outcomes import OUTCOMES, PHASES

if TYPE_CHECKING:
    from ablate.report.report import Report
    from ablate.state.phases import PhaseState

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
    for name, count in report.unreadable.items():
        which = f"The {name} of {words.plural(count, 'replicate')}"
        text = f"{which} cannot be read (deleted, cut or edited): left out above."
        elements.append(Paragraph(text, "strong"))
    # The screen shows the counts at its top.
    return Section(
        "Training runs", tuple(elements), on_screen=bool(report.reasons or report.unreadable)
    )


def _cells(phase: PhaseState, names: list[str]) -> list[str]:
    counts = [phase.counts.get(name, 0) for name in names]
    return [
        PHASES[phase.phase].title,
        *(f"{count:,}" for count in counts),
        f"{phase.total - phase.finished:,}",
        f"{phase.total:,}",
    ]
