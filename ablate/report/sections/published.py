"""Published numbers beside ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ablate.document import words
from ablate.document.elements import Column, Element, Paragraph, Section, Table, table
from ablate.report.numbers.published import RATIOS, Ordering, PublishedComparison, PublishedNumber
from ablate.spec.measures import EVERY

if TYPE_CHECKING:
    from ablate.report.report import Report

NOTE = (
    "A published number comes from one run, ours from several: it is inside where it lies in the interval "
    "in which 95 % of single runs of ours are expected (Student's t). An ordering is confirmed, or "
    "contradicted, where the 95 % interval of our paired differences (ratios for parameters and training "
    "time) lies wholly on one side of no difference, and else undecided; its size is inside where one "
    "pair of runs of ours could have shown it."
)
INSIDE = {True: "inside", False: "outside", None: "cannot be told"}


def published(report: Report) -> Section | None:
    """Each published number and ordering, and whether ours agree."""
    found = report.published
    if found is None:
        return None
    several = len(report.spec.datasets) > 1
    elements: list[Element] = []
    if found.numbers:
        elements.append(_numbers(found, several=several))
    if found.orderings:
        elements.append(_orderings(found, several=several))
    if not elements:
        elements.append(Paragraph("None of ours can be set beside them yet."))
    elements.append(Paragraph(NOTE, "note"))
    sources = dict.fromkeys(number.source for number in found.numbers)
    if sources:
        elements.append(Paragraph(f"Published in: {'; '.join(sources)}.", "note"))
    return Section("Published numbers", tuple(elements))


def _numbers(found: PublishedComparison, *, several: bool) -> Table:
    columns = (
        Column("data set" if several else "", "name"),
        Column("variant", "name"),
        Column("measure", "text"),
        Column("published"),
        Column("ours"),
        Column("one run of ours"),
        Column("verdict", "text"),
    )
    skip = 0 if several else 1
    rows = [_number_cells(number)[skip:] for number in found.numbers]
    return table(columns[skip:], rows, caption="Numbers")


def _number_cells(number: PublishedNumber) -> list[str]:
    measure = EVERY.published[number.measure]
    ours = words.interval(number.ours)
    expected, verdict = words.span(number.expected, words.score), INSIDE[number.inside]
    if measure.is_exact:
        ours, expected = measure.text(number.ours.mean), words.NOTHING
        verdict = f"x {number.ours.mean / number.published:.3g}"
    published = measure.text(number.published)
    return [number.dataset, number.variant, measure.title, published, ours, expected, verdict]


def _orderings(found: PublishedComparison, *, several: bool) -> Table:
    columns = (
        Column("data set" if several else "", "name"),
        Column("published ordering", "name"),
        Column("published"),
        Column("ours"),
        Column("one pair of ours"),
        Column("size", "text"),
        Column("ordering", "text"),
    )
    skip = 0 if several else 1
    rows = [_ordering_cells(ordering)[skip:] for ordering in found.orderings]
    return table(columns[skip:], rows, caption="Orderings")


def _ordering_cells(ordering: Ordering) -> list[str]:
    measure = EVERY.published[ordering.measure]
    verb = "has a better" if measure.is_score else "takes less" if measure.unit else "has fewer"
    claim = f"{ordering.first} {verb} {measure.title} than {ordering.second}"
    write = _ratio if ordering.measure in RATIOS else _difference
    is_exact = measure.is_exact
    ours = write(ordering.ours.mean)
    if not is_exact and ordering.ours.low is not None:
        ours += f" [{words.span(ordering.ours, write)}]"
    return [
        ordering.dataset,
        claim,
        write(ordering.published),
        ours,
        words.NOTHING if is_exact else words.span(ordering.expected, write),
        words.NOTHING if is_exact else INSIDE[ordering.inside],
        ordering.outcome,
    ]


def _ratio(value: float) -> str:
    return f"x {value:.3g}"


def _difference(value: float) -> str:
    return words.signed(value, 4)
