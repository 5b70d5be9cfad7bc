"""The commands that run and report a study again."""

from __future__ import annotations

import shlex
from importlib.resources import files
from pathlib import Path

from ablate.spec.study import StudySpec
from ablate.store import DEFAULT_STORAGE


def run_command(spec: StudySpec, storage: str = DEFAULT_STORAGE) -> str:
    """How a study is run again."""
    path = Path(spec.path)
    is_shipped = path.parent == Path(str(files("ablate.studies")))
    settings = [f"--set {shlex.quote(setting)}" for setting in spec.settings]
    file = path.stem if is_shipped else str(path)
    return " ".join(["ablate run", shlex.quote(file), *settings, *_storage(storage)])


def report_command(spec: StudySpec, storage: str = DEFAULT_STORAGE) -> str:
    """How it is reported on again."""
    return " ".join(["ablate report", shlex.quote(spec.name), *_storage(storage)])


def _storage(storage: str) -> list[str]:
    return [] if storage == DEFAULT_STORAGE else [f"--storage {shlex.quote(storage)}"]
