"""What the reference networks take on a GPU, with workers side by side on it.

Trains replicates of the three reference networks on line images by `ablate run`, with 1, 2, 4 and
8 workers on each GPU, each run into a storage of its own, and the same networks by a bare loop of
`model.fit` in a process of its own, two trainings each so that the second needs no start-up.
Prints for each run its wall time, trainings a minute, the milliseconds of a step of each network
(medians over seeds of the time of an epoch after the first, its validation included, divided by
its steps) and the most GPU memory in use, all programs together, as `nvidia-smi` tells it.

    python benchmarks/gpu.py [--backend jax] [--workers 1 2 4 8] [--seeds 8] [--networks bottleneck]
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from processes import bare_environment, run_process

import ablate
from ablate.data.prepared import prepare
from ablate.data.split import Split, training_split
from ablate.spec.study import StudySpec
from ablate.store.place import StoragePlace

BATCH = 128
NETWORKS = ("baseline", "bottleneck", "variation")
STUDY = """
[study]
name         = "gpu"
dataset      = "line"
search_space = {spaces}

[data]
images_per_class = {images}

[training]
epochs     = {epochs}
batch_size = {batch}
backend    = "{backend}"
checkpoint = "last"

[replicate]
seeds = {seeds}
"""


class MemoryWatch:
    """The most GPU memory in use while it is entered, in MiB, looked at five times a second."""

    def __enter__(self) -> MemoryWatch:
        self.most, self._over = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
        while not self._over.wait(0.2):
            told = subprocess.run(query, capture_output=True, text=True, check=False).stdout
            self.most = max([self.most, *(int(line) for line in told.split() if line.isdigit())])


class Clock:
    """When each epoch ended."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def note(self, epoch: int, logs: object) -> None:
        """One has."""
        self.ends.append(time.perf_counter())


def split_of(study: StudySpec, storage: str) -> Split:
    """The images of the first seed."""
    data = study.datasets[0]
    return training_split(prepare(data, StoragePlace(storage).cache), data, 1)


def bare(network: str, study: StudySpec, storage: str) -> None:
    """Fits a network twice in this process; prints ms of a step of the second, and its seconds."""
    import importlib

    import keras

    build = importlib.import_module(f"ablate.architectures.{network}").build
    split = split_of(study, storage)
    x_train, x_val, classes = split.x_train[:], split.x_val[:], len(split.class_names)
    y_train, y_val = (
        keras.utils.to_categorical(labels, classes) for labels in (split.y_train, split.y_val)
    )
    steps = -(-len(x_train) // BATCH)
    for seed in (1, 2):
        started = time.perf_counter()
        keras.utils.clear_session()
        keras.utils.set_random_seed(seed)
        model = build(x_train.shape[1:], classes)
        model.compile(keras.optimizers.Adam(1e-3), "categorical_crossentropy", metrics=["accuracy"])
        clock = Clock()
        note = keras.callbacks.LambdaCallback(on_epoch_end=clock.note)
        model.fit(
            x_train,
            y_train,
            batch_size=BATCH,
            epochs=study.training.epochs,
            validation_data=(x_val, y_val),
            verbose=0,
            callbacks=[note],
        )
        whole = time.perf_counter() - started
    epoch = statistics.median(after - before for before, after in itertools.pairwise(clock.ends))
    print(f"{1000 * epoch / steps:.2f} ms a step, {whole:.1f} s a training")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--backend", choices=["tensorflow", "jax", "torch"], default="jax")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--images", type=int, default=500, help="of each of the 96 classes")
    parser.add_argument("--bare", nargs=3, metavar=("NETWORK", "STUDY", "STORAGE"))
    given = parser.parse_args()
    if given.bare:
        network, file, storage = given.bare
        bare(network, ablate.load_study(file), storage)
        return
    environment = bare_environment(given.backend) | {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    with tempfile.TemporaryDirectory(prefix="ablate-bench-") as scratch:
        folder = Path(scratch)
        file = folder / "gpu.toml"
        text = STUDY.format(batch=BATCH, spaces=json.dumps(given.networks), **vars(given))
        file.write_text(text)
        study = ablate.load_study(file)
        for workers in given.workers:
            storage = str(folder / f"{workers}" / "ablate.journal")
            (folder / f"{workers}").mkdir()
            command = [sys.executable, "-m", "ablate", "run", str(file), "--plain"]
            command += ["--storage", storage, "--workers-per-gpu", str(workers)]
            with MemoryWatch() as watch:
                usage = run_process(command, environment, folder)
            table = ablate.results(study, storage=storage)
            rows = [row for row in table.to_dict("records") if row["outcome"] == "complete"]
            steps = -(-len(split_of(study, storage).y_train) // BATCH)
            minute = 60 * len(rows) / usage.wall
            print(
                f"{workers} on each GPU: {usage.wall:.1f} s, {len(rows)} trainings, "
                f"{minute:.1f} a minute, {steps} steps an epoch, at most {watch.most} MiB"
            )
            print(f"  device {rows[0].get('device')}, {usage}")
            for network in given.networks:
                own = [row for row in rows if row["variant"] == network]
                epoch = statistics.median(row["seconds_per_epoch"] for row in own)
                whole = statistics.median(row["training_seconds"] for row in own)
                score = statistics.median(row["test_accuracy"] for row in own)
                print(
                    f"  {network:10} {1000 * epoch / steps:8.2f} ms a step, "
                    f"{whole:6.1f} s a training, accuracy {score:.4f}",
                    flush=True,
                )
        for network in given.networks:
            command = [sys.executable, __file__, "--backend", given.backend]
            command += ["--bare", network, str(file), storage]
            with MemoryWatch() as watch:
                usage = run_process(command, environment, folder)
            last = usage.output.strip().splitlines()[-1]
            print(f"bare {network:10} {last}, at most {watch.most} MiB, {usage}", flush=True)


if __name__ == "__main__":
    main()
