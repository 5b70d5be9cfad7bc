"""The one door to artifacts: the files beside trials. Only here is known where they lie, and how."""

from __future__ import annotations

import contextlib
import csv
import errno
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from optuna import Trial, load_study
from optuna.artifacts import FileSystemArtifactStore, get_all_artifact_meta, upload_artifact
from optuna.artifacts.exceptions import ArtifactNotFound

from ablate.files import regular_files, replacing
from ablate.store.place import StoragePlace

if TYPE_CHECKING:
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

_ID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Artifact:
    """A file that a trial names as its own; it may no longer be there."""

    id: str
    """The name under which it is kept."""
    name: str
    """What it is, for example ``learning_curves.csv``."""


class ArtifactStore(FileSystemArtifactStore):
    """A folder of artifacts, as Optuna takes it, each written whole or not at all."""

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Writes an artifact beside its place, then renames it."""
        with replacing(self._get_filepath(artifact_id)) as file:
            shutil.copyfileobj(content_body, file)

    def path(self, artifact_id: str) -> Path | None:
        """Its file, whether it is there or not; None for a name that leads out of the folder."""
        try:
            return self._get_filepath(artifact_id)
        except ValueError:
            return None


class Artifacts:
    """The artifacts of a storage's trials.

    Args:
        place: the storage; its artifacts have a folder of their own.
        storage: the same, opened: trials name their artifacts in it.
    """

    def __init__(self, place: StoragePlace, storage: BaseStorage) -> None:
        self._folder, self._storage = place.artifacts, storage
        self.store = ArtifactStore(self._folder)
        """What Optuna's dashboard is given."""

    def of(self, trial: FrozenTrial | Trial) -> list[Artifact]:
        """The artifacts that a trial names."""
        metas = get_all_artifact_meta(trial, storage=self._storage)
        return [Artifact(meta.artifact_id, meta.filename) for meta in metas]

    def find(self, trial: FrozenTrial | Trial, name: str) -> Artifact | None:
        """A trial's artifact of a name."""
        return next((artifact for artifact in self.of(trial) if artifact.name == name), None)

    def upload(self, trial: Trial, file: Path, kind: str) -> None:
        """Copies a file beside a trial, which is not told to Optuna yet.

        Args:
            trial: the trial.
            file: the file; the artifact is called like it.
            kind: its media type.
        """
        upload_artifact(
            artifact_store=self.store,
            file_path=str(file),
            study_or_trial=trial,
            storage=self._storage,
            mimetype=kind,
        )

    def upload_table(self, trial: Trial, name: str, rows: Iterable[Sequence[Any]]) -> None:
        """Writes a CSV file beside a trial, which is not told to Optuna yet."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            with path.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(rows)
            self.upload(trial, path, "text/csv")

    def text(self, trial: FrozenTrial | Trial, name: str) -> str | None:
        """The text of a trial's artifact; None where it is missing or unreadable."""
        artifact = self.find(trial, name)
        if artifact is None:
            return None
        try:
            with self.open(artifact) as file:
                return file.read().decode()
        except (OSError, ValueError):
            return None

    def open(self, artifact: Artifact) -> BinaryIO:
        """Opens an artifact to read it.

        Raises:
            OSError: it is missing, or cannot be read.
        """
        try:
            return self.store.open_reader(artifact.id)
        except ArtifactNotFound as error:
            missing = os.strerror(errno.ENOENT)
            raise FileNotFoundError(errno.ENOENT, missing, self.where(artifact)) from error

    def holds(self, artifact: Artifact) -> bool:
        """Whether an artifact is there."""
        path = self.store.path(artifact.id)
        return path is not None and path.is_file()

    def size(self, artifact: Artifact) -> int | None:
        """Its size in bytes; None where it is missing."""
        path = self.store.path(artifact.id)
        try:
            return None if path is None else path.stat().st_size
        except FileNotFoundError:
            return None

    def where(self, artifact: Artifact | None = None) -> str:
        """Where a user finds an artifact; without one, where they all are."""
        return str(self._folder if artifact is None else self._folder / artifact.id)

    def remove(self, artifact: Artifact) -> None:
        """Removes an artifact, where it is there.

        Raises:
            OSError: it cannot be removed.
        """
        with contextlib.suppress(ArtifactNotFound, ValueError):
            self.store.remove(artifact.id)

    def named(self) -> set[str]:
        """Those that studies and trials name, of whatever hand."""
        attributes: list[object] = []
        for one in self._storage.get_all_studies():
            study = load_study(study_name=one.study_name, storage=self._storage)
            attributes.append(one.system_attrs)
            attributes += [trial.system_attrs for trial in study.get_trials(deepcopy=False)]
        return named_in(json.dumps(attributes, default=str).encode())


def named_in(content: bytes) -> set[str]:
    """The artifacts that are named in whatever else a file holds."""
    return {found.decode() for found in _ID.findall(content)}


def artifact_files(place: StoragePlace) -> list[Path]:
    """The files that lie with a storage's artifacts, whether anything names them or not."""
    return regular_files(place.artifacts)
