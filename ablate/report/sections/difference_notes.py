"""What must be known to read the differences: how they were tested, and what that takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ablate.document import words
from ablate.report.numbers.ablation import Ablation

if TYPE_CHECKING:
    from ablate.report.report import Report

PAIRED_NOTE = (
    "{paired} [ ] is the 95 % interval of that one difference. p is that of an exact "
    "sign-flip test, adjusted for {comparisons} after Holm; the verdict needs p <= 0.05. Effect size is "
    "Hedges' g of the paired differences. Only {metric} gets a verdict: it was chosen with the question."
)

FOLDS_NOTE = (
    "{paired} [ ] is the 95 % interval of that one difference, and p is that of a t test, "
    "both corrected for what the trainings of different folds share (Nadeau and Bengio 2003), with "
    "{freedom}, p adjusted for {comparisons} after Holm; the verdict needs p <= 0.05. No exact test exists "
    "for folds: how far their differences depend on each other cannot be told from them. Effect size is "
    "Hedges' g of the paired differences. Only {metric} gets a verdict: it was chosen with the question."
)
LOOKS_NOTE = (
    "{paired} They were looked at after {looks} seeds, by exact "
    "sign-flip tests that together claim a difference in at most 5 % of studies of equals, over all looks and "
    "{comparisons} (closed Bonferroni test). A comparison that {decided}. [ ] holds "
    "the differences that the looks have not rejected, 95 % of one alone; where it was decided early, the "
    "mean difference is likely to be exaggerated. Effect size is Hedges' g. Only {metric} gets a verdict: it "
    "was chosen with the question."
)


UNPAIRED_NOTE = (
    "Runs are not paired: of which seed they are counts for nothing. Differences are those of the means, [ ] is "
    "the 95 % interval of that one difference, and p that of Welch's t test, which takes normal noise, adjusted "
    "for {comparisons} after Holm; the verdict needs p <= 0.05. Pairs, runs of every variant from the same "
    "seeds, would tell smaller differences, and exactly. Effect size is Hedges' g. Only {metric} gets a verdict: "
    "it was chosen with the question."
)


SEEDS_PAIRED = (
    "Differences are paired: every variant was trained with the same seeds, which draw the split, the order "
    "of the {examples} and the initial weights."
)
FOLDS_PAIRED = (
    "Differences are paired by fold: every variant was trained on the same rows, and tested on the same rows "
    "that were held out."
)
JUDGED_PAIRED = "Differences are paired by {noun}: runs of one {noun} are taken to belong together."


def test_note(report: Report, ablation: Ablation, comparisons: str) -> str:
    """How the differences were tested."""
    metric = ablation.metric.name
    if not ablation.is_paired:
        return UNPAIRED_NOTE.format(comparisons=comparisons, metric=metric)
    paired = SEEDS_PAIRED if ablation.folds is None else FOLDS_PAIRED
    if report.is_judged:
        paired = JUDGED_PAIRED
    paired = paired.format(examples=report.examples, noun=ablation.noun)
    if ablation.looks:
        futile = "" if ablation.margin else ", or would hardly be,"
        return LOOKS_NOTE.format(
            paired=paired,
            looks=words.listed([str(look) for look in ablation.looks]),
            comparisons=comparisons,
            metric=metric,
            decided=f"is decided{futile} needs no more seeds"
            if report.is_judged
            else f"was decided{futile} got no more seeds",
        )
    if ablation.folds is None:
        return PAIRED_NOTE.format(paired=paired, comparisons=comparisons, metric=metric)
    degrees = ablation.folds.freedom
    freedom = "1 degree of freedom" if degrees == 1 else f"{degrees} degrees of freedom"
    return FOLDS_NOTE.format(paired=paired, freedom=freedom, comparisons=comparisons, metric=metric)


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
MORE_JUDGED = "Plan more {nouns}, and add their runs to the table."
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


def reading_notes(report: Report, ablation: Ablation) -> Iterator[str]:
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


def more_note(report: Report, ablation: Ablation) -> str:
    """What to do where no difference could reach a verdict."""
    if report.is_judged:
        return MORE_JUDGED.format(nouns=words.several(ablation.noun))
    return MORE[ablation.pair]
