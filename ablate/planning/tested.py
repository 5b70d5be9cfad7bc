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
        InputError: there are none.
    """
    if study.replicate is not None and not test:
        rule = f"replicates are tested, and {dataset} has no test part"
        hint = "add x_test and y_test, or leave [replicate] out: a search needs none"
        raise InputError(Problem(study.path, rule, "replicate", hint=hint))
