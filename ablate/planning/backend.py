"""The Keras backend that a study trains with."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import cast, get_args

from ablate.backends import BACKENDS, BackendName
from ablate.errors import InputError, Problem
from ablate.spec.study import StudySpec


def check_backend(study: StudySpec) -> None:
    """Makes sure that the backend that a study trains with is installed.

    Raises:
        InputError: it is not.
    """
    backend = study.training.backend
    if is_installed(backend):
        return
    rule = f"the backend {backend} is not installed"
    others = " or ".join(f'backend = "{one}"' for one in BACKENDS if is_installed(one))
    hint = f"install it: pip install {BACKENDS[backend].install}" + (
        f", or set {others}" if others else ""
    )
    raise InputError(Problem(study.path, rule, "training.backend", hint=hint))


def is_installed(backend: str) -> bool:
    """Whether a backend can be imported; it is not."""
    return importlib.util.find_spec(backend) is not None


def usual_backend(environment: Mapping[str, str]) -> BackendName:
    """The backend of what no study asks for: that of the environment, else the first installed one."""
    named = environment.get("KERAS_BACKEND")
    if named in BACKENDS:
        return cast(BackendName, named)
    usual, *others = get_args(BackendName)
    return next((one for one in (usual, *others) if is_installed(one)), usual)
