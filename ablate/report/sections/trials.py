"""The trials of the only cell that is tuned: trade-off, curves, importance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ablate import tasks
from ablate.document import words
from ablate.document.elements import Bars, Column, Element, Figure, Kind, Paragraph, Section, Table
from ablate.report.figures import records as figures_data
from ablate.report.numbers.tradeoff import FRONT, headings
from ablate.report.sections.lag import search_lag
from ablate.spec.measure import LOSS
from ablate.spec.measures import EVERY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ablate.report.report import Report
    from ablate.spec.measure import MeasureTable

SELECTED_NOTE = (
    "{scores} are measured on the validation set, on which the "
    "search selected: the best row's score is optimistic. Pareto marks trials that no other beats in "
    "{weighed} together "
    "(times within 10 % count as the same). FLOPs are those of one {example}'s forward pass."
)


def trials(report: Report) -> Section | None:
    """The trade-off table of the tuned trials of the only cell."""
    if len(report.searches) != 1:
        return None
    if not len(report.tradeoff):
        return Section("Trials", (Paragraph("No trial is complete yet."),))
    elements: list[Element] = [_tradeoff_table(report)]
    hidden = len(report.tradeoff) - len(report.shown)
    if hidden:
        text = f"{hidden} more complete trials: --top {len(report.tradeoff)}, or trials.csv"
        elements.append(Paragraph(text))
    elements.append(Paragraph(_selected_note(report), "note"))
    if report.ablation is None:
        elements += search_lag(report.searches)
    if report.ablation is None and (told := words.side_by_side(report.workers)):
        elements.append(Paragraph(told, "note"))
    if figures_data.TRADEOFF in report.figures.files:
        score = EVERY.by_name[report.figures.score].title
        text = f"Validation {score} against parameters and training time"
        elements.append(Figure(figures_data.TRADEOFF, text))
    if figures_data.HISTORY in report.figures.files and report.ablation is None:
        by = report.spec.searched
        text = f"Validation {by.title} of each trial in the order of the search, and the {by.best} so far"
        elements.append(Figure(figures_data.HISTORY, text))
    return Section("Trade-off", tuple(elements))


def _selected_note(report: Report) -> str:
    measures, loss = report.spec.measures, tasks.find(report.spec.task).loss_title
    shown = (one for one in measures.shown("trials") if one.is_score)
    scores = words.listed([f"{m.title} ({loss})" if m.name == LOSS else m.title for m in shown])
    weighed = words.listed([measure.title for measure in measures.weighed])
    scores = scores[0].upper() + scores[1:]
    one = report.examples.removesuffix("s")
    return SELECTED_NOTE.format(scores=scores, weighed=weighed, example=one)


def _tradeoff_table(report: Report) -> Table:
    shown = report.shown
    columns = [str(column) for column in shown.columns]
    kinds: dict[str, Kind] = {"number": "name", "variant": "name", "dataset": "name"}
    kinds |= dict.fromkeys(report.tuned, "setting")
    rows = [
        [
            cell(column, value, report.spec.measures)
            for column, value in zip(columns, row, strict=True)
        ]
        for row in shown.astype(object).itertuples(index=False, name=None)
    ]
    named = headings(report.spec.measures)
    titles = [Column(heading(name, named), kinds.get(name, "number")) for name in columns]
    return Table(tuple(titles), tuple(tuple(row) for row in rows))


def heading(column: str, named: Mapping[str, str]) -> str:
    """A column's heading; a tuned parameter keeps its name."""
    return named.get(column, column.removeprefix("param_"))


def cell(column: str, value: Any, measures: MeasureTable) -> str:
    """A value of the trade-off table as text."""
    import pandas as pd

    if column == FRONT:
        return "*" if value else ""
    if pd.isna(value):
        return words.NOTHING
    measure = measures.by_key.get(column)
    return words.number(value) if measure is None else measure.text(value)


def learning_curves(report: Report) -> Section | None:
    """The learning curves of the best trials."""
    if figures_data.LEARNING_CURVES not in report.figures.files:
        return None
    scores = words.listed([one.title for one in report.spec.measures.curves])
    figure = Figure(figures_data.LEARNING_CURVES, f"Validation {scores} by epoch")
    text = "The best trials are named; pruned trials are dashed and end in a cross."
    elements = (figure, Paragraph(text, "note"))
    return Section("Learning curves of the search", elements, on_screen=False)


def importance(report: Report) -> Section | None:
    """How much each hyperparameter mattered."""
    if report.importance is None:
        return None
    elements: list[Element] = []
    if report.importance.shares:
        elements.append(Bars(tuple(report.importance.shares.items()), "hyperparameter"))
    elements.append(Paragraph(f"Importance: {report.importance.note}.", "note"))
    return Section("Hyperparameter importance", tuple(elements))
