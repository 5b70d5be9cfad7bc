"""Whether replicates have something to be tested on."""

from __future__ import annotations

from ablate.errors import InputError, Problem
from ablate.spec.study import StudySpec


def check_tested(study: StudySpec, dataset: str, test: int) -> None:
    """Makes sure that there are test examples where replicates are asked for.

    Args:
        study: the study.
        dataset: one of its data sets.
        test: how many test examples that has.

    Raises:
        InputError: there are none, or folds are held out beside them.
    """
    if study.replicate is not None and study.replicate.folds is not None:
        if test:
            rule = f"folds are held out to test on, and {dataset} has a test part of its own"
            hint = "ask for seeds, or leave the test part out of the data"
            raise InputError(Problem(study.path, rule, "replicate.folds", hint=hint))
        return
    if study.replicate is not None and not test:
        rule = f"replicates are tested, and {dataset} has no test part"
        hint = "add x_test and y_test, ask for folds, or leave [replicate] out: a search needs none"
        raise InputError(Problem(study.path, rule, "replicate", hint=hint))
