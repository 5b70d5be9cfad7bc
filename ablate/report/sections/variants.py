"""The trade-off of the variants: scores on the test set, and costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ablate.document import words
from ablate.document.elements import (
    Bullets,
    Column,
    Element,
    Figure,
    Paragraph,
    Section,
    Table,
    table,
)
from ablate.report.figures import records as figures_data
from ablate.report.sections.lag import lag_elements
from ablate.report.variant_cells import variant_cells, variant_columns
from ablate.spec.measures import EVERY

if TYPE_CHECKING:
    from ablate.report.numbers.ablation import Ablation, Block
    from ablate.report.report import Report

OVER_SEEDS = (
    "Means over seeds on the test set, ± the half-width of their 95 % interval (Student's t). "
)
OVER_RUNS = "Means over runs, ± the half-width of their 95 % interval (Student's t). "
OVER_FOLDS = (
    "Means over folds that were held out, ± the half-width of their 95 % interval (Student's t, corrected "
    "for what the trainings of different folds share). "
)
TEST_NOTE = (
    "Time is the wall time of one training, FLOPs and latency are those of one {example}'s forward pass. Pareto marks "
    "variants that no other beats in {weighed} together "
    "(times within 10 % count as the same)."
)


def variants(report: Report) -> Section | None:
    """The trade-off of the variants: scores on the test set, and costs."""
    if report.ablation is None:
        return None
    elements: list[Element] = []
    for block in report.ablation.blocks:
        elements += block_title(report, block)
        elements.append(_variants_table(report, block))
    if figures_data.VARIANTS in report.figures.files:
        score = EVERY.by_name[report.figures.score].title
        text = (
            f"Mean test {score} of each variant against its parameters and its training time; the line "
            "joins those that are best for what they cost, crosses are not on it"
        )
        elements.append(Figure(figures_data.VARIANTS, text))
    rows = [row for block in report.ablation.blocks for row in block.rows]
    has_costs = any(
        row.value(cost) is not None for row in rows for cost in report.spec.measures.costs
    )
    weighed = words.listed([one.title for one in report.spec.measures.weighed])
    elements.append(
        Paragraph(
            _test_note(report.ablation, has_costs=has_costs).format(
                weighed=weighed, example=report.examples.removesuffix("s")
            ),
            "note",
        )
    )
    if told := words.side_by_side(report.workers):
        elements.append(Paragraph(told, "note"))
    elements += [
        Paragraph(_floor_note(block, report.examples, len(report.ablation.blocks) > 1), "note")
        for block in report.ablation.blocks
        if block.noise_floor is not None
    ]
    missing = tuple(_missing_lines(report.ablation))
    if missing:
        elements.append(Bullets(missing))
    if not any(row.comparisons for block in report.ablation.blocks for row in block.rows):
        elements += lag_elements(report.ablation)  # else it stands beside the verdicts
    return Section("Variants", tuple(elements))


def _test_note(ablation: Ablation, *, has_costs: bool) -> str:
    over = OVER_SEEDS if ablation.folds is None else OVER_FOLDS
    if not ablation.is_paired:
        over = OVER_RUNS
    return over + TEST_NOTE if has_costs else over.strip()


def block_title(report: Report, block: Block) -> list[Element]:
    """The name of a block's data set, where there are several."""
    several = len(report.spec.datasets) > 1
    return [Paragraph(f"Data set {block.dataset}", "strong")] if several else []


def _variants_table(report: Report, block: Block) -> Table:
    assert report.ablation is not None
    measures = report.spec.measures
    replicates = f"{report.ablation.noun}s" if report.ablation.is_paired else "runs"
    baseline = next(row for row in block.rows if row.is_baseline)
    columns = (
        Column("variant", "name"),
        *variant_columns(measures, ratio=True, replicates=replicates),
        Column("Pareto", "text"),
    )
    rows = []
    for row in block.rows:
        is_told = row is not baseline or len(block.rows) == 1 or row.variant == "baseline"
        name = row.variant if is_told else f"{row.variant} (baseline)"
        rows.append([name, *variant_cells(row, measures, ratio=True), "*" if row.on_front else ""])
    if report.is_judged:
        rows = without_unmeasured(rows)
    return table(columns, rows)


def without_unmeasured(rows: list[list[str]]) -> list[list[str]]:
    """Rows with nothing at all in columns of which nothing is known of any."""
    unknown = [
        all(cell in ("", words.NOTHING) for cell in cells) for cells in zip(*rows, strict=True)
    ]
    return [
        ["" if is_unknown else cell for cell, is_unknown in zip(row, unknown, strict=True)]
        for row in rows
    ]


def _floor_note(block: Block, examples: str, several: bool) -> str:
    assert block.noise_floor is not None and block.test_images is not None
    where = f" of {block.dataset}" if several else ""
    return (
        f"The test set{where} has {block.test_images:,} {examples}: they alone leave an accuracy uncertain "
        f"by up to ±{block.noise_floor * 100:.2f} points (binomial), whatever the seeds say. The intervals "
        f"above are about other seeds, not about other {examples}."
    )


TWICE = (
    ". So a verdict was made before: that it or the present one claims what is not so happens in more than "
    "5 % of studies of equals"
)


def _missing_lines(ablation: Ablation) -> Iterator[str]:
    for block in ablation.blocks:
        for row in block.rows:
            where = f"{block.dataset} {row.variant}" if len(ablation.blocks) > 1 else row.variant
            for reason in dict.fromkeys(row.missing.values()):
                seeds = [str(seed) for seed, why in row.missing.items() if why == reason]
                noun = "seed" if len(seeds) == 1 else "seeds"
                yield f"{where}: {noun} {', '.join(seeds)} missing: {reason}"
            if row.earlier:
                text = (
                    f"{where}: {words.plural(row.earlier, 'replicate')} of an earlier choice left "
                    "out: a better configuration has been found since"
                )
                could_judge = ablation.planned_pairs >= ablation.seeds_needed
                yield f"{text}{TWICE}" if could_judge and row.earlier >= ablation.seeds else text
