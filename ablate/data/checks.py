"""Whether a data set can be trained on, and split, as a study asks for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ablate import tasks
from ablate.data.doubts import many_classes
from ablate.data.writing import arrays_of
from ablate.errors import InputError, Problem, did_you_mean

if TYPE_CHECKING:
    from ablate.data.drawing import Drawing
    from ablate.datasets._base import Examples
    from ablate.spec.data import DataSettings
    from ablate.spec.training import TrainingSettings


def check_split(
    drawing: Drawing, names: Sequence[str], settings: DataSettings, *, own: bool = False
) -> None:
    """Makes sure that folds can be held out, and training and validation examples be drawn.

    Args:
        drawing: the training examples that there are to draw from.
        names: the classes.
        settings: how many are drawn of each, and the share for validation.
        own: whether the data set has a validation part of its own.

    Raises:
        InputError: they cannot.
    """
    import numpy as np

    has_classes = tasks.find(settings.task).has_classes
    rows, told = len(drawing.targets), "training {}"
    counts = np.bincount(drawing.targets, minlength=len(names)).tolist() if has_classes else []
    if has_classes and settings.per_class is not None:
        counts = [min(count, settings.per_class) for count in counts]
    if settings.folds is not None:
        _check_folds(drawing, counts, names, settings)
        counts = [count - math.ceil(count / settings.folds) for count in counts]
        if drawing.strategy == "chronological":  # the window before the first is the smallest
            rows -= settings.folds * (rows // (settings.folds + 1))
            told = "{} before the first fold"
        else:
            rows -= math.ceil(rows / settings.folds)
    if own:
        return
    if drawing.groups is not None:
        _check_groups(drawing, settings)
    elif drawing.strategy == "stratified":
        _check_classes(counts, names, settings)
    else:
        _check_share(rows, told, settings)


def _check_folds(
    drawing: Drawing, counts: Sequence[int], names: Sequence[str], settings: DataSettings
) -> None:
    """Makes sure that each fold gets examples, of each class where they are stratified.

    Raises:
        InputError: it does not.
    """
    import numpy as np

    folds, rows = settings.folds or 0, len(drawing.targets)

    def refused(rule: str, hint: str) -> InputError:
        return InputError(Problem(settings.dataset, rule, "replicate.folds", folds, hint))

    if drawing.groups is not None and (groups := len(np.unique(drawing.groups))) < folds:
        hint = f"ask for {groups} or fewer" if groups > 1 else "leave data.groups out"
        raise refused(f"there are {_counted(groups, 'group')} to hold out", hint)
    if rows <= folds:
        raise refused(f"there are {_counted(rows, 'example')} to hold out", "take more examples")
    if drawing.strategy == "stratified":
        few = [name for name, n in zip(names, counts, strict=True) if 0 < n < folds]
        if few:
            listed = ", ".join(few[:8]) + (", ..." if len(few) > 8 else "")
            rule = f"each fold holds out examples of every class, and there are fewer of: {listed}"
            least = min(n for n in counts if n)
            more = f"ask for {least} folds, " if least > 1 else ""
            raise refused(rule, f'{more}give it more examples, or set split = "random"')


def _check_groups(drawing: Drawing, settings: DataSettings) -> None:
    """Makes sure that a share of the groups can be set aside.

    Raises:
        InputError: it cannot.
    """
    import numpy as np

    groups = len(np.unique(drawing.groups))  # type: ignore[arg-type]
    left = groups - (math.ceil(groups / settings.folds) if settings.folds else 0)
    is_stratified = drawing.strategy == "stratified"
    least = max(2, round(1 / settings.validation)) if is_stratified else 2
    if left < least:
        rule = (
            f"a share of {settings.validation:g} for validation takes {least} groups that are kept "
            f"together, and there are {left}"
        )
        hint = "set it to more, or take more groups" if least > 2 else "take more groups"
        raise InputError(Problem(settings.dataset, rule, "data.validation", hint=hint))


def _check_classes(counts: Sequence[int], names: Sequence[str], settings: DataSettings) -> None:
    """Makes sure that examples of every class are trained on, and validated.

    Raises:
        InputError: they are not.
    """
    own = [(name, n) for name, n in zip(names, counts, strict=True) if n]
    classes, examples = len(own), sum(count for _, count in own)
    share = settings.validation

    def refused(rule: str, hint: str) -> InputError:
        return InputError(Problem(settings.dataset, rule, "data.validation", hint=hint))

    if alone := [name for name, count in own if count < 2]:
        listed = ", ".join(alone[:8]) + (", ..." if len(alone) > 8 else "")
        rule = (
            "of each class one example is trained on and one validated, but there is only 1 training "
            f"example of: {listed}"
        )
        hint = many_classes(counts, names) or "give it more examples, or leave it out"
        raise refused(rule, hint)
    held = math.ceil(examples * share)
    told = f"a share of {share:g} of {examples} training examples"
    if held < classes:
        least = math.ceil(100 * classes / examples) / 100
        fits = examples - math.ceil(examples * least) >= classes
        hint = f"set it to {least:g} or more" if fits else "take more examples of each class"
        found = "1 example" if held == 1 else f"{held} examples"
        raise refused(f"{told} is {found}, fewer than the {classes} classes", hint)
    if examples - held < classes:
        most = math.floor(100 * (examples - classes) / examples) / 100
        fits = math.ceil(examples * most) >= classes
        hint = f"set it to {most:g} or less" if fits else "take more examples of each class"
        rule = f"{told} leaves {examples - held} to train on, fewer than the {classes} classes"
        raise refused(rule, hint)


def _check_share(examples: int, told: str, settings: DataSettings) -> None:
    """Makes sure that there is something to train and something to validate.

    Raises:
        InputError: there is not.
    """
    held = math.ceil(examples * settings.validation)
    if examples - held < 1:
        noun = told.format("example" if examples == 1 else "examples")
        rule = f"a share of {settings.validation:g} of {examples} {noun} leaves none"
        hint = "set it to less, or take more examples"
        raise InputError(Problem(settings.dataset, rule, "data.validation", hint=hint))


def _counted(number: int, noun: str) -> str:
    return f"only {number} {noun}{'' if number == 1 else 's'}"


def check_examples(examples: Examples, settings: DataSettings) -> None:
    """Makes sure that a study can be trained on a data set.

    Raises:
        InputError: it holds too few examples, or classes, or numbers that no network gets whole.
    """
    _check_whole_numbers(examples, settings)
    task, names = tasks.find(settings.task), examples.class_names
    if not task.has_classes:
        return
    if task.outputs == "shares" and len(names) != 2:
        rule = f"task = {task.name!r} tells two classes apart, found {len(names)}"
        hint = 'set task = "classification" under [study]'
        raise InputError(Problem(settings.dataset, rule, "study.task", hint=hint))
    if len(set(examples.y_train.tolist())) < 2:
        rule = "the training examples must belong to at least two classes"
        raise InputError(Problem(settings.dataset, rule))
    check_counts(class_counts(examples), names, settings)


def _check_whole_numbers(examples: Examples, settings: DataSettings) -> None:
    """Makes sure that whole numbers fit into the 32 bits that a network gets of them.

    Raises:
        InputError: some do not.
    """
    import numpy as np

    limits, problems = np.iinfo(np.int32), []
    for name, array in arrays_of(examples).items():
        is_whole = name.startswith("x_") and array.dtype.kind in "iu"
        if not is_whole or np.can_cast(array.dtype, np.int32) or not array.size:
            continue
        low, high = int(array.min()), int(array.max())
        if low < limits.min or high > limits.max:
            rule = f"a network gets whole numbers from {limits.min} to {limits.max}"
            hint = "take off the lowest, number them anew, or give floats, of which it gets float32"
            problems.append(Problem(settings.dataset, rule, name, f"{low} to {high}", hint))
    if problems:
        raise InputError(*problems)


def class_counts(examples: Examples) -> dict[str, list[int]]:
    """How many examples of each class there are to draw from, by the setting that draws them."""
    import numpy as np

    labels = {"per_class": examples.y_train, "test_per_class": examples.y_test}
    classes = len(examples.class_names)
    return {key: np.bincount(y, minlength=classes).tolist() for key, y in labels.items()}


def check_counts(
    counts: Mapping[str, Sequence[int]], names: Sequence[str], settings: DataSettings
) -> None:
    """Makes sure that there are as many examples of each class as are drawn.

    Raises:
        InputError: there are fewer.
    """
    problems = []
    for key, of_classes in counts.items():
        wanted, least = getattr(settings, key), min(of_classes)
        if wanted is not None and least < wanted:
            rule = f"class {names[of_classes.index(least)]} has only {least} examples"
            problems.append(Problem(settings.dataset, rule, f"data.{key}", wanted))
    if problems:
        raise InputError(*problems)


def check_weights(
    training: TrainingSettings, names: Sequence[str], parts: Mapping[str, bool], dataset: str
) -> None:
    """Makes sure that every class has a weight, and every part that is measured by weights has some.

    Args:
        training: how networks are trained.
        names: the classes.
        parts: for each part that there is whether its examples are weighted, by what it is called.
        dataset: the data set.

    Raises:
        InputError: it is not so.
    """
    problems, given = [], training.class_weight
    if isinstance(given, Mapping):
        listed = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
        key = "training.class_weight"
        for name in given:
            if name not in names:
                rule = f"{dataset} has no such class; it has {listed}"
                problems.append(Problem(dataset, rule, key, name, did_you_mean(name, names)))
        lacking = [name for name in names if name not in given]
        if lacking:
            rule = f"must have a weight for each class, lacks {', '.join(lacking[:8])}"
            problems.append(Problem(dataset, rule, key))
    if training.weighted_metrics:
        for part, is_weighted in parts.items():
            if not is_weighted:
                rule = f"needs weights of the {part} examples, and there are none"
                hint = "give them, or leave weighted_metrics out"
                key = "training.weighted_metrics"
                problems.append(Problem(dataset, rule, key, True, hint))
    if problems:
        raise InputError(*problems)
