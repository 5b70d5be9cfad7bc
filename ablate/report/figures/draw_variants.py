"""The figures of variants over seeds: their trade-off, and their learning curves."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ablate.report.figures.records import Band, CellCurves, FiguresData, VariantPoint
from ablate.report.figures.style import colours, place_legend
from ablate.spec.measure import Measure
from ablate.spec.measures import EVERY

GREY = "#5a5a5a"


def variants_figure(data: FiguresData) -> Figure:
    """A mean test score against parameters and training time, with the front drawn."""
    measure = EVERY.by_name[data.score]
    datasets = list(dict.fromkeys(point.dataset for point in data.variants))
    figure = Figure(figsize=(9, 3.6 * len(datasets)), layout="constrained")
    grid = figure.subplots(len(datasets), 2, squeeze=False, sharey="row")
    for axes, dataset in zip(grid, datasets, strict=True):
        points = [point for point in data.variants if point.dataset == dataset]
        for ax, cost, text in (
            (axes[0], "parameters", "parameters"),
            (axes[1], "seconds", "training time (seconds)"),
        ):
            _draw_points(ax, points, cost, sign=-1 if measure.better == "lower" else 1)
            ax.set(xlabel=text, ylabel=f"test {measure.title}")
        place_legend(axes[1], len(points))
        if len(datasets) > 1:
            axes[0].set_title(dataset, loc="left", fontsize="medium")
    return figure


def _draw_points(ax: Axes, points: list[VariantPoint], cost: str, sign: int) -> None:
    costs = [getattr(point, cost) for point in points]
    if max(costs) > 10 * min(costs):
        ax.set_xscale("log")
    for point, colour in zip(points, colours(len(points)), strict=True):
        x = getattr(point, cost)
        if point.low is not None and point.high is not None:
            ax.plot([x, x], [point.low, point.high], color=colour, lw=1.4)
        marker = "o" if point.on_front else "X"
        ax.plot(x, point.score, marker, color=colour, ms=6, label=point.variant)
    best = [point for point in points if point.on_front]
    ordered = sorted(best, key=lambda point: (getattr(point, cost), -sign * point.score))
    front: list[VariantPoint] = []
    for point in ordered:
        if not front or sign * point.score > sign * front[-1].score:
            front.append(point)
    x_values = [getattr(point, cost) for point in front]
    y_values = [point.score for point in front]
    ax.step(x_values, y_values, where="post", color=GREY, lw=1, alpha=0.6)
    ax.margins(x=0.1, y=0.12)


def mean_curves_figure(data: FiguresData) -> Figure:
    """Loss and accuracy by epoch, mean and 95 % band over seeds; training dashed."""
    datasets = list(dict.fromkeys(curves.dataset for curves in data.cell_curves))
    figure = Figure(figsize=(9, 3.4 * len(datasets)), layout="constrained")
    has_scores = any(curves.val_accuracy is not None for curves in data.cell_curves)
    known = [one for one in EVERY.curves if has_scores or one.kind == "loss"]
    grid = figure.subplots(len(datasets), len(known), squeeze=False)
    for axes, dataset in zip(grid, datasets, strict=True):
        chosen = [curves for curves in data.cell_curves if curves.dataset == dataset]
        palette = colours(len(chosen))
        for ax, measure in zip(axes, known, strict=True):
            for curves, colour in zip(chosen, palette, strict=True):
                _draw_cell(ax, curves, measure, colour)
            ax.set(xlabel="epoch", ylabel=measure.title)
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
            if measure.kind == "loss":
                _log_if_wide(ax, chosen)
        place_legend(axes[-1], len(chosen))
        if len(datasets) > 1:
            axes[0].set_title(dataset, loc="left", fontsize="medium")
    return figure


def _log_if_wide(ax: Axes, chosen: list[CellCurves]) -> None:
    values = [v for c in chosen for v in (*c.loss.mean, *c.val_loss.mean) if v > 0]
    if values and max(values) > 10 * min(values):
        ax.set_yscale("log")


def _draw_cell(
    ax: Axes,
    curves: CellCurves,
    measure: Measure,
    colour: tuple[float, float, float],
) -> None:
    band: Band = getattr(curves, measure.key("validation"))
    epochs = np.arange(1, len(band.mean) + 1)
    ax.plot(epochs, band.mean, color=colour, lw=1.8, label=curves.variant)
    if None not in band.low and None not in band.high:
        low = np.array(band.low, dtype=float)
        high = np.array(band.high, dtype=float)
        if measure.kind == "loss":  # a band on a logarithmic axis must not reach 0
            low = np.maximum(low, min(band.mean) / 10)
        elif measure.kind == "share":
            low, high = np.clip((low, high), 0, 1)
        ax.fill_between(epochs, low, high, color=colour, alpha=0.18, lw=0)
    own: Band = getattr(curves, measure.name)
    ax.plot(np.arange(1, len(own.mean) + 1), own.mean, color=colour, lw=1, ls="--")
    at = min(max(round(curves.best_epoch), 1), len(band.mean))
    ax.plot(at, band.mean[at - 1], "o", color=colour, mec="black", ms=5)
