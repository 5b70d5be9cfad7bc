"""How long the trainings of a variant can be: epochs, and steps of an epoch."""

from __future__ import annotations

import math

from ablate.spec.data import DataSettings, DataShape
from ablate.spec.study import StudySpec


def training_images(settings: DataSettings, shape: DataShape) -> int:
    """Training examples of each training run, without those for validation.

    The most, where folds or groups make them differ.
    """
    rows, folds = shape.train, settings.folds
    if folds is not None:
        # A window that expands ends before the last of one more part.
        rows -= rows // (folds + 1 if settings.strategy == "chronological" else folds)
    return rows if shape.validation else rows - math.ceil(rows * settings.validation)


def batch_sizes(study: StudySpec, variant: str) -> set[int]:
    """The ends of what a variant's batch size can be."""
    given = study.variant(variant).values.get("batch_size", study.training.batch_size)
    sizes = {int(given)}
    for parameter in study.architecture(variant).tuned:
        if parameter.name == "batch_size":
            tuned = {int(size) for size in parameter.domain.ends()}
            sizes = sizes | tuned if parameter.when else tuned
    return sizes


def steps_of_epoch(study: StudySpec, variant: str, images: int) -> tuple[int, int]:
    """The fewest and the most steps that an epoch over so many images can have."""
    sizes = batch_sizes(study, variant)
    return math.ceil(images / max(sizes)), math.ceil(images / min(sizes))


def longest_training(study: StudySpec, variant: str) -> int:
    """The most epochs that a trial of a variant can take."""
    for parameter in study.architecture(variant).tuned:
        if parameter.name == "epochs":
            return max(int(value) for value in parameter.domain.ends())
    return int(study.variant(variant).values.get("epochs", study.training.epochs))
