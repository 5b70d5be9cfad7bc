"""Every variant against the baseline, with its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ablate.document import words
from ablate.document.elements import Column, Element, Figure, Paragraph, Section, Table, table
from ablate.report.figures import records as figures_data
from ablate.report.numbers.ablation import Ablation, Block, VariantRow
from ablate.report.sections.difference_notes import more_note, reading_notes, test_note
from ablate.report.sections.lag import lag_cell, lag_elements
from ablate.report.sections.variants import block_title, without_unmeasured

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ablate.report.report import Report
    from ablate.spec.measure import Metric


def differences(report: Report) -> Section | None:
    """Every variant against the baseline."""
    ablation = report.ablation
    if ablation is None or not any(row.comparisons for b in ablation.blocks for row in b.rows):
        return None
    elements: list[Element] = []
    for block in ablation.blocks:
        elements += block_title(report, block)
        elements.append(_differences_table(report, ablation, block))
    elements += lag_elements(ablation)
    if figures_data.FOREST in report.figures.files:
        text = (
            f"Differences to {ablation.baseline} in {report.figures.metric}, with 95 % intervals; each dot "
            "is a pair"
        )
        elements.append(Figure(figures_data.FOREST, text))
    count = words.plural(ablation.comparisons, "comparison")
    elements.append(Paragraph(test_note(report, ablation, count), "note"))
    elements += [Paragraph(text, "note") for text in reading_notes(report, ablation)]
    if ablation.planned_pairs < ablation.seeds_needed and not ablation.looks:
        elements.append(
            Paragraph(
                f"With {count} the test needs at least {ablation.seeds_needed} "
                f"{words.several(ablation.pair)}, here are {ablation.planned_pairs}: no difference, "
                f"however large, could reach p <= 0.05. {more_note(report, ablation)}",
                "strong",
            )
        )
    if ablation.knows_further:
        elements += _further_elements(report, ablation)
    return Section(f"Differences to {ablation.baseline}", tuple(elements))


FURTHER_NOTE = (
    "The verdicts above are those of the {seeds} planned seeds, and stand. {given}: with these no later test "
    "at 5 % exists, so all seeds together give estimates only. The further seeds alone give a second verdict, "
    "a confirmation, whose own error is 5 %; that either of the two claims what is not so happens in at most "
    "9.75 % of studies of equals. {looks} to train until it is decided."
)
GIVEN = "The study was given {further} more when they had been made"
GIVEN_BY_LOOKS = "The study has {further} more, beyond its last look"
GIVEN_JUDGED = "The table holds {further} more"
LOOKS, LOOKS_JUDGED = "Ask for looks under [replicate]", "Plan looks (--looks)"


SHARED_NOTE = (
    "The verdicts above are those of the {seeds} planned seeds, and stand. The study was given {further} more "
    "when they had been made, which train what the same searches found: all seeds together give estimates, and "
    "the further ones by themselves confirm nothing, because the luck of the searches is in both. Another "
    "study, of another seed, would."
)


def _given(report: Report) -> str:
    """How further seeds came to be."""
    if report.is_judged:
        return GIVEN_JUDGED
    return GIVEN_BY_LOOKS if report.spec.planned is None else GIVEN


def _further_elements(report: Report, ablation: Ablation) -> Iterator[Element]:
    """What seeds say that came after the verdict."""
    metric = ablation.metric
    unit = f" ({metric.unit})" if metric.unit else ""
    yield Paragraph(f"{words.plural(ablation.further, 'further seed')}", "strong")
    columns = [Column("variant", "name"), Column(f"all seeds{unit}")]
    if not ablation.searches:
        columns += [
            Column("further pairs"),
            Column(f"further alone{unit}"),
            Column("adjusted p"),
            Column("confirmation", "text"),
        ]
    for block in ablation.blocks:
        yield from block_title(report, block)
        rows = []
        for row in (row for row in block.rows if row.further is not None):
            assert row.further is not None
            pooled, alone = row.further.pooled, row.further.alone
            cells = [row.variant, words.difference(pooled.difference, metric)]
            if alone is not None:
                cells += [
                    str(alone.difference.n),
                    words.difference(alone.difference, metric),
                    words.p_value(alone.adjusted_p),
                    words.verdict(alone, metric, ablation.noun, ablation.further),
                ]
            rows.append(cells)
        yield table(columns, rows)
    note = SHARED_NOTE if ablation.searches else FURTHER_NOTE
    text = note.format(
        seeds=ablation.seeds,
        further=ablation.further,
        given=_given(report).format(further=ablation.further),
        looks=LOOKS_JUDGED if report.is_judged else LOOKS,
    )
    yield Paragraph(text, "note")


def _differences_table(report: Report, ablation: Ablation, block: Block) -> Table:
    metric, names = ablation.metric, report.spec.measures.metrics
    others = [name for name in names if name != metric.key]

    def heading(key: str) -> str:
        found = names[key]
        return f"{found.name} ({found.unit})" if found.unit else found.name

    columns = (
        Column("variant", "name"),
        Column("pairs" if ablation.is_paired else "runs"),
        Column(heading(metric.key)),
        *([Column("all together")] if ablation.comparisons > 1 else []),
        *([Column("typical run")] if ablation.is_paired else []),
        Column("effect size"),
        *([] if ablation.looks else [Column("adjusted p")]),
        Column(
            f"verdict (planned, {ablation.seeds} seeds)" if ablation.knows_further else "verdict",
            "text",
        ),
        Column("batch norm", "text"),
        *(Column(heading(name)) for name in others),
        Column("parameters"),
    )
    baseline = next(row for row in block.rows if row.is_baseline)
    rows = [
        _difference_cells(row, baseline, metric.key, others, names, ablation)
        for row in block.rows
        if not row.is_baseline
    ]
    return table(columns, without_unmeasured(rows) if report.is_judged else rows)


def _difference_cells(
    row: VariantRow,
    baseline: VariantRow,
    key: str,
    others: Sequence[str],
    metrics: Mapping[str, Metric],
    ablation: Ablation,
) -> list[str]:
    several = ablation.comparisons > 1
    if key not in row.comparisons:
        return [
            row.variant,
            "0",
            *[words.NOTHING] * (3 + several + ablation.is_paired - bool(ablation.looks)),
            "no pair yet",
            lag_cell(row.lag),
            *[words.NOTHING] * (len(others) + 1),
        ]
    found = row.comparisons[key]
    effect = found.difference.effect_size
    ratio = None
    if row.parameters and baseline.parameters:
        ratio = row.parameters / baseline.parameters
    testable = found.verdict != "too few seeds"
    return [
        row.variant,
        str(found.difference.n),
        words.difference(found.difference, metrics[key]),
        *([words.both_ends(found.simultaneous, metrics[key])] if several else []),
        *([words.median(found, metrics[key])] if ablation.is_paired else []),
        words.NOTHING if effect is None else words.signed(effect, 2),
        *(
            []
            if ablation.looks
            else [words.p_value(found.adjusted_p) if testable else words.NOTHING]
        ),
        words.verdict(found, metrics[key], ablation.pair, ablation.planned_pairs),
        lag_cell(row.lag),
        *(_difference(row, metrics[name]) for name in others),
        words.NOTHING if ratio is None else f"x {ratio:.3g}",
    ]


def _difference(row: VariantRow, metric: Metric) -> str:
    if metric.key not in row.comparisons:
        return ""
    return words.difference(row.comparisons[metric.key].difference, metric)
