"""Whether a data set of another kind than labelled images is sound."""

from __future__ import annotations

from ablate import tasks
from ablate.data.writing import arrays_of
from ablate.datasets import Examples
from ablate.testing._subject import Subject


def check_examples(subject: Subject, images: object, task: str) -> None:
    """Checks the arrays of a data set that names its task.

    Raises:
        AssertionError: they are not what `ablate.datasets.Examples` says.
    """
    import numpy as np

    rule = "TASK must be the name of a task"
    subject.expect(task in tasks.names(), rule, found=task, hint=", ".join(tasks.names()))
    if not isinstance(images, Examples):
        found = type(images).__name__
        raise subject.broken("load must return ablate.datasets.Examples", found=found)
    means, names = tasks.find(task), images.class_names
    rule = "class_names must be a tuple of names, each another"
    subject.expect(len(set(names)) == len(names) > 0, rule, found=names)
    for split in ("train", "test"):
        y = getattr(images, f"y_{split}")
        shape = (len(y),) if means.has_classes else (len(y), len(names))
        kind = np.float64 if means.outputs == "numbers" else np.int64
        rule = f"y_{split} must be {np.dtype(kind)} of shape {shape}, for a {task}"
        subject.expect(y.dtype == kind and y.shape == shape, rule, found=f"{y.dtype} {y.shape}")
        if means.has_classes:
            rule = f"y_{split} must lie between 0 and {len(names) - 1}, as there are class_names"
            inside = bool(((y >= 0) & (y < len(names))).all())
            subject.expect(inside, rule, found=f"{y.min()} to {y.max()}" if len(y) else "none")
        own = {
            name: one for name, one in arrays_of(images).items() if name.startswith(f"x_{split}")
        }
        for name, array in own.items():
            rule = f"{name} must hold one example for each of the {len(y)} targets"
            subject.expect(len(array) == len(y), rule, found=len(array))
            if array.dtype.kind == "f" and images.fitted is None:
                rule = f"{name} must not hold NaN or infinity"
                subject.expect(bool(np.isfinite(array).all()), rule)
