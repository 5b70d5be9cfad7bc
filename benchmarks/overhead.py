"""What `ablate run` costs on top of a bare loop of `model.fit`.

Trains the same ten trials twice over, by `ablate run` and by a loop of `model.fit` with the
same configurations, images and process settings, alternating, and prints the ratio of
wall times. Each run is a process of its own; its first trial, which warms it up, is not counted.

    python benchmarks/overhead.py [--repeats 3]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

STUDY = """
[study]
name         = "overhead"
dataset      = "line"
search_space = "bottleneck"

[data]
images_per_class = 120

[training]
epochs     = 3
batch_size = 128

[fix]
batch_norm_momentum = 0.9

[tune]
trials        = 10
sampler       = "random"
pruner        = "none"
stem_filters  = { choices = [16, 32] }
dropout       = { low = 0.0, high = 0.4 }
learning_rate = { low = 1e-3, high = 1e-2, log = true }
"""

LOOP = """
import json, sys, time
from pathlib import Path
import keras, numpy as np
from ablate.architectures import bottleneck
from ablate.data import find_prepared
from ablate.split import training_split
from ablate.config import load_study
from ablate.storage import StoragePlace

study = load_study(Path(sys.argv[1]))
data = study.datasets[0]
split = training_split(find_prepared(data, StoragePlace(sys.argv[2]).cache), data, study.seed)
ends = []
for trial in json.loads(Path(sys.argv[3]).read_text()):
    keras.utils.clear_session()
    keras.utils.set_random_seed(study.seed)
    model = bottleneck.build((28, 28, 3), 96, **trial["parameters"])
    model.compile(keras.optimizers.Adam(trial["learning_rate"]), "categorical_crossentropy", metrics=["accuracy"])
    model.fit(
        split.x_train, keras.utils.to_categorical(split.y_train, 96),
        batch_size=128, epochs=3, validation_batch_size=128, verbose=0,
        validation_data=(split.x_val, keras.utils.to_categorical(split.y_val, 96)),
    )
    ends.append(time.time())
print(ends[-1] - ends[0])
"""


def run_ablate(folder: Path) -> float:
    """Seconds from the end of the first trial to the end of the last."""
    command = [sys.executable, "-m", "ablate", "run", "study.toml", "--fresh", "--plain"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    trials = stored_trials(folder)
    ends = [trial.datetime_complete.timestamp() for trial in trials]
    return ends[-1] - ends[0]


def run_loop(folder: Path) -> float:
    """Seconds from the end of the first `fit` to the end of the last."""
    arguments = ["study.toml", "runs/ablate.journal", "trials.json"]
    command = [sys.executable, "-c", LOOP, *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


def stored_trials(folder: Path):
    """The trials that `ablate run` has just stored."""
    from ablate.storage import StoragePlace, open_existing
    from ablate.stored import find_study

    stored = find_study(
        open_existing(StoragePlace(str(folder / "runs/ablate.journal"))), "overhead"
    )
    assert stored is not None
    (study,) = stored.parts.values()
    return study.trials


def main() -> None:
    """Prints both medians and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory(prefix="ablate-bench-") as name:
        folder = Path(name)
        (folder / "study.toml").write_text(STUDY)
        by_ablate, by_loop = [], []
        for repeat in range(repeats):
            by_ablate.append(run_ablate(folder))
            trials = [
                {
                    "parameters": {
                        "batch_norm_momentum": 0.9,
                        "stem_filters": trial.params["stem_filters"],
                        "dropout": trial.params["dropout"],
                    },
                    "learning_rate": trial.params["learning_rate"],
                    "val_loss": trial.value,
                }
                for trial in stored_trials(folder)
            ]
            (folder / "trials.json").write_text(json.dumps(trials))
            by_loop.append(run_loop(folder))
            ratio = by_ablate[-1] / by_loop[-1]
            print(
                f"repeat {repeat + 1}: ablate {by_ablate[-1]:.1f} s, "
                f"bare loop {by_loop[-1]:.1f} s, ratio {ratio:.3f}",
                flush=True,
            )
    ratios = [a / b for a, b in zip(by_ablate, by_loop, strict=True)]
    print(
        f"median of {repeats}: ablate {statistics.median(by_ablate):.1f} s, bare loop "
        f"{statistics.median(by_loop):.1f} s for nine trials; median ratio "
        f"{statistics.median(ratios):.3f}"
    )


if __name__ == "__main__":
    main()
