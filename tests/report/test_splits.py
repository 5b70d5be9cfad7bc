"""How a report says that data were split."""

from __future__ import annotations

from ablate.report.sections.splits import split_lines
from ablate.spec.data import DataSettings
from ablate.spec.parts import Parts


def parts(seed, train, validation, test, fold=None, **more):
    counts = {"train": train, "validation": validation, "test": test}
    classes = {
        part: {"cat": count // 2, "dog": count - count // 2} for part, count in counts.items()
    }
    return Parts(dataset="csv", seed=seed, fold=fold, counts=counts, **{"classes": classes, **more})


def test_nothing_is_said_where_nothing_is_known():
    assert split_lines(DataSettings(dataset="csv"), []) == []


def test_one_split_stands_for_all_where_only_the_rows_differ():
    assert split_lines(DataSettings(dataset="csv"), [parts(1, 1200, 80, 20)]) == [
        "split: drawn by seed, of each class its share: 1,200 to train on, 80 to validate, 20 to test on",
        "of the classes: cat 600 + 40 + 10; dog 600 + 40 + 10",
    ]


def test_folds_that_are_cut_twice_and_differ_in_size():
    settings = DataSettings(dataset="csv", folds=2, split="random")
    splits = [parts(n, 40 + n % 2, 10, 9 + n % 2, fold=n) for n in range(1, 5)]
    assert split_lines(settings, splits)[0] == (
        "split: 2 folds, cut 2 times, drawn by seed: 40 to 41 to train on, 10 to validate, 9 to 10 "
        "held out to test on"
    )


def test_groups_and_classes_without_an_example_are_told():
    groups = {"train": ("a", "b"), "validation": ("c",), "test": ("d", "e")}
    settings = DataSettings(dataset="csv", folds=2, split="random")
    splits = [
        parts(1, 40, 1, 20, fold=1, groups=groups),
        parts(2, 40, 10, 20, fold=2, groups={**groups, "train": ("a",)}),
    ]
    assert split_lines(settings, splits)[1:] == [
        "of the classes: cat 20 + 0 to 5 + 10; dog 20 + 1 to 5 + 10",
        "no example to validate in 1 of 2 splits of: cat",
        "groups that stay together: 1 to 2 to train on, 1 to validate, 2 held out to test on; "
        "report.json names them",
    ]


def test_numbers_to_predict_have_no_classes_and_time_an_order():
    settings = DataSettings(dataset="csv", task="regression", split="chronological")
    assert split_lines(settings, [parts(1, 80, 10, 10, classes={})]) == [
        "split: in the order of time, the last for validation and testing: 80 to train on, 10 to "
        "validate, 10 to test on"
    ]
