"""Main effects and interactions of a factorial design."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ablate.document import words
from ablate.document.elements import Column, Element, Figure, Paragraph, Section, table
from ablate.report.figures import records as figures_data
from ablate.report.sections.variants import block_title
from ablate.spec.space import label

if TYPE_CHECKING:
    from ablate.report.report import Report


def effects(report: Report) -> Section | None:
    """Main effects and interactions of a factorial design."""
    ablation = report.ablation
    if ablation is None or not any(block.effects for block in ablation.blocks):
        return None
    elements: list[Element] = []
    factors = report.spec.factors
    for block in ablation.blocks:
        elements += block_title(report, block)
        rows = [
            [
                " and ".join(f"{f}: {label(factors[f][0])} → {label(v)}" for f, v in effect.terms),
                "main effect" if len(effect.terms) == 1 else "interaction",
                str(effect.difference.n),
                words.difference(effect.difference, ablation.metric),
            ]
            for effect in block.effects
        ]
        unit = f" ({ablation.metric.unit})" if ablation.metric.unit else ""
        columns = (
            Column("change", "name"),
            Column("kind", "text"),
            Column(f"{ablation.noun}s"),
            Column(f"{ablation.metric.name}{unit}"),
        )
        elements.append(table(columns, rows))
    if figures_data.INTERACTIONS in report.figures.files:
        text = (
            f"Mean {report.figures.metric} at each pair of levels; parallel lines do not interact"
        )
        elements.append(Figure(figures_data.INTERACTIONS, text))
    elements.append(
        Paragraph(
            "A main effect is the mean change over all levels of the other factors. An interaction is "
            "how much the effect of one change differs when the other is made too; around 0 the two "
            "add up. [ ] is the 95 % interval of each one alone, not adjusted for their number.",
            "note",
        )
    )
    return Section("Effects", tuple(elements))
