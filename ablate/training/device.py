"""The device that training runs on."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import joblib
import keras

from ablate.space import Frozen

PACKAGES = ("keras-ablate", "keras", "tensorflow", "jax", "optuna", "numpy")


class Environment(Frozen):
    """Where and with what a trial was trained."""

    backend: str
    device: str
    """The name of the GPU, or ``cpu``."""
    cores: int
    """Processor cores that the worker may use, containers and affinities heeded."""
    python: str
    versions: dict[str, str]


def prepare_device() -> Environment:
    """Finds the GPU, lets it take memory as it is needed, and says what there is.

    Called once in a worker, before the first network is built.
    """
    backend = str(keras.backend.backend())
    device = _jax_device() if backend == "jax" else _tensorflow_device()
    return Environment(
        backend=backend,
        device=device,
        cores=joblib.cpu_count(),
        python=platform.python_version(),
        versions=_versions(),
    )


def _tensorflow_device() -> str:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    if not gpus:
        return "cpu"
    return str(tf.config.experimental.get_device_details(gpus[0]).get("device_name", "gpu"))


def _jax_device() -> str:
    import jax

    device = jax.devices()[0]
    return "cpu" if device.platform == "cpu" else str(device.device_kind)


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
