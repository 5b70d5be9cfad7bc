"""The artifacts of trials on disk: how large they are, and whether they can be read."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from optuna.artifacts import get_all_artifact_meta

from ablate.records import CONFUSION, CURVES, read_confusion, read_curves
from ablate.storage import ArtifactStore

if TYPE_CHECKING:
    from optuna.artifacts import ArtifactMeta
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial


@dataclass(frozen=True)
class KeptArtifact:
    """A file that a trial names as its own."""

    name: str
    """What it is, for example ``learning_curves.csv``."""
    id: str
    """The name under which it lies in the artifact folder."""
    path: Path
    size: int | None
    """In bytes; None where it is missing."""


@dataclass(frozen=True)
class Artifacts:
    """The artifact folder of a storage."""

    storage: BaseStorage
    folder: Path
    replaced: frozenset[str] = frozenset()
    """Those that need not be there, see `models.replaced_models`."""

    def of(self, trial: FrozenTrial) -> tuple[KeptArtifact, ...]:
        """The artifacts that a trial names."""
        metas = get_all_artifact_meta(trial, storage=self.storage)
        return tuple(self._found(meta) for meta in metas)

    def size(self, trials: Iterable[FrozenTrial]) -> tuple[int, int]:
        """How many artifacts of trials there are, and their size in bytes."""
        sizes = [kept.size for trial in trials for kept in self.of(trial) if kept.size is not None]
        return len(sizes), sum(sizes)

    def problem(self, trial: FrozenTrial, kept: KeptArtifact) -> str | None:
        """What is wrong with an artifact: ``is missing``, ``is cut off``; None where nothing is."""
        if kept.size is None:
            return None if kept.id in self.replaced else "is missing"
        try:
            whole = self._is_whole(trial, kept)
        except OSError as error:
            return f"cannot be read ({error.strerror})"
        return None if whole else "is cut off"

    def _found(self, meta: ArtifactMeta) -> KeptArtifact:
        path = self.folder / meta.artifact_id
        # What a storage says is not to be trusted with places outside of the folder.
        inside = Path(meta.artifact_id).name == meta.artifact_id
        try:
            size = path.stat().st_size if inside else None
        except FileNotFoundError:
            size = None
        return KeptArtifact(meta.filename, meta.artifact_id, path, size)

    def _is_whole(self, trial: FrozenTrial, kept: KeptArtifact) -> bool:
        store = ArtifactStore(self.folder)
        ends_well = kept.path.read_bytes().endswith(b"\n")
        if kept.name == CURVES:
            curves = read_curves([trial], self.storage, store).get(trial.number, [])
            return ends_well and bool(curves)
        if kept.name == CONFUSION:
            return ends_well and read_confusion(trial, self.storage, store) is not None
        if kept.name.endswith(".keras"):
            return zipfile.is_zipfile(kept.path)
        return kept.size != 0
