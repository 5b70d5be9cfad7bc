"""What is stored and how it is read again: storages, studies, trials, artifacts, results."""

DEFAULT_STORAGE = "runs/ablate.journal"
"""Where studies are kept unless somebody says otherwise: a journal below the current folder."""
PREPARED = "data"
"""The folder of prepared data sets, beside a storage."""
