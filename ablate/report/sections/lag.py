"""Where batch norm's moving averages lagged, and what that means for the verdicts."""

from __future__ import annotations

from collections.abc import Iterable

from ablate.document import words
from ablate.document.elements import Bullets, Element, Paragraph
from ablate.report.numbers.ablation import Ablation
from ablate.report.numbers.lag import Lag
from ablate.report.numbers.search import CellSearch

NOTE = (
    "Batch norm tests with moving averages that start at mean 0 and variance 1. Where they still held "
    "more than 5 % of that start, they lagged behind the weights, and losses, the choice of the epoch "
    "and verdicts may be about them and not about the network. Set batch_norm_averages = "
    '"recalibrated" under [training] and ask again.'
)


def lag_cell(lag: Lag | None) -> str:
    """What stands beside a verdict; empty where nothing lagged."""
    if lag is None:
        return ""
    if lag.touches_test:
        return f"averages lag: {_percent(lag.tested)} of their start"
    return "averages lagged in epoch 1" + (f" to {lag.epochs}" if lag.epochs > 1 else "")


def lag_elements(ablation: Ablation) -> list[Element]:
    """A line for each variant whose averages lagged, the baseline too, and what to do."""
    lines = []
    for block in ablation.blocks:
        for row in block.rows:
            if row.lag is None:
                continue
            where = f"{block.dataset} {row.variant}" if len(ablation.blocks) > 1 else row.variant
            lines.append(f"{where}: {_line(row.lag)}")
    return [Bullets(tuple(lines)), Paragraph(NOTE, "note")] if lines else []


def _line(lag: Lag) -> str:
    which = f"the first {lag.epochs} of {lag.trained} epochs"
    if lag.epochs == lag.trained:
        which = f"all {lag.trained} epochs" if lag.trained > 1 else "the only epoch"
    elif lag.epochs == 1:
        which = f"the first of {lag.trained} epochs"
    told = f"batch norm's moving averages lagged in {which}"
    if lag.touches_test:
        told += f"; those that were tested held {_percent(lag.tested)} of their start"
    return told


def search_lag(searches: Iterable[CellSearch]) -> list[Element]:
    """How many trials of the searches were judged by averages that lag."""
    found = tuple(searches)
    lagging, trials = (sum(one.lagging for one in found), sum(one.trials for one in found))
    if not lagging:
        return []
    text = (
        f"{lagging:,} of {words.plural(trials, 'trial')} were validated, in their first epoch at "
        "least, with moving averages of batch norm that lag: pruner and selection saw that lag. Set "
        'batch_norm_averages = "recalibrated" under [training] and search again.'
    )
    return [Paragraph(text, "strong")]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
