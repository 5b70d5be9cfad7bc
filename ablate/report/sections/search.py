"""What the searches chose, and how well they do at the same budget."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ablate.document import words
from ablate.document.elements import Column, Element, Figure, Paragraph, Section, table
from ablate.report.figures import records as figures_data
from ablate.report.sections.lag import search_lag

if TYPE_CHECKING:
    from ablate.report.report import Report


def search(report: Report) -> Section | None:
    """What was chosen for each cell, where several were tuned or it was replicated."""
    if not report.searches or (len(report.searches) == 1 and report.ablation is None):
        return None
    several = len(report.spec.datasets) > 1
    names = list(dict.fromkeys(name for found in report.searches for name in found.chosen))
    by, best = report.spec.searched.title, report.spec.searched.best
    budget = min((len(found.expected) for found in report.searches if found.trials), default=0)
    # At the whole budget it is the best value itself.
    sizes = sorted({size for size in (1, budget // 2) if 0 < size < budget})
    columns = (
        Column("data set" if several else "", "name"),
        Column("variant", "name"),
        Column("trials"),
        Column("chosen trial"),
        Column(f"selected validation {by}"),
        *(Column(f"expected best of {size}") for size in sizes),
        *(Column(name, "setting") for name in names),
    )
    rows = [
        [
            found.cell.dataset if several else "",
            ", ".join(part for part in (found.cell.variant, found.cell.within) if part),
            str(found.trials),
            words.NOTHING if found.number is None else str(found.number),
            words.NOTHING if found.loss is None else words.score(found.loss),
            *(_expected(found.expected[size - 1]) for size in sizes),
            *(words.number(found.chosen.get(name, words.NOTHING)) for name in names),
        ]
        for found in report.searches
        if found.trials or not report.spec.looks  # a search that was not needed
    ]
    if not several:
        columns, rows = columns[1:], [row[1:] for row in rows]
    elements: list[Element] = [table(columns, rows), *search_lag(report.searches)]
    if figures_data.HISTORY in report.figures.files:
        text = f"Validation {by} of each trial in the order of its search, and the {best} so far"
        elements.append(Figure(figures_data.HISTORY, text))
    if figures_data.EXPECTED_BEST in report.figures.files:
        text = f"Expected {best} validation {by} of each variant after so many trials of its search"
        elements.append(Figure(figures_data.EXPECTED_BEST, text))
    elements.append(
        Paragraph(
            f"The selected validation {by} is the {best} of its search, and so optimistic; it ranks "
            "nothing. The expected best of so many trials compares the searches at the same budget "
            "(unbiased estimate, which takes trials as exchangeable; a pruned trial counts with the "
            f"best {by} that it had reached).",
            "note",
        )
    )
    return Section("Search", tuple(elements))


def _expected(value: float) -> str:
    """An expected best; some draws of so few trials hold none."""
    return words.score(value) if math.isfinite(value) else words.NOTHING
