"""The answer of a study, in sentences made from its verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ablate.document.words import amount, difference, interval, listed, plural, score
from ablate.document.words import several as nouns
from ablate.report.numbers.ablation import Ablation, Block, VariantRow
from ablate.report.numbers.published import PublishedComparison
from ablate.spec.measure import Metric


def answer(ablation: Ablation) -> tuple[str, ...]:
    """A sentence or two for each data set."""
    several = len(ablation.blocks) > 1
    sentences = []
    for block in ablation.blocks:
        texts = _block(ablation, block)
        if several:
            texts = [f"On {block.dataset}: {texts[0]}", *texts[1:]]
        sentences.append(" ".join(texts))
    return tuple(sentences)


def published_answer(found: PublishedComparison) -> str:
    """How many of the published numbers and orderings hold; empty where there is none yet."""
    texts = []
    told = [number.inside for number in found.numbers if number.inside is not None]
    if told:
        verb = "is" if sum(told) == 1 else "are"
        texts.append(
            f"Of {plural(len(told), 'published score')} {sum(told)} {verb} where a single run of ours "
            "is expected."
        )
    if found.orderings:
        counts = Counter(ordering.outcome for ordering in found.orderings)
        parts = [
            f"{counts[name]} {'is' if counts[name] == 1 else 'are'} {name}"
            for name in ("confirmed", "contradicted", "undecided")
            if counts[name]
        ]
        orderings = plural(len(found.orderings), "published ordering")
        texts.append(f"Of {orderings} {listed(parts)}, each by its own 95 % interval alone.")
    return " ".join(texts)


def _block(ablation: Ablation, block: Block) -> list[str]:
    baseline = next(row for row in block.rows if row.is_baseline)
    if not baseline.scores:
        if _is_lost(baseline):
            return [f"Nothing can be compared: {_untrained(baseline)}"]
        return ["Nothing is known yet: the baseline has no complete replicate."]
    if len(block.rows) == 1:
        return [_alone(baseline, ablation.metric, ablation.noun), *_lag(block)]
    metric = ablation.metric
    name = f"test {metric.name}"
    texts = []
    for verdict in ("better", "worse"):
        for row in _with_verdict(block, ablation, verdict):
            found = row.comparisons[ablation.metric.key].difference
            unit = f" {metric.unit}" if metric.unit else ""
            texts.append(
                f"{row.variant} is {verdict} than {baseline.variant} "
                f"({difference(found, metric)}{unit} of {name}, {plural(found.n, 'pair')})"
                + (
                    f", and yet within {_margin(ablation)}."
                    if row.comparisons[ablation.metric.key].is_alike
                    else "."
                )
            )
    waiting = _with_verdict(block, ablation, "not yet")
    if waiting:
        least = min(row.seeds for row in (baseline, *block.rows) if not _is_lost(row))
        texts.append(
            f"Nothing is judged before its time: {least} of {plural(ablation.seeds, ablation.noun)} are "
            f"complete for every variant, and {plural(ablation.owed, 'replicate')} to come."
        )
    alike = _with_verdict(block, ablation, "alike")
    if alike:
        names = listed([row.variant for row in alike])
        verb = "is" if len(alike) == 1 else "are"
        texts.append(
            f"{names} {verb} alike {baseline.variant}: within {_margin(ablation)} of {name}, either way."
        )
    undetected = _with_verdict(block, ablation, "no detectable difference")
    if undetected:
        names = listed([row.variant for row in undetected])
        sizes = [row.comparisons[ablation.metric.key].detectable for row in undetected]
        known = [size for size in sizes if size is not None]
        seen = f"; the study could have seen {amount(max(known), metric)}" if known else ""
        texts.append(f"For {names} no difference to {baseline.variant} was detected{seen}.")
    same = _with_verdict(block, ablation, "identical")
    if same:
        names = listed([row.variant for row in same])
        texts.append(f"In every pair {names} scored exactly like {baseline.variant}.")
    unknown = _with_verdict(block, ablation, "too few seeds")
    if unknown:
        needed = unknown[0].comparisons[ablation.metric.key].needed
        names = listed([row.variant for row in unknown])
        most = max(row.comparisons[ablation.metric.key].difference.n for row in unknown)
        texts.append(
            f"Whether {names} {'differs' if len(unknown) == 1 else 'differ'} from "
            f"{baseline.variant} cannot be told: {needed} {nouns(ablation.pair)} are needed, "
            f"there {'is' if most == 1 else 'are'} {most}."
        )
    if ablation.knows_further:
        texts.append(
            f"That is the verdict of the {ablation.seeds} planned seeds; what the "
            f"{plural(ablation.further, 'further one')} say is told apart."
        )
    silent = [row for row in block.rows if not row.comparisons and not row.is_baseline]
    texts += [_untrained(row) for row in silent if _is_lost(row)]
    apart = [row.variant for row in silent if row.scores]
    if apart:
        texts.append(
            f"{listed(apart)} and {baseline.variant} have no {ablation.noun} in common yet."
        )
    untold = [row.variant for row in silent if not row.scores and not _is_lost(row)]
    if untold:
        texts.append(f"There is no replicate yet to judge {listed(untold)} by.")
    return texts + _lag(block)


def _margin(ablation: Ablation) -> str:
    """What variants may differ by and still be alike."""
    return f"{ablation.margin:g} {ablation.metric.unit}".strip()


def _lag(block: Block) -> list[str]:
    """Whose test scores may be those of batch norm's averages."""
    names = [row.variant for row in block.rows if row.lag is not None and row.lag.touches_test]
    if not names:
        return []
    return [
        f"But batch norm's moving averages still lagged when {listed(names)} "
        f"{'was' if len(names) == 1 else 'were'} tested: such a verdict may be theirs."
    ]


def _is_lost(row: VariantRow) -> bool:
    """Whether a variant has no replicate and will have none."""
    return not row.scores and bool(row.missing) and not row.owed


def _untrained(row: VariantRow) -> str:
    reason = next(iter(row.missing.values())).rstrip(".")
    return f"{row.variant} could not be trained: {reason}."


def _alone(row: VariantRow, metric: Metric, noun: str) -> str:
    found = row.scores[metric.key]
    if found.low is None:
        return (
            f"{row.variant} reached a test {metric.name} of {score(found.mean)} with one {noun}; how much "
            f"that varies from {noun} to {noun} cannot be known from one."
        )
    replicates = plural(found.n, noun)
    return f"{row.variant} reaches a test {metric.name} of {interval(found)} over {replicates}."


def _with_verdict(block: Block, ablation: Ablation, verdict: str) -> Sequence[VariantRow]:
    return [
        row
        for row in block.rows
        if ablation.metric.key in row.comparisons
        and row.comparisons[ablation.metric.key].verdict == verdict
    ]
