"""The same study twice gives the same numbers, on every backend."""

from __future__ import annotations

import pytest
from conftest import COMPARED, needs

import ablate


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_the_same_seed_gives_the_same_losses(project, backend):
    needs(backend)
    losses = []
    for name in ("first", "second"):
        result = project.ablate_anew(
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


def test_it_gives_them_with_any_number_of_workers_where_searches_go_in_turn(project):
    project.study_file.write_text(
        COMPARED.replace('"random"', '"tpe"').replace("seeds = 3", "seeds = 1")
    )
    tables = []
    for name, options in (("as_it_comes", ()), ("one", ("--workers", "1"))):
        result = project.ablate(
            "run", "study.toml", "--no-report", "--set", f"study.name={name}", *options
        )
        assert result.returncode == 0, result.stderr
        table = ablate.results(name, storage=project.place.url)
        measured = ["phase", "variant", "seed", "learning_rate", "val_loss", "test_loss"]
        tables.append(table[measured].sort_values(measured[:4]).reset_index(drop=True))
    assert len(tables[0]) == 2 * 2 + 2
    assert tables[0].equals(tables[1])
