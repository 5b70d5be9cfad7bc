"""After how many times, and after how long: when something ends, is tried again, or counts as dead.

A time is in seconds, an amount of memory in bytes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What a user lets a trial and a worker take."""

    trial_seconds: float | None = None
    """Seconds after which a trial is ended, wherever it hangs; None for no limit."""
    worker_memory: int | None = None
    """Bytes of memory above which a worker is replaced after its trial; None for what the
    executor takes as fair."""
    worker_trials: int | None = None
    """Trials after which a worker is replaced; None for no limit."""


# A run.
FAILURES = 10
"""So many failed trials in a row, with no success, end a run."""
STILLBORN = 3
"""So many workers in a row that end by themselves before a trial began end a run."""
KILLED = 20
"""So many that somebody ends do."""
TICK = 0.2
"""Between looks at the clock and at a request to stop."""
LOOK_AROUND = 2.0
"""Between looks at what other runs of the study train, where nothing else is to be done."""
TERMINATION = 10.0
"""How long the running epochs have to end after SIGTERM."""

# A training.
LIVES = 3
"""So often a trial is begun that takes its worker down; then it has failed."""
ATTEMPTS = 2
"""So often a replicate that fails is trained."""

# Workers.
GRACE = 10.0
"""How long a worker gets to end by itself."""
HASTE = 2.0
"""How long it gets where the run is to stop at once."""
ORPHAN_GRACE = 30.0
"""How long a worker whose parent is gone gets to end by itself."""
CLUSTER_ANSWER = 10.0
"""How long a cluster gets to answer, and a worker on it to say how much memory it holds."""
MEMORY_SHARE = 0.8
"""The part of a machine's memory that all workers together may hold."""
NETWORKS_MEMORY = 2**30
"""Memory that the compiled networks which a worker keeps may hold together."""
PIPELINE_MEMORY = 32 * 2**20
"""Memory that a part may take, with its orders, for the backend to hold it and make batches itself."""
PIPELINES_MEMORY = 4 * PIPELINE_MEMORY
"""Memory that all which a worker's backend holds for this may take."""

# A database.
HEARTBEAT = 20
"""Between the signs of life of a running trial."""
HEART_STOPPED = 90
"""Without a sign of life for so long a trial counts as cut off."""
DATABASE_AWAY = 300.0
"""How long a database may be away before a run gives up."""
DATABASE_PAUSE = (0.5, 2.0)
"""Between which times lies the pause before it is tried again."""
DATABASE_OPENINGS = 5
"""So often a new database is opened, whose tables others make at the same time."""
SQLITE_LOCKED = 60
"""How long a file of SQLite's may be locked by others."""

# What a storage holds that nobody may be at work on.
LOCK_LEFT = 30.0
"""After so long Optuna, too, takes a journal's lock for left over; it is held for milliseconds."""
SAME_START = 2.0
"""By so much two readings of one process's start may differ; one that differs by more is another's."""
UNOWNED = 30.0
"""For so long a running trial need not say whose it is."""
WRITING = 3600.0
"""For so long a temporary file may be one that is being written, while a trial is running."""
