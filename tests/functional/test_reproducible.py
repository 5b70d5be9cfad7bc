"""The same study twice gives the same numbers, on both backends."""

from __future__ import annotations

import pytest

import ablate


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_the_same_seed_gives_the_same_losses(project, backend):
    if backend == "jax":
        pytest.importorskip("jax", reason="jax is not installed: pip install keras-ablate[jax]")
    losses = []
    for name in ("first", "second"):
        result = project.ablate(
            "run",
            "study.toml",
            "--trials",
            "2",
            "--set",
            f"study.name={name}",
            KERAS_BACKEND=backend,
        )
        assert result.returncode == 0, result.stderr
        table = ablate.results(name, storage=project.place.url)
        assert table["outcome"].tolist() == ["complete", "complete"]
        losses.append(table["val_loss"].tolist())
    assert losses[0] == losses[1]
