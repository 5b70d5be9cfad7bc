"""How the data sets of a study were split."""

from __future__ import annotations

from ablate.spec.parts import Parts
from ablate.store.attributes import SPLITS
from ablate.store.studies import StoredStudy


def make_splits(stored: StoredStudy) -> tuple[Parts, ...]:
    """All splits that the study asks for and that are known, by data set and seed."""
    studies = {one.study_name: one for one in (stored.describing, *stored.parts.values())}
    found = [one for study in studies.values() for one in SPLITS.of(study)]
    names = [data.dataset for data in stored.spec.datasets]
    asked = {*stored.spec.seeds, stored.spec.seed}
    known = [one for one in found if one.dataset in names and one.seed in asked]
    return tuple(sorted(known, key=lambda one: (names.index(one.dataset), one.seed)))
