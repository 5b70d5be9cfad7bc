"""The Keras backend that a study trains with."""

from __future__ import annotations

import importlib.util

from ablate.errors import InputError, Problem
from ablate.spec.study import StudySpec


def check_backend(study: StudySpec) -> None:
    """Makes sure that the backend that a study trains with is installed.

    Raises:
        InputError: it is not.
    """
    backend = study.training.backend
    if importlib.util.find_spec(backend) is None:
        rule = f"the backend {backend} is not installed"
        hint = f'install it: pip install "keras-ablate[{backend}]"'
        raise InputError(Problem(study.path, rule, "training.backend", hint=hint))
