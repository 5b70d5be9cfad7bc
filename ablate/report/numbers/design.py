"""How the replicates of a study came about, as far as statistics must know."""

from __future__ import annotations

from ablate.spec.study import StudySpec
from ablate.statistics import Folds


def folds_of(study: StudySpec) -> Folds | None:
    """Of folds how many there are, and how much is tested on; None where each seed drew its split.

    Windows that expand hold on average half of all folds but one.
    """
    if study.replicate is None or study.replicate.folds is None:
        return None
    folds = study.replicate.folds
    is_ordered = any(data.strategy == "chronological" for data in study.datasets)
    return Folds(folds, 2 / (folds + 1) if is_ordered else 1 / (folds - 1))
