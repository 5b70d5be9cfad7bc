"""The figures of searches: what each trial reached, and how quickly good ones were found."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ablate.report.figures.records import FiguresData
from ablate.report.figures.style import colours, place_legend


def history_figure(data: FiguresData) -> Figure:
    """The objective of each trial in the order of its search, and the best so far."""
    figure = Figure(figsize=(7, 3.4), layout="constrained")
    ax = figure.subplots()
    palette = colours(len(data.histories))
    drawn: list[float] = []
    for history, colour in zip(data.histories, palette, strict=True):
        points = [point for point in history.points if np.isfinite(point.loss)]
        drawn += [point.loss for point in points]
        for pruned, marker in ((False, "o"), (True, "x")):
            shown = [point for point in points if point.pruned == pruned]
            numbers, values = [p.number for p in shown], [p.loss for p in shown]
            ax.plot(numbers, values, marker, color=colour, ms=4, alpha=0.7, ls="")
        so_far = np.maximum if data.more_is_better else np.minimum
        best = so_far.accumulate([point.loss for point in points])
        numbers = [point.number for point in points]
        ax.step(numbers, best, where="post", color=colour, lw=1.4, label=history.name)
    if drawn and min(drawn) > 0 and max(drawn) > 10 * min(drawn):
        ax.set_yscale("log")
    ax.set(xlabel="trial", ylabel=f"validation {data.objective}")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if len(data.histories) > 1:
        place_legend(ax, len(data.histories))
    return figure


def expected_best_figure(data: FiguresData) -> Figure:
    """The expected best objective after so many trials, a line for each variant."""
    figure = Figure(figsize=(6, 3.6), layout="constrained")
    ax = figure.subplots()
    palette = colours(len(data.searches))
    best = "highest" if data.more_is_better else "lowest"
    values = []
    for curve, colour in zip(data.searches, palette, strict=True):
        known = [(k, v) for k, v in enumerate(curve.expected, 1) if v is not None]
        values += [value for _, value in known]
        ax.plot(*zip(*known, strict=True), marker=".", color=colour, label=curve.name)
    if min(values) > 0 and max(values) > 10 * min(values):
        ax.set_yscale("log")
    ax.set(xlabel="trials", ylabel=f"expected {best} validation {data.objective}")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    place_legend(ax, len(data.searches))
    return figure
