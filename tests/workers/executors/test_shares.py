"""How the machine is shared out among workers."""

from __future__ import annotations

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.workers.executors.environment import worker_environment
from ablate.workers.executors.shares import (
    Share,
    memory_share,
    share_out,
    usable_cores,
    visible_gpus,
)


def test_a_single_worker_has_the_whole_machine():
    assert share_out(None, 1, range(8), ()) == (Share(),)
    assert share_out(1, 1, range(8), ("0", "1")) == (Share(),)


def test_there_is_a_worker_for_each_gpu():
    each = (Share("0", (0, 1), 2), Share("1", (2, 3), 2))
    assert share_out(None, 1, range(4), ("0", "1")) == each


def test_threads_are_what_is_asked_for_however_many_cores_a_worker_has():
    assert [share.threads for share in share_out(2, 1, range(8), (), 3)] == [3, 3]
    assert share_out(1, 1, range(8), (), 3) == (Share(threads=3),)


def test_several_share_a_gpu():
    shares = share_out(None, 2, range(4), ("a", "b"))
    assert [share.gpu for share in shares] == ["a", "a", "b", "b"]
    assert [share.gpu for share in share_out(6, 2, range(4), ("a", "b"))] == [*"aabbaa"]


@given(st.integers(2, 12), st.integers(1, 12))
def test_all_cores_are_dealt_out_and_every_worker_has_one(workers, cores):
    shares = share_out(workers, 1, range(cores), ())
    assert len(shares) == workers
    dealt = [core for share in shares for core in share.cores]
    assert set(dealt) == set(range(cores))
    if workers <= cores:
        assert len(dealt) == cores
    sizes = [len(share.cores) for share in shares]
    assert max(sizes) - min(sizes) <= 1


def test_threads_and_gpu_are_set_before_keras_is_loaded():
    environment = worker_environment({"OMP_NUM_THREADS": "7"}, "jax", Share("1", (2, 3), 2))
    assert environment["TF_NUM_INTRAOP_THREADS"] == "2"
    assert environment["OMP_NUM_THREADS"] == "7", "a user's own value counts"
    assert environment["CUDA_VISIBLE_DEVICES"] == "1"
    assert "CUDA_VISIBLE_DEVICES" not in worker_environment({}, "jax", Share())


@pytest.mark.parametrize(
    ("value", "gpus"),
    [("0,2", ("0", "2")), ("GPU-a, GPU-b", ("GPU-a", "GPU-b")), ("", ()), ("-1", ())],
)
def test_gpus_that_the_user_names_are_those_used(value, gpus):
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": value}) == gpus


def test_gpus_are_counted_by_nvidia_smi(tmp_path):
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'GPU 0: A'\necho 'GPU 1: B'\n")
    program.chmod(0o755)
    assert visible_gpus({"PATH": str(tmp_path)}) == ("0", "1")
    assert visible_gpus({"PATH": str(tmp_path / "none")}) == ()
    program.write_text("#!/bin/sh\nexit 9\n")
    assert visible_gpus({"PATH": str(tmp_path)}) == ()


def test_at_least_one_core_can_be_used_and_no_more_than_a_container_gives(tmp_path):
    quota, affinity = tmp_path / "cpu.max", usable_cores(())
    assert affinity
    for text, count in (
        ("max 100000\n", len(affinity)),
        ("100000 100000\n", 1),
        ("50000 100000\n", 1),
        ("99900000 100000\n", len(affinity)),
    ):
        quota.write_text(text)
        assert usable_cores((tmp_path / "absent", quota)) == affinity[:count]


def test_workers_may_hold_most_of_the_memory_and_no_more_than_their_container_has(tmp_path):
    total = psutil.virtual_memory().total
    files = [tmp_path / "max", tmp_path / "absent"]
    files[0].write_text("max\n")
    assert memory_share(1, files) == int(0.8 * total)
    assert memory_share(4, files) == int(0.8 * total / 4)
    files[0].write_text("1000000\n")
    assert memory_share(2, files) == 400_000
    files[0].write_text(str(2**63))
    assert memory_share(1, files) == int(0.8 * total)
