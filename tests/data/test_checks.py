"""Data that cannot be split as they are asked to be are refused, with the remedy."""

from __future__ import annotations

import numpy as np
import pytest

from ablate.data.checks import check_split, check_weights
from ablate.data.drawing import Drawing
from ablate.errors import InputError
from ablate.spec.data import DataSettings, Fold
from ablate.spec.training import TrainingSettings

NAMES = ("cat", "dog", "owl")


def refused(targets, groups=None, **asked):
    settings = DataSettings(dataset="mine", **asked)
    drawing = Drawing(np.asarray(targets), groups, settings.strategy)
    with pytest.raises(InputError) as caught:
        check_split(drawing, NAMES, settings)
    return str(caught.value)


def test_a_class_with_fewer_rows_than_folds():
    assert refused([0] * 20 + [1] * 20 + [2] * 4, folds=5) == (
        "mine: replicate.folds: each fold holds out examples of every class, and there are fewer of: "
        'owl, found 5; ask for 4 folds, give it more examples, or set split = "random"'
    )
    assert refused([0] * 20 + [1] * 20 + [2], folds=5) == (
        "mine: replicate.folds: each fold holds out examples of every class, and there are fewer of: "
        'owl, found 5; give it more examples, or set split = "random"'
    )


def test_fewer_groups_than_folds():
    groups = np.arange(60) % 3
    assert refused(np.arange(60) % 3, groups, folds=5) == (
        "mine: replicate.folds: there are only 3 groups to hold out, found 5; ask for 3 or fewer"
    )
    assert refused(np.arange(60) % 3, np.zeros(60), folds=5) == (
        "mine: replicate.folds: there are only 1 group to hold out, found 5; leave data.groups out"
    )


def test_fewer_rows_than_folds():
    assert refused(np.arange(3), folds=5, task="regression") == (
        "mine: replicate.folds: there are only 3 examples to hold out, found 5; take more examples"
    )


def test_too_few_groups_to_validate():
    groups = np.arange(60) % 6
    assert refused(np.arange(60) % 3, groups, validation=0.1) == (
        "mine: data.validation: a share of 0.1 for validation takes 10 groups that are kept together, "
        "and there are 6; set it to more, or take more groups"
    )
    assert refused(np.arange(60) % 3, np.zeros(60), split="random") == (
        "mine: data.validation: a share of 0.1 for validation takes 2 groups that are kept together, "
        "and there are 1; take more groups"
    )


def test_the_first_window_of_chronological_folds_is_the_smallest():
    asked = {"folds": 10, "task": "regression", "split": "chronological"}
    assert refused(np.arange(22)[:, None], validation=0.6, **asked) == (
        "mine: data.validation: a share of 0.6 of 2 examples before the first fold leaves none; set it "
        "to less, or take more examples"
    )
    assert "of 1 example before" in refused(np.arange(11)[:, None], validation=0.1, **asked)


@pytest.mark.parametrize("rows", range(3, 40))
@pytest.mark.parametrize("share", [0.1, 0.5, 0.6, 0.9])
def test_chronological_folds_that_are_not_refused_have_something_to_train_on(rows, share):
    settings = DataSettings(
        dataset="mine", task="regression", split="chronological", folds=3, validation=share
    )
    drawing = Drawing(np.arange(rows)[:, None], None, settings.strategy)
    if rows <= 3:
        return
    parts = [
        drawing.validation(drawing.fold(Fold(folds=3, number=number))[0], share, 0)
        for number in range(3)
    ]
    is_right = all(len(train) and len(held) for train, held in parts)
    try:
        check_split(drawing, NAMES, settings)
    except InputError:
        assert not is_right
    else:
        assert is_right


def weighted(class_weight="none", *, metrics=False, parts=None):
    training = TrainingSettings(class_weight=class_weight, weighted_metrics=metrics)
    with pytest.raises(InputError) as caught:
        check_weights(training, NAMES, parts or {}, "mine")
    return str(caught.value).splitlines()


def test_weights_of_classes_that_there_are_not_or_that_are_missing():
    assert weighted({"cat": 1.0, "dgo": 2.0, "owl": 1.0}) == [
        'mine: training.class_weight: mine has no such class; it has cat, dog, owl, found "dgo"; did '
        'you mean "dog"?',
        "mine: training.class_weight: must have a weight for each class, lacks dog",
    ]


def test_parts_that_are_measured_by_weights_need_them():
    assert weighted(metrics=True, parts={"training": True, "test": False}) == [
        "mine: training.weighted_metrics: needs weights of the test examples, and there are none, "
        "found true; give them, or leave weighted_metrics out"
    ]
    training = TrainingSettings(weighted_metrics=True)
    check_weights(training, NAMES, {"training": True, "test": True}, "mine")
