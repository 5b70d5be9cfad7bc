"""The memory of a worker that trains an epoch over 20 GB of images, which lie on disk or come in a stream.

Trains 100 steps of `ablate run` on float32 images of 20 GB in all: once from a folder of ``.npy`` files,
mapped and used in place (a sparse file, which takes no room on disk), and once from a stream that
makes them. Looks at all processes of the run ten times a second, and prints the most anonymous memory
(RssAnon) that a worker held, and its whole resident memory, mapped pages of files among it.

    python benchmarks/large_epoch.py [--gigabytes 20] [--steps 100] [--backend tensorflow]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psutil
from processes import bare_environment, run_process

SIDE = 160
BATCH_SHARE = 1.02
"""How many images there are, of those that an epoch trains on: a few are for validation."""
STUDY = """
[study]
name         = "large"
dataset      = "{dataset}"
search_space = "small.toml"

[data]
{data}

[training]
epochs     = 1
batch_size = {batch}
backend    = "{backend}"

[tune]
trials     = 1
parameters = ["filters"]
"""
NETWORK = """
import keras


def build(input_shape, num_classes, *, filters=4):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Conv2D(filters, 8, strides=8, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(num_classes, "softmax"),
        ]
    )
"""
SPACE = """
architecture = "small.py:build"

[parameters]
filters = { choices = [4, 8], default = 4 }
"""
STREAM = """
import keras
import numpy as np


class Images(keras.utils.PyDataset):
    def __init__(self, count, batch_size, side):
        super().__init__()
        self.count, self.batch_size, self.side = count, batch_size, side

    def __len__(self):
        return self.count // self.batch_size

    def __getitem__(self, index):
        rng = np.random.default_rng(index)
        shape = (self.batch_size, self.side, self.side, 1)
        return rng.random(shape, np.float32), rng.integers(0, 2, self.batch_size)


def train_data(*, seed, batch_size, count, side):
    return Images(count, batch_size, side), Images(2 * batch_size, batch_size, side)
"""


class Watch:
    """The most memory that any child of this process holds, in MiB, looked at ten times a second."""

    def __enter__(self) -> Watch:
        self.anonymous = self.resident = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            for process in psutil.Process().children(recursive=True):
                try:
                    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
                except OSError:
                    continue
                held = {line.partition(":")[0]: line.split()[1] for line in lines if "kB" in line}
                self.anonymous = max(self.anonymous, int(held.get("RssAnon", 0)) / 1024)
                self.resident = max(self.resident, int(held.get("VmRSS", 0)) / 1024)


def write_arrays(folder: Path, count: int) -> None:
    """A folder of ``.npy`` files, of images that are a hole in their file."""
    folder.mkdir()
    for part, images in (("train", count), ("test", 8)):
        shape = (images, SIDE, SIDE, 1)
        np.lib.format.open_memmap(folder / f"x_{part}.npy", "w+", np.float32, shape).flush()
        np.save(folder / f"y_{part}.npy", np.arange(images) % 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=20)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--backend", choices=["tensorflow", "jax", "torch"], default="tensorflow")
    given = parser.parse_args()
    batch = int(given.gigabytes * 1e9 / given.steps / SIDE**2 / 4)
    print(f"{given.steps} steps of {batch} images of {SIDE} x {SIDE} float32")
    with tempfile.TemporaryDirectory(prefix="ablate-bench-") as scratch:
        folder = Path(scratch)
        (folder / "small.py").write_text(NETWORK)
        (folder / "small.toml").write_text(SPACE)
        (folder / "images.py").write_text(STREAM)
        write_arrays(folder / "images", round(given.steps * batch * BATCH_SHARE))
        common = {"batch": batch, "backend": given.backend}
        of_arrays = f'file = "images"\nvalidation = {1 - 1 / BATCH_SHARE:.4f}'
        of_stream = f'class_names = ["a", "b"]\ncount = {given.steps * batch}\nside = {SIDE}'
        for title, dataset, data in (
            ("arrays, mapped", "npz", of_arrays),
            ("a stream", "images.py", of_stream),
        ):
            file = folder / f"{dataset.partition('.')[0]}.study.toml"
            file.write_text(STUDY.format(dataset=dataset, data=data, **common))
            command = [sys.executable, "-m", "ablate", "run", str(file), "--plain"]
            command += ["--storage", str(folder / f"{file.stem}.journal"), "--workers", "1"]
            started = time.perf_counter()
            with Watch() as watch:
                usage = run_process(command, bare_environment(given.backend), folder)
            print(
                f"{title}: at most {watch.anonymous:,.0f} MiB anonymous, {watch.resident:,.0f} MiB "
                f"resident; {time.perf_counter() - started:.0f} s, {usage}",
                flush=True,
            )
            print("\n".join(line for line in usage.output.splitlines() if "epoch" in line))


if __name__ == "__main__":
    main()
