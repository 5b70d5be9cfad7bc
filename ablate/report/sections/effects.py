"""Main effects and interactions of a factorial design."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ablate.document import words
from ablate.document.elements import Column, Element, Figure, Paragraph, Section, Table, table
from ablate.report.figures import records as figures_data
from ablate.report.sections.variants import block_title
from ablate.spec.space import label

if TYPE_CHECKING:
    from ablate.report.numbers.ablation import Ablation, Block
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
    for block in ablation.blocks:
        if block.shares:
            elements += block_title(report, block)
            elements.append(_shares_table(ablation, block))
    if any(block.shares for block in ablation.blocks):
        elements.append(Paragraph(SHARES_NOTE, "note"))
    return Section("Effects", tuple(elements))


SHARES_NOTE = (
    "The share of a component is its Shapley value: the mean of what it adds, over all orders in which the "
    "components could be added one by one. Shares sum to the difference between all of them and none. p is that "
    "of the exact sign-flip test of the shares of single seeds, adjusted for the number of components after "
    "Holm; it comes without a verdict, which is about variants."
)


def _shares_table(ablation: Ablation, block: Block) -> Table:
    """What each component contributes."""
    metric = ablation.metric
    unit = f" ({metric.unit})" if metric.unit else ""
    rows = [
        [
            share.factor,
            str(share.difference.n),
            words.difference(share.difference, metric),
            words.p_value(share.adjusted_p),
        ]
        for share in block.shares
    ]
    columns = (
        Column("component", "name"),
        Column(f"{ablation.noun}s"),
        Column(f"share of {metric.name}{unit}"),
        Column("adjusted p"),
    )
    return table(columns, rows)
