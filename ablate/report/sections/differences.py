"""Every variant against the baseline, with its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ablate.document import words
from ablate.document.elements import Column, Element, Figure, Paragraph, Section, Table, table
from ablate.report.figures import records as figures_data
from ablate.report.numbers.ablation import Ablation, Block, VariantRow
from ablate.report.sections.lag import lag_cell, lag_elements
from ablate.report.sections.variants import block_title, without_unmeasured

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ablate.report.report import Report
    from ablate.spec.measure import Metric

PAIRED_NOTE = (
    "Differences are paired: every variant was trained with the same seeds, which draw the split, the "
    "order of the {examples} and the initial weights. [ ] is the 95 % interval of that one difference. p is "
    "that of an exact sign-flip test, adjusted for {comparisons} after Holm; the verdict needs p <= 0.05. "
    "Effect size is Hedges' g of the paired differences. Only {metric} gets a verdict: it was chosen with "
    "the question."
)

FOLDS_NOTE = (
    "Differences are paired by fold: every variant was trained on the same rows, and tested on the same "
    "rows that were held out. [ ] is the 95 % interval of that one difference, and p is that of a t test, "
    "both corrected for what the trainings of different folds share (Nadeau and Bengio 2003), with "
    "{freedom}, p adjusted for {comparisons} after Holm; the verdict needs p <= 0.05. No exact test exists "
    "for folds: how far their differences depend on each other cannot be told from them. Effect size is "
    "Hedges' g of the paired differences. Only {metric} gets a verdict: it was chosen with the question."
)


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
    elements.append(Paragraph(_note(report, ablation, count), "note"))
    elements += [Paragraph(text, "note") for text in _further_notes(report, ablation)]
    if ablation.planned_pairs < ablation.seeds_needed and not ablation.looks:
        elements.append(
            Paragraph(
                f"With {count} the test needs at least {ablation.seeds_needed} "
                f"{words.several(ablation.pair)}, here are {ablation.planned_pairs}: no difference, "
                f"however large, could reach p <= 0.05. {MORE[ablation.pair]}",
                "strong",
            )
        )
    if ablation.further:
        elements += _further_elements(report, ablation)
    return Section(f"Differences to {ablation.baseline}", tuple(elements))


FURTHER_NOTE = (
    "The verdicts above are those of the {seeds} planned seeds, and stand. The study was given {further} more "
    "when they had been made: with these no later test at 5 % exists, so all seeds together give estimates "
    "only. The further seeds alone give a second verdict, a confirmation, whose own error is 5 %; that either "
    "of the two claims what is not so happens in at most 9.75 % of studies of equals. Ask for looks under "
    "[replicate] to train until it is decided."
)


SHARED_NOTE = (
    "The verdicts above are those of the {seeds} planned seeds, and stand. The study was given {further} more "
    "when they had been made, which train what the same searches found: all seeds together give estimates, and "
    "the further ones by themselves confirm nothing, because the luck of the searches is in both. Another "
    "study, of another seed, would."
)


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
    yield Paragraph(note.format(seeds=ablation.seeds, further=ablation.further), "note")


LOOKS_NOTE = (
    "Differences are paired: every variant was trained with the same seeds, which draw the split, the "
    "order of the {examples} and the initial weights. They were looked at after {looks} seeds, by exact "
    "sign-flip tests that together claim a difference in at most 5 % of studies of equals, over all looks and "
    "{comparisons} (closed Bonferroni test). A comparison that was decided{futile} got no more seeds. [ ] holds "
    "the differences that the looks have not rejected, 95 % of one alone; where it was decided early, the "
    "mean difference is likely to be exaggerated. Effect size is Hedges' g. Only {metric} gets a verdict: it "
    "was chosen with the question."
)


UNPAIRED_NOTE = (
    "Runs are not paired: nothing says which of them share a seed. Differences are those of the means, [ ] is "
    "the 95 % interval of that one difference, and p that of Welch's t test, which takes normal noise, adjusted "
    "for {comparisons} after Holm; the verdict needs p <= 0.05. Pairs, runs of every variant from the same "
    "seeds, would tell smaller differences, and exactly. Effect size is Hedges' g. Only {metric} gets a verdict: "
    "it was chosen with the question."
)


def _note(report: Report, ablation: Ablation, comparisons: str) -> str:
    """How the differences were tested."""
    metric = ablation.metric.name
    if not ablation.is_paired:
        return UNPAIRED_NOTE.format(comparisons=comparisons, metric=metric)
    if ablation.looks:
        return LOOKS_NOTE.format(
            examples=report.examples,
            looks=words.listed([str(look) for look in ablation.looks]),
            comparisons=comparisons,
            metric=metric,
            futile="" if ablation.margin else ", or would hardly be,",
        )
    if ablation.folds is None:
        return PAIRED_NOTE.format(examples=report.examples, comparisons=comparisons, metric=metric)
    degrees = ablation.folds.freedom
    freedom = "1 degree of freedom" if degrees == 1 else f"{degrees} degrees of freedom"
    return FOLDS_NOTE.format(freedom=freedom, comparisons=comparisons, metric=metric)


TOGETHER_NOTE = (
    "All together: the intervals of all comparisons hold their true differences at once in 95 % of studies "
    "(Bonferroni); they may disagree with p, which is Holm's."
)
TOGETHER_LOOKS_NOTE = (
    "All together: the intervals of all comparisons hold their true differences at once in 95 % of studies "
    "(Bonferroni)."
)
TYPICAL_NOTE = (
    "Typical run: the median difference, with the interval of the sign test, which needs 6 pairs and takes no "
    "symmetry."
)
SKEW_NOTE = (
    "The test of the mean takes noise that is symmetric, or alike in all variants. Where it is skewed in some "
    "of them and not in others, 8 to 16 in 100 studies of equals claim something, not 5 (exponential and "
    "lognormal noise, simulated), and with so few pairs that hardly shows: look at the single differences, the "
    "dots in the figure."
)
SETTINGS_NOTE = (
    "What was tuned was searched for once for each variant: verdicts are about the settings found, not about "
    "the tuning. Another search may find others."
)
MORE = {
    "seed": "Raise seeds under [replicate]; what is trained is kept.",
    "fold": "Ask for more folds under [replicate], in a study of another name.",
    "search": "Ask for more searches under [replicate], in a study of another name.",
}
EACH_NOTE = (
    "Every seed had a search of its own: verdicts are about variants that are tuned, the luck of the search "
    "included."
)
SEARCHES_NOTE = (
    "Every variant was searched for {searches} times, and its seeds are dealt out to what these found. Seeds of "
    "one search share its luck, so the test compares the means of searches: verdicts are about variants that "
    "are tuned."
)


def _spread_lines(ablation: Ablation) -> Iterator[str]:
    """How much of the spread is the luck of searches."""
    metric = ablation.metric
    for block in ablation.blocks:
        for row in block.rows:
            if row.spread is None:
                continue
            parts = []
            for name, part in (("searches", row.spread.searches), ("seeds", row.spread.seeds)):
                ends = f"{part.low * metric.scale:.2g} to {part.high * metric.scale:.2g}"
                parts.append(f"{part.sd * metric.scale:.2g} [{ends}] between {name}")
            advice = row.spread.advice
            more = f" More {advice} would tell more." if advice else ""
            yield (
                f"Spread of the differences of {row.variant}, as standard deviations"
                f"{f' in {metric.unit}' if metric.unit else ''}: {' and '.join(parts)}.{more}"
            )


MARGIN_NOTE = (
    "Alike means within {margin} of the baseline, either way: two one-sided {test} at 5 % each, "
    "adjusted for all comparisons among themselves. So two errors have 5 % each: a difference that is none, and a "
    "likeness that is none."
)


def _further_notes(report: Report, ablation: Ablation) -> Iterator[str]:
    """What else must be known to read the differences."""
    if ablation.comparisons > 1:
        yield TOGETHER_NOTE if not ablation.looks else TOGETHER_LOOKS_NOTE
    if ablation.folds is None and ablation.is_paired:
        yield f"{TYPICAL_NOTE} {SKEW_NOTE}"
    if ablation.margin is not None:
        margin = f"{ablation.margin:g} {ablation.metric.unit}".strip()
        test = "sign-flip tests" if ablation.folds is None else "corrected t tests"
        yield MARGIN_NOTE.format(margin=margin, test=test)
    spec = report.spec
    if spec.tune is not None and len(spec.searched_cells) == len(spec.cells):
        yield SETTINGS_NOTE
    if ablation.searches:
        yield SEARCHES_NOTE.format(searches=ablation.searches)
        yield from _spread_lines(ablation)
    elif spec.search_count > 1:
        yield EACH_NOTE


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
            f"verdict (planned, {ablation.seeds} seeds)" if ablation.further else "verdict", "text"
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
