"""A bare loop of `model.fit` over the configurations of a study that `ablate run` has trained.

`overhead.py` runs it, in the environment of a worker, beside `ablate run --workers 1`: the same
networks, images and seeds, from plain arrays. Prints when each training ended.

    python benchmarks/bare_loop.py study.toml ablate.journal trials.json
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import keras

from ablate.architectures import bottleneck
from ablate.config import load_study
from ablate.data.prepared import find_prepared
from ablate.data.split import training_split
from ablate.store.place import StoragePlace


def main() -> None:
    study_file, storage, trials_file = sys.argv[1:]
    study = load_study(Path(study_file))
    data = study.datasets[0]
    prepared = find_prepared(data, StoragePlace(storage).cache)
    assert prepared is not None
    split = training_split(prepared, data, study.seed)
    x_train, x_val, classes = split.x_train[:], split.x_val[:], len(split.class_names)
    y_train, y_val = (
        keras.utils.to_categorical(labels, classes) for labels in (split.y_train, split.y_val)
    )
    ends = []
    for trial in json.loads(Path(trials_file).read_text()):
        keras.utils.clear_session()
        keras.utils.set_random_seed(study.seed)
        model = bottleneck.build(
            x_train.shape[1:], classes, batch_norm_momentum=0.9, dropout=trial["dropout"]
        )
        model.compile(
            keras.optimizers.Adam(trial["learning_rate"]),
            "categorical_crossentropy",
            metrics=["accuracy"],
        )
        model.fit(
            x_train,
            y_train,
            batch_size=study.training.batch_size,
            epochs=study.training.epochs,
            validation_data=(x_val, y_val),
            verbose=0,
        )
        ends.append(time.time())
    print(json.dumps(ends))


if __name__ == "__main__":
    main()
