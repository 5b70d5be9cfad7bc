"""Signs of life of a trial that is being trained, for those who cannot see its process.

Optuna's own thread for it runs inside ``Study.optimize`` only.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from optuna import Trial
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, RDBStorage


@contextmanager
def beating(storage: BaseStorage, trial: Trial) -> Iterator[None]:
    """Records a heartbeat of a trial again and again, where the storage keeps them."""
    interval = storage.get_heartbeat_interval() if isinstance(storage, RDBStorage) else None
    if interval is None:
        yield
        return
    assert isinstance(storage, RDBStorage)
    over = threading.Event()

    def beat() -> None:
        while not over.is_set():
            # A database that is away for a moment is met by the trial itself.
            with suppress(StorageInternalError):
                storage.record_heartbeat(trial._trial_id)
            over.wait(interval)
        storage.remove_session()  # each thread has one of its own

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
