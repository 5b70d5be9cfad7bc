"""What a worker's environment holds, and that a user's own values count more."""

from __future__ import annotations

import pytest

from ablate.workers.executors.environment import environment_threads, worker_environment
from ablate.workers.executors.shares import Share


def test_the_environment_is_set_before_keras_is_imported():
    found = worker_environment({"KERAS_BACKEND": "torch", "HOME": "/home/me"}, "jax")
    assert found["KERAS_BACKEND"] == "jax"
    assert found["HOME"] == "/home/me"
    assert found["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    assert found["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"


def test_each_backend_keeps_the_memory_that_a_step_frees():
    assert worker_environment({}, "tensorflow")["TF_CPU_ALLOCATOR_USE_BFC"] == "true"
    assert int(worker_environment({}, "jax")["MALLOC_TRIM_THRESHOLD_"]) == 8 * 2**30


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_with_a_gpu_the_c_library_keeps_its_own_settings(backend):
    usual = ("TF_CPU_ALLOCATOR_USE_BFC", "MALLOC_ARENA_MAX", "GLIBC_TUNABLES")
    own = worker_environment({}, backend, Share(gpu="0"))
    lent = worker_environment({}, backend, Share(), gpu=True)
    assert not {name for name in usual if name in own or name in lent}


@pytest.mark.parametrize(
    ("backend", "name", "value"),
    [
        ("jax", "TF_FORCE_GPU_ALLOW_GROWTH", "false"),
        ("tensorflow", "TF_CPU_ALLOCATOR_USE_BFC", "false"),
        ("jax", "MALLOC_TRIM_THRESHOLD_", "131072"),
        ("tensorflow", "TF_NUM_INTRAOP_THREADS", "3"),
    ],
)
def test_what_the_user_has_set_is_kept(backend, name, value):
    assert worker_environment({name: value}, backend, Share(threads=2))[name] == value


def test_it_is_known_how_many_threads_a_worker_computes_with():
    for backend in ("tensorflow", "jax", "torch"):
        assert environment_threads(worker_environment({}, backend, Share(threads=2))) == 2
        assert environment_threads(worker_environment({}, backend, Share())) is None
    users = {"TF_NUM_INTRAOP_THREADS": "7"}
    assert environment_threads(worker_environment(users, "tensorflow", Share(threads=2))) == 7
    assert environment_threads(worker_environment(users, "jax", Share(threads=2))) == 2
