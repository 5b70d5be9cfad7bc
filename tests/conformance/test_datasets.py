"""Every data set that ships keeps the promises of `_base`."""

import numpy as np
import pytest

from ablate import catalog
from ablate.testing import check_data_set

OPTIONS = {
    "line": {"images_per_class": 4},
    "npz": {"file": "mine.npz"},
    "csv": {"file": "mine.csv", "target": "kind"},
}
"""Options that keep a data set small, or that it needs."""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with files for the data sets that would download theirs."""
    home = tmp_path_factory.mktemp("home")
    images = {
        split: {
            f"x_{split}": np.zeros((count, 28, 28), np.uint8),
            f"y_{split}": np.arange(count) % 10,
        }
        for split, count in (("train", 60_000), ("test", 10_000))
    }
    for name in ("mnist.npz", "fashion_mnist.npz"):
        np.savez_compressed(home / name, **images["train"], **images["test"])
    small = {name: array[:20] for arrays in images.values() for name, array in arrays.items()}
    np.savez(home / "mine.npz", **small)
    rows = [f"{n},{n % 7},{'ab'[n % 2]}" for n in range(40)]
    (home / "mine.csv").write_text("\n".join(["x,z,kind", *rows]))
    return home


@pytest.mark.parametrize("name", catalog.available("datasets"))
def test_a_data_set_keeps_its_promises(name, home):
    check_data_set(name, OPTIONS.get(name), home=home, folder=home)
