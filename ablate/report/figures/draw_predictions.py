"""The figures of predictions: curves of two classes, and errors of numbers."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ablate.report.figures.records import Band, FiguresData
from ablate.report.figures.style import colours, place_legend

GREY = "#5a5a5a"


def separation_figure(data: FiguresData) -> Figure:
    """ROC and precision-recall curves with a band over seeds, and the calibration."""
    datasets = list(dict.fromkeys(one.dataset for one in data.separations))
    figure = Figure(figsize=(10.5, 3.6 * len(datasets)), layout="constrained")
    grid = figure.subplots(len(datasets), 3, squeeze=False)
    for axes, dataset in zip(grid, datasets, strict=True):
        chosen = [one for one in data.separations if one.dataset == dataset]
        for one, colour in zip(chosen, colours(len(chosen)), strict=True):
            x = np.linspace(0, 1, len(one.roc.mean))
            _draw_band(axes[0], x, one.roc, colour, one.variant)
            _draw_band(axes[1], x, one.precision, colour, one.variant)
            _draw_band(axes[2], np.array(one.probability), one.share, colour, one.variant, "o-")
        for ax in (axes[0], axes[2]):
            ax.plot([0, 1], [0, 1], color=GREY, lw=0.8, ls=":")
        axes[0].set(xlabel="false positive rate", ylabel="true positive rate")
        axes[1].set(xlabel="recall", ylabel="precision")
        axes[2].set(xlabel="mean probability", ylabel="share of positives")
        place_legend(axes[0], len(chosen))
        if len(datasets) > 1:
            axes[0].set_title(dataset, loc="left", fontsize="medium")
    return figure


def errors_figure(data: FiguresData) -> Figure:
    """Predicted against true values, and residuals, a row for each data set and number."""
    places = list(dict.fromkeys((one.dataset, one.target) for one in data.errors))
    figure = Figure(figsize=(9, 3.6 * len(places)), layout="constrained")
    grid = figure.subplots(len(places), 2, squeeze=False)
    for axes, place in zip(grid, places, strict=True):
        chosen = [one for one in data.errors if (one.dataset, one.target) == place]
        for one, colour in zip(chosen, colours(len(chosen)), strict=True):
            true, predicted = np.array(one.true), np.array(one.predicted)
            style = {"color": colour, "ms": 3, "alpha": 0.5, "ls": ""}
            axes[0].plot(true, predicted, "o", label=one.variant, **style)
            axes[1].plot(predicted, predicted - true, "o", **style)
        ends = [min(min(one.true) for one in chosen), max(max(one.true) for one in chosen)]
        axes[0].plot(ends, ends, color=GREY, lw=0.8, ls=":")
        axes[1].axhline(0, color=GREY, lw=0.8, ls=":")
        axes[0].set(xlabel=f"true {place[1]}", ylabel=f"predicted {place[1]}")
        axes[1].set(xlabel=f"predicted {place[1]}", ylabel="residual")
        place_legend(axes[0], len(chosen))
        if len({dataset for dataset, _ in places}) > 1:
            axes[0].set_title(place[0], loc="left", fontsize="medium")
    return figure


def _draw_band(
    ax: Axes,
    x: np.ndarray,
    band: Band,
    colour: tuple[float, float, float],
    name: str,
    style: str = "-",
) -> None:
    ax.plot(x, band.mean, style, color=colour, lw=1.4, ms=3, label=name)
    if None not in band.low and None not in band.high:
        low, high = (np.array(one, dtype=float).clip(0, 1) for one in (band.low, band.high))
        ax.fill_between(x, low, high, color=colour, alpha=0.15, lw=0)
