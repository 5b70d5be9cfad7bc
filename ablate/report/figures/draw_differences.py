"""The figures of an ablation: differences, and interactions."""

from __future__ import annotations

import math

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from ablate.report.figures.records import FiguresData

COLOURS = {"better": "#1b7f4d", "worse": "#b3372f", "alike": "#2b5fa8"}
OTHER = "#5a5a5a"
MARKERS = {"better": "^", "worse": "v"}
DOTS = 0.24
"""How far below its interval the single differences of a variant stand, in rows."""
DODGE = 0.06
"""How far lines over the same levels stand apart, in levels."""


def forest_figure(data: FiguresData) -> Figure:
    """Each variant's difference to the baseline, with its interval; zero is the baseline."""
    datasets = list(dict.fromkeys(row.dataset for row in data.forest))
    heights = [sum(row.dataset == name for row in data.forest) for name in datasets]
    figure = Figure(
        figsize=(7, 1.1 + 0.32 * sum(heights) + 0.5 * len(datasets)), layout="constrained"
    )
    grid = figure.subplots(len(datasets), 1, sharex=True, squeeze=False, height_ratios=heights)
    for ax, name in zip(grid[:, 0], datasets, strict=True):
        rows = [row for row in data.forest if row.dataset == name]
        for y, row in enumerate(rows):
            colour = COLOURS.get(row.verdict, OTHER)
            ax.plot(
                row.pairs, [y + DOTS] * len(row.pairs), "o", color=colour, alpha=0.45, ms=3, mew=0
            )
            if row.low is not None and row.high is not None:
                ax.plot([row.low, row.high], [y, y], color=colour, lw=2, solid_capstyle="butt")
            # Hollow, where one pair leaves the interval unknown.
            face = colour if row.low is not None else "white"
            ax.plot(row.mean, y, MARKERS.get(row.verdict, "o"), color=colour, mfc=face, ms=6)
        ax.axvline(0, color="black", lw=0.8)
        ax.set_yticks(range(len(rows)), [row.variant for row in rows])
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ax.grid(visible=False, axis="y")
        if len(datasets) > 1:
            ax.set_title(name, loc="left", fontsize="medium")
    unit = f" ({data.unit})" if data.unit else ""
    grid[-1, 0].set_xlabel(f"difference to {data.baseline} in {data.metric}{unit}")
    return figure


def interactions_figure(data: FiguresData) -> Figure:
    """The mean at each pair of levels of two factors, a line for each level of the second."""
    pairs = list(dict.fromkeys((r.dataset, r.x_factor, r.line_factor) for r in data.responses))
    columns = min(3, len(pairs))
    rows = math.ceil(len(pairs) / columns)
    figure = Figure(figsize=(3.6 * columns + 0.6, 3.0 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False).flatten()
    several = len({response.dataset for response in data.responses}) > 1
    for ax, (dataset, x_factor, line_factor) in zip(grid, pairs, strict=False):
        chosen = [
            r
            for r in data.responses
            if (r.dataset, r.x_factor, r.line_factor) == (dataset, x_factor, line_factor)
        ]
        table = pd.DataFrame([response.model_dump() for response in chosen])
        levels = list(dict.fromkeys(table["x_level"]))
        lines = list(dict.fromkeys(table["line_level"]))
        palette = sns.color_palette("colorblind", len(lines))
        for index, (line, colour) in enumerate(zip(lines, palette, strict=True)):
            own = table[table["line_level"] == line]
            x = [levels.index(v) + (index - (len(lines) - 1) / 2) * DODGE for v in own["x_level"]]
            ax.plot(x, own["mean"], marker="o", ms=4, color=colour, label=line)
            if own["low"].notna().all():
                ax.vlines(x, own["low"], own["high"], color=colour, lw=1)
        ax.set_xticks(range(len(levels)), levels)
        ax.set_xlabel(x_factor)
        ax.legend(title=line_factor, fontsize=7, title_fontsize=7)
        if several:
            ax.set_title(dataset, loc="left", fontsize="medium")
    for ax in grid[len(pairs) :]:
        ax.set_visible(False)
    grid[0].set_ylabel(data.metric)
    return figure
