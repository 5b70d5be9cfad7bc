"""The figure of a confusion matrix."""

from __future__ import annotations

import numpy as np
import seaborn as sns
from matplotlib.figure import Figure

from ablate.report.figures.records import ConfusionData

FEW = 20
"""Classes up to which a confusion matrix holds numbers and names."""


def confusion_figure(data: ConfusionData) -> Figure:
    """A confusion matrix as shares of the true class; with numbers where there are few classes."""
    matrix = np.array(data.matrix, dtype=float)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    few = len(data.class_names) <= FEW
    figure = Figure(figsize=(5.6, 4.8) if few else (7.2, 6.4), layout="constrained")
    ax = figure.subplots()
    sns.heatmap(
        shares,
        vmin=0,
        vmax=1,
        cmap="Blues",
        square=True,
        annot=np.array(data.matrix) if few else None,
        fmt="d",
        annot_kws={"size": 7},
        xticklabels=list(data.class_names) if few else False,
        yticklabels=list(data.class_names) if few else False,
        cbar_kws={"label": "share of the true class", "shrink": 0.8},
        rasterized=not few,
        ax=ax,
    )
    ax.set(xlabel="predicted class", ylabel="true class")
    ax.set_title(data.title, loc="left", fontsize="medium")
    return figure
