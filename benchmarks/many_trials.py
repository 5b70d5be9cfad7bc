"""How long a report takes over very many trials, and how much memory.

Makes a study of trials with learning curves and confusion matrices, without training, in a folder
of its own, and reports on it with `ablate report`.

    python benchmarks/many_trials.py [--trials 10000] [--epochs 20]
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from optuna.distributions import FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from ablate.config import load_study
from ablate.spec.trial import Epoch
from ablate.store.place import StoragePlace, open_storage
from ablate.store.results import CURVES
from ablate.store.studies import open_study

STUDY = """
[study]
name         = "many_trials"
dataset      = "digits"
search_space = "baseline"
[training]
epochs = {epochs}
[tune]
trials        = {trials}
learning_rate = {{ low = 1e-4, high = 1e-1, log = true }}
batch_size    = {{ low = 16, high = 256 }}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="many-trials-") as folder:
        started = time.perf_counter()
        place = StoragePlace(str(Path(folder) / "runs" / "ablate.journal"))
        make_study(Path(folder), place, arguments.trials, arguments.epochs)
        print(f"made {arguments.trials:,} trials in {time.perf_counter() - started:.1f} s")
        for number in range(3):
            started = time.perf_counter()
            command = [sys.executable, "-m", "ablate", "report", "--storage", place.url]
            subprocess.run(
                [*command, "--out", str(Path(folder) / f"out{number}")],
                check=True,
                capture_output=True,
            )
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            print(
                f"report {number + 1}: {time.perf_counter() - started:.1f} s, at most {peak:.0f} MB"
            )


def make_study(folder: Path, place: StoragePlace, trials: int, epochs: int) -> None:
    file = folder / "many_trials.toml"
    file.write_text(STUDY.format(trials=trials, epochs=epochs))
    stored = open_study(open_storage(place), load_study(file, (), {}), {"digits": "0"})
    place.artifacts.mkdir(parents=True)
    rng = random.Random(0)
    study = next(iter(stored.parts.values()))
    study.add_trials([make_trial(rng, place, epochs) for _ in range(trials)])


def make_trial(rng: random.Random, place: StoragePlace, epochs: int) -> FrozenTrial:
    rate, size, level = 10 ** rng.uniform(-4, -1), rng.randint(16, 256), rng.uniform(0.1, 0.5)
    pruned = rng.random() < 0.4
    curve = [
        Epoch(
            epoch=number,
            loss=level + 2 / number,
            accuracy=1 - level / 2,
            val_loss=level + 2 / number + rng.gauss(0, 0.02),
            val_accuracy=1 - level / 2,
            seconds=0.5,
        )
        for number in range(1, rng.randint(2, epochs - 1) if pruned else epochs + 1)
    ]
    attributes: dict[str, Any] = {
        "outcome": "pruned" if pruned else "complete",
        "parameters": 1000 + size,
        "flops": 5000,
        "training_seconds": 0.5 * len(curve),
        "seed": 0,
        "fingerprint": uuid.UUID(int=rng.getrandbits(128)).hex[:16],
    }
    if not pruned:
        attributes |= {"val_accuracy": curve[-1].val_accuracy, "val_f1": curve[-1].val_accuracy}
    artifact = str(uuid.UUID(int=rng.getrandbits(128)))
    lines = [",".join(Epoch.model_fields)]
    lines += [",".join(str(value) for value in epoch.model_dump().values()) for epoch in curve]
    (place.artifacts / artifact).write_text("\n".join(lines) + "\n")
    meta = {
        "artifact_id": artifact,
        "filename": CURVES,
        "mimetype": "text/csv",
        "encoding": None,
    }
    return create_trial(
        state=TrialState.PRUNED if pruned else TrialState.COMPLETE,
        value=None if pruned else curve[-1].val_loss,
        params={"learning_rate": rate, "batch_size": size},
        distributions={
            "learning_rate": FloatDistribution(1e-4, 1e-1, log=True),
            "batch_size": IntDistribution(16, 256),
        },
        user_attrs=attributes,
        system_attrs={f"artifacts:{artifact}": json.dumps(meta)},
        intermediate_values={epoch.epoch: epoch.val_loss for epoch in curve},
    )


if __name__ == "__main__":
    main()
