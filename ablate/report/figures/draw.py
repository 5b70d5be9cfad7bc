"""Draws the figures of a report into files."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import seaborn as sns
from matplotlib.figure import Figure

from ablate.files import replacing
from ablate.report.figures.draw_confusion import confusion_figure
from ablate.report.figures.draw_differences import forest_figure, interactions_figure
from ablate.report.figures.draw_predictions import errors_figure, separation_figure
from ablate.report.figures.draw_searches import expected_best_figure, history_figure
from ablate.report.figures.draw_trials import learning_curves_figure, tradeoff_figure
from ablate.report.figures.draw_variants import mean_curves_figure, variants_figure
from ablate.report.figures.process import FileType
from ablate.report.figures.records import (
    ERRORS,
    EXPECTED_BEST,
    FOREST,
    HISTORY,
    INTERACTIONS,
    LEARNING_CURVES,
    MEAN_CURVES,
    SEPARATION,
    TRADEOFF,
    VARIANTS,
    FiguresData,
)

LABEL = 24
"""Characters after which a name is continued below."""


def draw(data: FiguresData, folder: Path, types: Sequence[FileType]) -> None:
    """Draws every figure that there is something to show in."""
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "ablate"  # the same data give the same file
    mpl.rcParams["pdf.fonttype"] = 42  # TrueType: text can be searched and copied
    sns.set_theme(style="whitegrid", context="paper")
    figures: dict[str, Callable[[FiguresData], Figure]] = {
        TRADEOFF: tradeoff_figure,
        LEARNING_CURVES: learning_curves_figure,
        FOREST: forest_figure,
        INTERACTIONS: interactions_figure,
        EXPECTED_BEST: expected_best_figure,
        HISTORY: history_figure,
        VARIANTS: variants_figure,
        MEAN_CURVES: mean_curves_figure,
        SEPARATION: separation_figure,
        ERRORS: errors_figure,
    }
    shown = _literal(data)
    digest = data.digest
    confusions = {confusion.file: confusion for confusion in shown.confusions}
    for name in data.files:
        found = confusions.get(name)
        figure = confusion_figure(found) if found is not None else figures[name](shown)
        _save(figure, folder / name, types, digest)


def _literal(data: FiguresData) -> FiguresData:
    """The same, with texts that matplotlib shows as they are, long ones in several lines.

    It takes dollars for formulas, and an underscore at the beginning for a label to be hidden.
    """

    def literal(value: Any) -> Any:
        if isinstance(value, str):
            text = textwrap.fill(value, LABEL).replace("$", r"\$")
            return f"\u200b{text}" if text.startswith("_") else text
        if isinstance(value, dict):
            return {key: literal(own) for key, own in value.items()}
        return tuple(map(literal, value)) if isinstance(value, list | tuple) else value

    return FiguresData.model_validate(literal(data.model_dump()))


def _save(figure: Figure, path: Path, types: Sequence[FileType], digest: str) -> None:
    metadata = {
        "svg": {"Date": None, "Description": digest},
        "pdf": {"CreationDate": None, "Keywords": digest},
    }
    for kind in types:
        content = BytesIO()
        figure.savefig(content, format=kind, metadata=metadata[kind])
        with replacing(path.with_suffix(f".{kind}")) as file:
            file.write(content.getvalue())
