"""Whether a data set keeps the promises of `ablate.datasets._base`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from ablate.config.validation import validate
from ablate.data.card import example_shape
from ablate.data.writing import arrays_of
from ablate.datasets import DatasetOptions, DataShape, Examples, Places
from ablate.errors import Problem
from ablate.spec.data import DataSettings
from ablate.tasks import DEFAULT
from ablate.testing._examples import check_examples
from ablate.testing._subject import Subject


def check_data_set(
    name: str,
    options: Mapping[str, Any] | None = None,
    *,
    home: str | PathLike[str] | None = None,
    folder: str | PathLike[str] = ".",
) -> None:
    """Checks that a data set defines what it must, and loads the same sound images each time.

    Args:
        name: the name under which it is registered.
        options: its own keys of a study's ``[data]`` table. Let them ask for few images: they are
            loaded twice.
        home: the folder for data files, where it needs one; otherwise it may download.
        folder: the folder of the study file, to which its options may be relative.

    Raises:
        AssertionError: a promise is not kept; says which, and what to do.
        InputError: the files that it needs are missing or wrong.
    """
    subject = Subject.load("datasets", name)
    _check_module(subject)
    chosen = _options(subject, name, options or {})
    module = subject.module
    task = getattr(module, "TASK", None)
    places = Places(None if home is None else Path(home), Path(folder), task or DEFAULT)
    _check_source(subject, module.source(chosen, places), module.source(chosen, places))
    images = module.load(chosen, places)
    if task is None:
        _check_images(subject, images)
    else:
        check_examples(subject, images, task)
    _check_shape(subject, module.shape(chosen, places), images)
    _check_same(subject, images, module.load(chosen, places))


def _check_module(subject: Subject) -> None:
    module = subject.module
    hint = "say in it what the images are"
    subject.expect(bool(module.__doc__), "its module must begin with a docstring", hint=hint)
    options = getattr(module, "Options", None)
    is_model = isinstance(options, type) and issubclass(options, DatasetOptions)
    rule = "must define Options, a subclass of ablate.datasets.DatasetOptions"
    subject.expect(is_model, rule, hint="leave it empty where the data set has no options")
    for function in ("source", "shape", "load"):
        rule = f"must define a function {function}(options, places)"
        hint = "ablate/datasets/_base.py says what it returns"
        subject.expect(callable(getattr(module, function, None)), rule, hint=hint)
    taken = sorted(set(module.Options.model_fields) & set(DataSettings.model_fields))
    rule = "an option must not have the name of a setting that every data set has"
    subject.expect(not taken, rule, found=", ".join(taken), hint="rename it")


def _options(subject: Subject, name: str, table: Mapping[str, Any]) -> DatasetOptions:
    """The options, once they are right and can be stored."""
    model: type[DatasetOptions] = subject.module.Options
    problems: list[Problem] = []
    chosen = validate(model, dict(table), subject.where, "", problems)
    if chosen is None:
        hint = f'name the options to check it with: check_data_set("{name}", {{...}})'
        told = [replace(problem, hint=problem.hint or hint) for problem in problems]
        raise AssertionError("\n".join(map(str, told)))
    stored = json.loads(chosen.model_dump_json())
    same = validate(model, stored, subject.where, "", problems) == chosen
    rule = "options must be the same after they were stored as JSON"
    hint = "a list must become a tuple again: see ablate/datasets/npz.py"
    subject.expect(same, rule, found=stored, hint=hint)
    return chosen


def _check_source(subject: Subject, first: object, second: object) -> None:
    is_line = isinstance(first, str) and first != "" and first.isprintable()
    rule = "source must give one line of text that can be printed"
    subject.expect(is_line, rule, found=first, hint="say where the images come from")
    rule = "source must say the same as long as the images are the same"
    hint = "leave out what changes by itself: the images are prepared anew whenever it changes"
    subject.expect(first == second, rule, found=second, hint=hint)


def _check_images(subject: Subject, images: object) -> None:
    if not isinstance(images, Examples):
        found = type(images).__name__
        raise subject.broken("load must return ablate.datasets.Examples", found=found)
    names = images.class_names
    are_names = isinstance(names, tuple) and len(set(names)) == len(names) > 1
    rule = "class_names must be a tuple of at least two names, each another"
    subject.expect(are_names, rule, found=names)
    for split in ("train", "test"):
        _check_split(subject, images, split)


def _check_split(subject: Subject, images: Examples, split: str) -> None:
    import numpy as np

    x, y = getattr(images, f"x_{split}"), getattr(images, f"y_{split}")
    x_train: Any = images.x_train
    is_array = isinstance(x, np.ndarray) and x.ndim == 4
    rule = f"x_{split} must be an array of images, (n, height, width, channels)"
    hint = "grey images have one channel: x[..., None]"
    subject.expect(is_array, rule, found=_kind(x), hint=hint)
    rule = f"x_{split} must hold images of the shape of those for training"
    found = f"{x.shape[1:]} and {x_train.shape[1:]}"
    subject.expect(x.shape[1:] == x_train.shape[1:], rule, found=found)
    is_mapped = isinstance(x, np.memmap)
    fits = x.dtype in (np.uint8, np.float32) or (is_mapped and x.dtype.kind == "f")
    rule = f"x_{split} must be uint8 from 0 to 255, or float32 from 0 to 1"
    subject.expect(fits, rule, found=_kind(x), hint="convert it with astype")

    are_labels = isinstance(y, np.ndarray) and y.dtype == np.int64 and y.shape == (len(x),)
    rule = f"y_{split} must hold one int64 label for each of the {len(x)} images"
    subject.expect(are_labels, rule, found=_kind(y), hint="convert it with astype")
    labels = sorted(set(y.tolist()))
    last = len(images.class_names) - 1
    rule = f"y_{split} must hold every label from 0 to {last}, as there are class_names"
    subject.expect(labels == list(range(last + 1)), rule, found=labels)
    if x.dtype == np.float32 and not is_mapped:
        low, high = float(x.min()), float(x.max())
        rule = f"x_{split} must lie between 0 and 1, and not be the same everywhere"
        subject.expect(0 <= low < high <= 1, rule, found=f"{low:g} to {high:g}")


def _check_shape(subject: Subject, told: object, images: Examples) -> None:
    loaded = DataShape(
        train=len(images.y_train),
        test=len(images.y_test),
        example=example_shape(images.x_train),
        classes=len(images.class_names),
    )
    rule = f"shape must agree with what load gives, {loaded}"
    subject.expect(told == loaded, rule, found=str(told))


def _check_same(subject: Subject, first: Examples, second: Examples) -> None:
    import numpy as np

    hint = 'draw with numpy.random.default_rng and a seed of your own: "seed" may be an option'
    for name, array in arrays_of(first).items():
        again = arrays_of(second)[name]
        same = np.array_equal(array, again, equal_nan=array.dtype.kind == "f")
        rule = f"load must give the same {name} each time: a study keeps a digest of the images"
        subject.expect(same, rule, hint=hint)
    rule = "load must give the same class_names each time"
    subject.expect(first.class_names == second.class_names, rule, found=second.class_names)


def _kind(value: Any) -> str:
    """A value's type, of an array with its shape."""
    shape = getattr(value, "shape", None)
    return type(value).__name__ if shape is None else f"{value.dtype} {shape}"
