"""Two variants of a network, each searched and then replicated, as one would write it by hand.

Knows nothing of ablate: plain arrays, Optuna with an SQLite file, `model.fit`. `overhead.py` runs
it beside `ablate run`, with the same images, network, trainings and steps.

    python benchmarks/by_hand.py images.npz [--trials 3] [--seeds 3] [--epochs 3]
"""

from __future__ import annotations

import argparse
import statistics

import keras
import numpy as np
import optuna
from sklearn.model_selection import train_test_split

BATCH = 128


def build(pooling: str, dropout: float, classes: int) -> keras.Model:
    pool = keras.layers.MaxPooling2D if pooling == "max" else keras.layers.AveragePooling2D
    return keras.Sequential(
        [
            keras.Input((28, 28, 3)),
            keras.layers.Conv2D(64, 3, activation="relu"),
            keras.layers.BatchNormalization(momentum=0.9),
            pool(2),
            keras.layers.Conv2D(8, 1, activation="relu"),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.BatchNormalization(momentum=0.9),
            pool(2),
            keras.layers.Flatten(),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("images")
    parser.add_argument("--trials", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    with np.load(options.images) as file:
        x, y, x_test, y_test = (file[name] for name in ("x_train", "y_train", "x_test", "y_test"))
    classes = int(y.max()) + 1
    x, x_test = x.astype("float32") / 255, x_test.astype("float32") / 255
    y, y_test = (keras.utils.to_categorical(labels, classes) for labels in (y, y_test))

    def train(
        pooling: str, dropout: float, learning_rate: float, seed: int
    ) -> tuple[keras.Model, float]:
        """The trained network, and its lowest validation loss."""
        keras.utils.clear_session()
        keras.utils.set_random_seed(seed)
        x_train, x_val, y_train, y_val = train_test_split(
            x, y, test_size=0.1, stratify=y.argmax(axis=1), random_state=seed
        )
        model = build(pooling, dropout, classes)
        model.compile(
            keras.optimizers.Adam(learning_rate), "categorical_crossentropy", metrics=["accuracy"]
        )
        history = model.fit(
            x_train,
            y_train,
            batch_size=BATCH,
            epochs=options.epochs,
            validation_data=(x_val, y_val),
            verbose=0,
        )
        return model, min(history.history["val_loss"])

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    for pooling in ("max", "average"):

        def objective(trial: optuna.Trial, pooling: str = pooling) -> float:
            dropout = trial.suggest_float("dropout", 0.1, 0.4)
            rate = trial.suggest_float("learning_rate", 1e-3, 1e-2, log=True)
            return train(pooling, dropout, rate, seed=0)[1]

        study = optuna.create_study(study_name=pooling, storage="sqlite:///by_hand.db")
        study.optimize(objective, options.trials)
        accuracies = []
        for seed in range(1, options.seeds + 1):
            model, _ = train(pooling, **study.best_params, seed=seed)
            accuracies.append(model.evaluate(x_test, y_test, batch_size=BATCH, verbose=0)[1])
        print(f"{pooling}: test accuracy {statistics.mean(accuracies):.4f} {accuracies}")


if __name__ == "__main__":
    main()
