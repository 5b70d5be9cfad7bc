"""What networks predicted for the test set, looked at beyond its scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ablate.document.elements import Element, Figure, Paragraph, Section
from ablate.report.figures import records as figures_data

if TYPE_CHECKING:
    from ablate.report.report import Report

SEPARATION = (
    "Curves are means over {noun}s on the test set, with their 95 % band. Calibrated probabilities lie on "
    "the dotted line of the right picture: of the {examples} that get 0.7, seven in ten are positive. "
    "Precision is the highest at that recall or a higher one."
)
ERRORS = (
    "Points are test {examples} of all {noun}s, some of each. A residual is the predicted less the true "
    "value: a slope or a funnel in the right picture is an error that follows a pattern."
)


def predictions(report: Report) -> Section | None:
    """ROC, precision-recall and calibration curves, or predicted against true values."""
    elements: list[Element] = []
    if figures_data.SEPARATION in report.figures.files:
        text = "ROC, precision-recall and calibration curves of each variant on the test set"
        elements.append(Figure(figures_data.SEPARATION, text))
        elements.append(
            Paragraph(SEPARATION.format(examples=report.examples, noun=report.noun), "note")
        )
    if figures_data.ERRORS in report.figures.files:
        text = "Predicted against true values, and residuals, of each variant on the test set"
        elements.append(Figure(figures_data.ERRORS, text))
        elements.append(
            Paragraph(ERRORS.format(examples=report.examples, noun=report.noun), "note")
        )
    return Section("Predictions", tuple(elements), on_screen=False) if elements else None
