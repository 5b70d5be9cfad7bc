"""Every data set that ships keeps the promises of `_base`."""

import pickle

import numpy as np
import pytest
from PIL import Image

from ablate import catalog
from ablate.testing import check_data_set

OPTIONS = {
    "line": {"images_per_class": 4},
    "npz": {"file": "mine.npz"},
    "image_folder": {"directory": "pictures", "image_size": (4, 6)},
    "csv": {"file": "mine.csv", "target": "kind"},
}
"""Options that keep a data set small, or that it needs."""


def write_keras_files(home):
    """Stand-ins of the published sizes for what Keras downloads."""

    def written(folder, files):
        (home / folder).mkdir()
        for name, held in files.items():
            (home / folder / name).write_bytes(pickle.dumps(held, protocol=4))

    def images(count, **labels):
        return {"data": np.zeros((count, 3072), np.uint8), **labels}

    names = {"batches.meta": {"label_names": list("abcdefghij")}}
    batches = {
        name: images(10_000, labels=[n % 10 for n in range(10_000)])
        for name in (*(f"data_batch_{n}" for n in range(1, 6)), "test_batch")
    }
    written("cifar-10-batches-py", names | batches)
    fine = {"meta": {"fine_label_names": [f"f{n}" for n in range(100)]}}
    parts = {
        name: images(count, fine_labels=[n % 100 for n in range(count)])
        for name, count in (("train", 50_000), ("test", 10_000))
    }
    written("cifar-100-python", fine | parts)
    texts = np.empty(25_000, object)
    texts[:] = [[1, n % 9] for n in range(25_000)]
    y = np.arange(25_000) % 2
    np.savez(home / "imdb.npz", x_train=texts, y_train=y, x_test=texts, y_test=y)
    np.savez(home / "reuters.npz", x=texts[:11_228], y=np.arange(11_228) % 46)
    x = np.random.default_rng(0).random((20_640, 8))
    np.savez(home / "california_housing.npz", x=x, y=x[:, 0])


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
    write_keras_files(home)
    for name in ("cat", "dog"):
        (home / "pictures" / name).mkdir(parents=True)
        for number in range(6):
            Image.new("RGB", (5, 5), (number, 0, 0)).save(
                home / "pictures" / name / f"{number}.png"
            )
    rows = [f"{n},{n % 7},{'ab'[n % 2]}" for n in range(40)]
    (home / "mine.csv").write_text("\n".join(["x,z,kind", *rows]))
    return home


@pytest.mark.parametrize("name", catalog.available("datasets"))
def test_a_data_set_keeps_its_promises(name, home):
    check_data_set(name, OPTIONS.get(name), home=home, folder=home)
