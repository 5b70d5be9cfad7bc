"""What is taken for what on the test set, and how well each class is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ablate.document import words
from ablate.document.elements import Column, Element, Figure, Paragraph, Section, Table, table
from ablate.report.figures.records import confusion_file

if TYPE_CHECKING:
    from ablate.report.numbers.confusion import Confusion
    from ablate.report.report import Report

PAIRS = 10
"""Most confused pairs that are listed."""
CLASSES = 20
"""Classes up to which all are listed; of more the worst."""


def confusion(report: Report) -> Section | None:
    """Confusion matrices, the most confused pairs, and each class's precision, recall and F1."""
    if not report.shown_confusions:
        return None
    elements: list[Element] = []
    for index, found in enumerate(report.shown_confusions):
        name = report.spec.cell_name(found.cell)
        text = f"Confusion matrix of {name} on the test set, over {words.plural(found.seeds, report.noun)}"
        elements.append(Figure(confusion_file(index), text))
        pairs = found.most_confused(PAIRS)
        if pairs:
            elements.append(_pairs_table(name, pairs, report.examples))
        elements.append(_classes_table(name, found, report.examples))
    tested = f"the same {report.examples}" if report.noun == "seed" else "what it held out"
    note = (
        f"Counts are added up over the {report.noun}s, each of which tested {tested}. Precision "
        f"is the share of the {report.examples} called so that are, recall the share of those that are "
        "that were called so."
    )
    if len(report.shown_confusions) < len(report.confusions):
        note += " Of many variants the baseline and the best are shown."
    elements.append(Paragraph(note, "note"))
    return Section("Confusion on the test set", tuple(elements), on_screen=False)


def _pairs_table(name: str, pairs: list[tuple[str, str, int, float]], examples: str) -> Table:
    columns = (
        Column("true class", "name"),
        Column("taken for", "text"),
        Column(examples),
        Column("share of the class"),
    )
    rows = [
        [true, other, words.count(count), f"{share:.1%}"] for true, other, count, share in pairs
    ]
    return table(columns, rows, caption=f"{name}: most confused classes")


def _classes_table(name: str, found: Confusion, examples: str) -> Table:
    classes = list(found.classes)
    caption = f"{name}: each class"
    if len(classes) > CLASSES:
        caption = f"{name}: the {CLASSES} of {len(classes)} classes with the lowest F1"
        classes = sorted(classes, key=lambda scores: scores.f1)[:CLASSES]
    columns = (
        Column("class", "name"),
        Column(examples),
        Column("precision"),
        Column("recall"),
        Column("F1"),
    )
    rows = [
        [
            scores.name,
            words.count(scores.images // found.seeds),
            words.score(scores.precision),
            words.score(scores.recall),
            words.score(scores.f1),
        ]
        for scores in classes
    ]
    return table(columns, rows, caption=caption)
