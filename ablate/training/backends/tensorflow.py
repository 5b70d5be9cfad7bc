"""TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def device() -> str:
    """The first GPU, else the processor."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    if not gpus:
        return "cpu"
    return str(tf.config.experimental.get_device_details(gpus[0]).get("device_name", "gpu"))


def makes_pipelines() -> bool:
    """Whether batches can be made of what `Pipeline` holds: where no GPU waits for them."""
    import tensorflow as tf

    return not tf.config.list_physical_devices("GPU")


class Pipeline:
    """Batches of examples that TensorFlow holds, made without Python; traced once.

    Args:
        arrays: what `Batches.whole` gives.
        size: examples in a batch.

    Attributes:
        dataset: the batches of an epoch, a `tf.data.Dataset`.
    """

    def __init__(self, arrays: tuple[Any, ...], size: int) -> None:
        import tensorflow as tf

        count = len(arrays[1])
        self._held = tf.nest.map_structure(lambda one: tf.Variable(one, trainable=False), arrays)
        self._order = tf.Variable(tf.range(count, dtype=tf.int64), trainable=False)

        def batch(index: Any) -> Any:
            rows = self._order[index * size : tf.minimum((index + 1) * size, count)]
            return tf.nest.map_structure(lambda one: tf.gather(one, rows), self._held)

        options = tf.data.Options()
        options.autotune.enabled = (
            False  # looking for something better takes longer than the batches
        )
        options.experimental_optimization.apply_default_optimizations = False
        steps = tf.data.Dataset.range(-(-count // size))
        self.dataset = steps.map(batch).prefetch(1).with_options(options)

    def hold(self, arrays: tuple[Any, ...]) -> None:
        """Holds other examples of the same shapes and types."""
        import tensorflow as tf

        tf.nest.map_structure(lambda held, one: held.assign(one), self._held, arrays)

    def take(self, order: NDArray[np.int64]) -> None:
        """Has the next epoch in this order, of positions."""
        self._order.assign(order)
