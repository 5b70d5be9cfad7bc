"""What the figures of a report have in common."""

from __future__ import annotations

import math

import seaborn as sns
from matplotlib.axes import Axes

FEW = 10
"""Lines that a legend inside of a figure holds, and that a palette for the colour-blind tells apart."""


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
