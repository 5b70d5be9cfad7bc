"""What is stored and how it is read again: storages, studies, trials, artifacts, results."""
