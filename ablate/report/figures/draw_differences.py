"""The figures of an ablation: differences, interactions, and how quickly the searches got there."""

from __future__ import annotations

import math

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ablate.report.figures.records import FiguresData

COLOURS = {"better": "#1b7f4d", "worse": "#b3372f"}
OTHER = "#5a5a5a"
MARKERS = {"better": "^", "worse": "v"}
FEW = 10
"""Lines that a legend inside of a figure holds, and that a palette for the colour-blind tells apart."""
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


def expected_best_figure(data: FiguresData) -> Figure:
    """The expected lowest validation loss after so many trials, a line for each variant."""
    figure = Figure(figsize=(6, 3.6), layout="constrained")
    ax = figure.subplots()
    palette = colours(len(data.searches))
    values = []
    for curve, colour in zip(data.searches, palette, strict=True):
        known = [(k, v) for k, v in enumerate(curve.expected, 1) if v is not None]
        values += [value for _, value in known]
        ax.plot(*zip(*known, strict=True), marker=".", color=colour, label=curve.name)
    if min(values) > 0 and max(values) > 10 * min(values):
        ax.set_yscale("log")
    ax.set(xlabel="trials", ylabel="expected lowest validation loss")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    place_legend(ax, len(data.searches))
    return figure


def colours(count: int) -> list[tuple[float, float, float]]:
    """A colour for each of so many lines, all different."""
    palette = sns.color_palette("colorblind" if count <= FEW else "husl", count)
    return [(red, green, blue) for red, green, blue in palette]


def place_legend(ax: Axes, count: int) -> None:
    """The legend: inside the axes, or beside them where it has many lines."""
    if count <= FEW:
        ax.legend(fontsize=7)
    else:
        columns = math.ceil(count / 20)
        ax.legend(fontsize=6, loc="upper left", bbox_to_anchor=(1.01, 1), ncols=columns)
