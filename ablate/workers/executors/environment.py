"""What a worker's environment holds before Keras is imported."""

from __future__ import annotations

from collections.abc import Mapping

from ablate.backends import BACKENDS, BackendName
from ablate.workers.executors.shares import Share


def environment_threads(environment: Mapping[str, str]) -> int | None:
    """How many threads a worker with this environment computes with.

    Args:
        environment: of the worker, see `worker_environment`.

    Returns:
        None where the environment does not say, and its libraries choose.
    """
    value = environment.get(BACKENDS[environment["KERAS_BACKEND"]].threads, "")
    return int(value) if value.isdecimal() and int(value) else None


def worker_environment(
    environment: Mapping[str, str],
    backend: BackendName,
    share: Share | None = None,
    *,
    gpu: bool = False,
) -> dict[str, str]:
    """The environment of a worker.

    Args:
        environment: the user's, which counts more than ours.
        backend: the Keras backend.
        share: the part of the machine that the worker may use; all of it unless given.
        gpu: whether it trains on a GPU that the share does not name.
    """
    return {
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        **({} if gpu or (share and share.gpu is not None) else BACKENDS[backend].keeping),
        **(share.environment() if share else {}),
        **environment,
        **(share.device() if share else {}),
        "KERAS_BACKEND": backend,
        "PYTHONUNBUFFERED": "1",
    }
