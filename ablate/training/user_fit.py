"""A training loop of the user's own: a function `fit` in the file of the network."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras

from ablate.spec.training import TrainingSettings
from ablate.training.network import ModelError
from ablate.user_code.imported import load

CONVENTION = "fit(model, train, validation, *, epochs, batch_size, callbacks)"
Fit = Callable[..., Any]


class TrainingEndedError(Exception):
    """A training that was ended is gone on with; whoever asked for its end catches it."""


def find_fit(architecture: str, source: str | None) -> Fit | None:
    """The function `fit` of a user's file; None where there is none, as in all that ships.

    Raises:
        ModelError: it cannot be called as it is.
    """
    if source is None:
        return None
    fit: Fit | None = getattr(load(Path(source)), "fit", None)
    if fit is None:
        return None
    try:
        named = dict.fromkeys(("epochs", "batch_size", "callbacks"))
        inspect.signature(fit).bind(None, None, None, **named)
    except (TypeError, ValueError) as error:
        file = architecture.rpartition(":")[0]
        raise ModelError(f"fit in {file} must be {CONVENTION}: {error}") from error
    return fit


class _Counter(keras.callbacks.Callback):  # type: ignore[misc]
    """Counts epochs, whichever other callbacks see them."""

    def __init__(self) -> None:
        super().__init__()
        self.epochs = 0

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        """Counts one."""
        self.epochs += 1


@contextmanager
def counted(model: keras.Model) -> Iterator[Callable[[], int]]:
    """Within it every epoch of `model.fit` is counted; gives what tells how many there were."""
    counter = _Counter()

    def fit(*arguments: Any, callbacks: Any = None, **options: Any) -> Any:
        if isinstance(callbacks, list | tuple) or callbacks is None:
            callbacks = [*(callbacks or ()), counter]
        return type(model).fit(model, *arguments, callbacks=callbacks, **options)

    vars(model)["fit"] = fit
    try:
        yield lambda: counter.epochs
    finally:
        vars(model).pop("fit", None)


def call_fit(
    fit: Fit,
    model: keras.Model,
    train: keras.utils.PyDataset,
    validation: keras.utils.PyDataset,
    settings: TrainingSettings,
    callbacks: Sequence[keras.callbacks.Callback],
) -> int:
    """Trains a network by a loop of the user's own.

    Returns:
        How many epochs of `model.fit` there were, whichever callbacks saw them.

    Raises:
        ModelError: it returned no history.
    """
    with counted(model) as count:
        try:
            history = fit(
                model,
                train,
                validation,
                epochs=settings.epochs,
                batch_size=settings.batch_size,
                callbacks=list(callbacks),
            )
        except TrainingEndedError:
            return count()
        epochs = count()
    if not isinstance(history, keras.callbacks.History):
        found = type(history).__name__
        raise ModelError(f"fit returned {found}, not the History that model.fit returns")
    return epochs
