"""The artifacts of trials, looked at: how large they are, and whether they can be read."""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ablate.store.artifacts import Artifact, Artifacts
from ablate.store.predictions import PREDICTIONS, read_predictions
from ablate.store.results import CONFUSION, CURVES, read_confusion, read_curves

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


@dataclass(frozen=True)
class KeptArtifact:
    """A file that a trial names as its own, and what there is of it."""

    artifact: Artifact
    where: str
    """Where a user finds it."""
    size: int | None
    """In bytes; None where it is missing."""

    @property
    def name(self) -> str:
        """What it is, for example ``learning_curves.csv``."""
        return self.artifact.name


def kept_artifacts(trial: FrozenTrial, artifacts: Artifacts) -> tuple[KeptArtifact, ...]:
    """The artifacts that a trial names."""
    return tuple(
        KeptArtifact(one, artifacts.where(one), artifacts.size(one)) for one in artifacts.of(trial)
    )


def count_and_size(trials: Iterable[FrozenTrial], artifacts: Artifacts) -> tuple[int, int]:
    """How many artifacts of trials there are, and their size in bytes."""
    sizes = [artifacts.size(one) for trial in trials for one in artifacts.of(trial)]
    there = [size for size in sizes if size is not None]
    return len(there), sum(there)


def problem_of(
    trial: FrozenTrial,
    kept: KeptArtifact,
    artifacts: Artifacts,
    replaced: Collection[Artifact] = (),
) -> str | None:
    """What is wrong with an artifact: ``is missing``, ``is cut off``; None where nothing is.

    Args:
        trial: the trial that names it.
        kept: the artifact.
        artifacts: those of its storage.
        replaced: those that need not be there, see `kept_models.replaced_models`.
    """
    if kept.size is None:
        return None if kept.artifact in replaced else "is missing"
    try:
        whole = _is_whole(trial, kept, artifacts)
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None if whole else "is cut off"


def _is_whole(trial: FrozenTrial, kept: KeptArtifact, artifacts: Artifacts) -> bool:
    with artifacts.open(kept.artifact) as file:
        if kept.name.endswith(".keras"):
            return zipfile.is_zipfile(file)
        ends_well = file.read().endswith(b"\n")
    if kept.name == CURVES:
        return ends_well and bool(read_curves([trial], artifacts))
    if kept.name == CONFUSION:
        return ends_well and read_confusion(trial, artifacts) is not None
    if kept.name == PREDICTIONS:
        return ends_well and read_predictions(trial, artifacts) is not None
    return kept.size != 0
