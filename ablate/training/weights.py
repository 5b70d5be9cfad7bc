"""How much each training example counts in the loss that is minimised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def training_weights(
    labels: NDArray[Any],
    names: Sequence[str],
    class_weight: Literal["none", "balanced"] | Mapping[str, float],
    sample_weight: NDArray[np.float64] | None,
) -> NDArray[np.float64] | None:
    """The weight of each training example; None where all count alike.

    Args:
        labels: the class of each.
        names: of the classes.
        class_weight: what each class counts; balanced as scikit-learn has it, n / (classes * n of the
            class), so that each counts as much as any other in all.
        sample_weight: what each example counts by itself.
    """
    if class_weight == "none":
        return sample_weight
    if class_weight == "balanced":
        counts = np.bincount(labels, minlength=len(names))
        occurring = np.count_nonzero(counts)
        of_classes = len(labels) / (occurring * np.maximum(counts, 1))
    else:
        of_classes = np.array([class_weight[name] for name in names], np.float64)
    weights: NDArray[np.float64] = of_classes[labels]
    return weights if sample_weight is None else weights * sample_weight
