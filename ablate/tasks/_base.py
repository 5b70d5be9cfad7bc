"""What a task file must hold: a `Task` called ``TASK``. Nothing heavy is imported at module level."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Score = Callable[[NDArray[Any], NDArray[np.float64], NDArray[np.float64] | None], float | None]


@dataclass(frozen=True)
class Task:
    """What the outputs of a network mean, and how well they do.

    Targets are an array with one row for each example, as the data set holds them; outputs are
    ``(n, units)``, as the network gives them.
    """

    name: str
    loss: str
    """The plain loss that is reported, by Keras's name, and what is minimised unless a study says
    otherwise."""
    loss_title: str
    """What it is called in a sentence."""
    losses: tuple[str, ...]
    """What a study may minimise, by Keras's names."""
    measures: tuple[str, ...]
    """What is always measured besides the loss, by name in `ablate.spec.measures`."""
    metric: str
    """What the verdicts are about unless the study says otherwise."""
    activations: tuple[str, ...]
    """Those of Keras's that a last layer may have; empty for any."""
    outputs: Literal["distribution", "shares", "numbers"]
    """What a network gives for an example: probabilities that sum to 1, a probability each, or
    any numbers."""
    metrics: tuple[str, ...]
    """What Keras measures after every epoch, by its names."""
    has_classes: bool
    """Whether each example belongs to one class."""
    decided: Callable[[NDArray[Any]], NDArray[np.int64]] | None
    """The class that outputs are taken for; None where an example has no single class."""
    units: Callable[[int], int]
    """How many outputs a network has, of how many classes, labels or targets the data have."""
    ending: Callable[[int], str]
    """The last layer that a network may have, as one writes it in Python, of the same."""
    encoded: Callable[[NDArray[Any], int], NDArray[np.float32]]
    """Targets as Keras's losses take them, ``(n, units)``, of these and of the same."""
    fault: Callable[[NDArray[Any], float], str | None]
    """What is wrong with outputs, and the remedy; None where they may be scored. Of finite outputs,
    and of how far from a probability one may be."""
    scores: Mapping[str, Score]
    """How each measure is made, by its name: of targets, outputs and weights; None where it is not defined
    for these targets, as the area under a curve is not where only one class occurs."""

    def score(
        self,
        name: str,
        targets: NDArray[Any],
        outputs: NDArray[Any],
        weights: NDArray[np.float64] | None = None,
    ) -> float | None:
        """A measure, one of `scores`, of the outputs that a network gave for these targets.

        Args:
            name: which one.
            targets: one for each example.
            outputs: likewise.
            weights: how much each example counts; None where all count alike.

        Returns:
            None where it is not defined.
        """
        import numpy as np

        if weights is not None and not weights.all():
            # What counts nothing is no class that occurs, and no target that varies.
            counts = weights > 0
            if not counts.any():
                return None
            targets, outputs, weights = targets[counts], outputs[counts], weights[counts]
        return self.scores[name](targets, np.asarray(outputs, np.float64), weights)
