"""What is measured after every epoch, and Keras has not."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from ablate.data.fitting import Units


class OwnUnitsError(keras.metrics.Metric):  # type: ignore[misc]
    """The mean squared error in the data's own units, of a network that is trained in scaled ones.

    Args:
        values: how many numbers a network gives.
    """

    def __init__(self, values: int) -> None:
        super().__init__(name="squared_error")
        self.values = values
        # A variable, so that the program of a network serves every split.
        self.squares = self.add_variable((values,), "ones", name="squares")
        self.total = self.add_variable((), "zeros", name="total")
        self.count = self.add_variable((), "zeros", name="count")

    def set_units(self, units: Units) -> None:
        """Takes the units of a split."""
        self.squares.assign(np.square(units.deviation).astype(np.float32))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds the errors of a batch."""
        kind = self.total.dtype
        errors = ops.square(ops.cast(y_pred, kind) - ops.cast(y_true, kind)) * self.squares
        of_examples = ops.mean(errors, axis=-1)
        if sample_weight is None:
            self.total.assign_add(ops.sum(of_examples))
            self.count.assign_add(ops.cast(ops.shape(y_true)[0], kind))
            return
        weights = ops.reshape(ops.cast(sample_weight, kind), (-1,))
        self.total.assign_add(ops.sum(of_examples * weights))
        self.count.assign_add(ops.sum(weights))

    def result(self) -> Any:
        """The mean over the examples."""
        return ops.divide_no_nan(self.total, self.count)

    def reset_state(self) -> None:
        """Begins an epoch; the units stay."""
        self.total.assign(0.0)
        self.count.assign(0.0)

    def get_config(self) -> dict[str, Any]:
        """What it was made with."""
        return {"values": self.values}


class LabelsAccuracy(keras.metrics.Mean):  # type: ignore[misc]
    """The share of examples all of whose labels are right."""

    def __init__(self) -> None:
        super().__init__(name="accuracy")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds the examples of a batch."""
        right = ops.equal(ops.greater_equal(y_pred, 0.5), ops.greater_equal(y_true, 0.5))
        super().update_state(ops.cast(ops.all(right, axis=-1), self.dtype), sample_weight)

    def get_config(self) -> dict[str, Any]:
        """It is made with nothing."""
        return {}
