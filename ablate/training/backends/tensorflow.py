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
        arrays: all examples, as `Batches.of` gives them.
        size: examples in a batch.

    Attributes:
        dataset: the batches of one epoch after the other without an end, a `tf.data.Dataset`: to make an
            iterator for each epoch takes longer than the batches of a small one.
    """

    def __init__(self, arrays: tuple[Any, ...], size: int) -> None:
        import tensorflow as tf

        count = len(arrays[1])
        steps = -(-count // size)
        held = tf.nest.map_structure(lambda one: tf.Variable(one, trainable=False), arrays)
        orders = tf.Variable(tf.range(count, dtype=tf.int64), trainable=False, shape=[None])

        def batch(index: Any) -> Any:
            step = index % steps
            start = (index // steps * count) % tf.size(orders, tf.int64) + step * size
            rows = orders[start : start + tf.minimum(count - step * size, size)]
            return tf.nest.map_structure(lambda one: tf.gather(one, rows), held)

        options = tf.data.Options()
        # Looking for something better takes longer than the batches.
        options.autotune.enabled = False
        options.experimental_optimization.apply_default_optimizations = False
        self._held, self._orders = held, orders
        self.dataset = tf.data.Dataset.counter().map(batch).prefetch(1).with_options(options)

    def hold(self, arrays: tuple[Any, ...], orders: NDArray[np.int64]) -> None:
        """Holds other examples, of the same shapes and types.

        Args:
            arrays: the examples.
            orders: their positions in the order of each epoch, one epoch after the other; after the
                last comes the first.
        """
        import tensorflow as tf

        tf.nest.map_structure(lambda held, one: held.assign(one), self._held, arrays)
        self._orders.assign(orders)
