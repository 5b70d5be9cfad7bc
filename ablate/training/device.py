"""The device that training runs on."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import joblib
import keras

from ablate.spec.environment import Environment

PACKAGES = ("keras-ablate", "keras", "tensorflow", "jax", "torch", "optuna", "numpy")


def prepare_device() -> Environment:
    """Finds the GPU, lets it take memory as it is needed, and says what there is.

    Called once in a worker, before the first network is built.
    """
    backend = str(keras.backend.backend())
    device = _DEVICES[backend]()
    return Environment(
        backend=backend,
        device=device,
        processor=_processor(),
        cores=joblib.cpu_count(),
        python=platform.python_version(),
        versions=_versions(),
        commit=commit_of(Path(__file__)),
    )


def commit_of(file: Path) -> str | None:
    """The commit of the git checkout that a file is part of; None where it is part of none."""
    git = ["git", "-C", str(file.parent)]
    try:
        # An installed package may lie in somebody's checkout without being part of it.
        subprocess.run(
            [*git, "ls-files", "--error-unmatch", file.name], check=True, capture_output=True
        )
        described = subprocess.run(
            [*git, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
            check=True,
            capture_output=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return described.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


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


def _torch_device() -> str:
    import torch

    return str(torch.cuda.get_device_name()) if torch.cuda.is_available() else "cpu"


_DEVICES = {"tensorflow": _tensorflow_device, "jax": _jax_device, "torch": _torch_device}


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
