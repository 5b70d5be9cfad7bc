"""The figures of trials: their trade-off, and the learning curves of the best."""

from __future__ import annotations

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ablate.report.figures.records import Curve, FiguresData
from ablate.spec.measure import Measure
from ablate.spec.measures import EVERY

NAMED = 5
"""How many of the best trials' curves are named."""
GREY = "#9a9a9a"


def tradeoff_figure(data: FiguresData) -> Figure:
    """A validation score against parameters and against training time, with the front drawn."""
    measure = EVERY.by_name[data.score]
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    table = pd.DataFrame([point.model_dump() for point in data.points])
    table["Pareto-optimal"] = table["on_front"].map({True: "yes", False: "no"})
    for ax, column, label in (
        (axes[0], "parameters", "parameters"),
        (axes[1], "seconds", "training time (seconds)"),
    ):
        sns.scatterplot(
            table,
            x=column,
            y="score",
            hue="Pareto-optimal",
            hue_order=["yes", "no"],
            style="Pareto-optimal",
            style_order=["yes", "no"],
            palette=["#1b6ca8", GREY],
            legend=ax is axes[0],
            ax=ax,
        )
        front = _front(table, column, lower=measure.better == "lower")
        ax.step(front[column], front["score"], where="post", color="#1b6ca8", lw=1, alpha=0.6)
        ax.set(xlabel=label, ylabel=f"validation {measure.title}")
        for row in front.itertuples():
            ax.annotate(
                str(row.number),
                (getattr(row, column), row.score),
                (3, -9),
                textcoords="offset points",
                fontsize=7,
            )
    if table["parameters"].max() > 10 * table["parameters"].min():
        axes[0].set_xscale("log")
    return figure


def learning_curves_figure(data: FiguresData) -> Figure:
    """Validation loss and accuracy by epoch; the best trials are named, pruned ones dashed."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    known = [one for one in EVERY.curves if any(_curve(curve, one) for curve in data.curves)]
    axes = figure.subplots(1, len(known), squeeze=False)[0]
    colours = sns.color_palette("colorblind", NAMED)
    for ax, measure in zip(axes, known, strict=True):
        for curve in reversed(data.curves):
            _draw_curve(ax, curve, _curve(curve, measure), colours)
        ax.set(xlabel="epoch", ylabel=f"validation {measure.title}")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    losses = [loss for curve in data.curves for loss in curve.val_loss if loss > 0]
    if losses and max(losses) > 10 * min(losses):
        axes[0].set_yscale("log")
    handles, labels = axes[0].get_legend_handles_labels()
    if handles:
        axes[0].legend(handles[::-1], labels[::-1], fontsize=7)
    return figure


def _draw_curve(
    ax: Axes, curve: Curve, values: tuple[float, ...], colours: list[tuple[float, float, float]]
) -> None:
    epochs = range(1, len(values) + 1)
    if curve.rank is not None and curve.rank < NAMED:
        ax.plot(epochs, values, color=colours[curve.rank], lw=1.8, label=f"trial {curve.number}")
    elif curve.pruned:
        ax.plot(epochs, values, color=GREY, lw=0.9, ls="--", marker="x", markevery=[-1], ms=4)
    else:
        ax.plot(epochs, values, color=GREY, lw=0.9)


def _curve(curve: Curve, measure: Measure) -> tuple[float, ...]:
    values: tuple[float, ...] = getattr(curve, measure.key("validation"))
    return values


def _front(table: pd.DataFrame, column: str, *, lower: bool) -> pd.DataFrame:
    """The rows that no row beats in the score at the same or a lower cost, by rising cost."""
    ordered = table.sort_values([column, "score"], ascending=[True, lower])
    quality = -ordered["score"] if lower else ordered["score"]
    best = quality.cummax().shift(fill_value=-float("inf"))
    return ordered[quality > best]
