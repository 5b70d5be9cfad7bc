"""The device that training runs on."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import joblib
import keras

from ablate.backends import BACKENDS
from ablate.spec.environment import Environment
from ablate.training.backends import own_code

PACKAGES = ("keras-ablate", "keras", *BACKENDS, "optuna", "numpy")


def prepare_device() -> Environment:
    """Finds the GPU, lets it take memory as it is needed, and says what there is.

    Called once in a worker, before the first network is built.
    """
    backend = str(keras.backend.backend())
    return Environment(
        backend=backend,
        device=own_code().device(),
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


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
