"""What a data-set file must hold.

A file ``ablate/datasets/NAME.py`` makes the data set ``NAME``. It defines:

- ``Options``, a `DatasetOptions`: the set's own keys of a study's ``[data]`` table;
- ``source(options, places) -> str``: where the examples come from, in words that change when the
  examples do (a cached copy is kept under a hash of it; of a user's functions it also says which files
  they used);
- ``shape(options, places) -> DataShape``: the sizes, found without loading large files;
- ``load(options, places) -> Examples``: the examples themselves;
- where its files are named by their place from the study file: ``LOCAL = True``; what is prepared of
  those of one folder is then never taken for those of another;
- where its examples have an order in time: ``ORDERED = True``; ``split = "chronological"`` needs it;
- where its targets are no classes, or a network shall give one probability: ``TASK``, the name of
  its task, see `ablate.tasks`.

All raise `InputError` for files that are missing or wrong. Nothing heavy is imported at module level.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.spec.space import Frozen
from ablate.tasks import DEFAULT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ablate.user_code.used import Used

    Inputs = NDArray[Any] | Mapping[str, NDArray[Any]]
    """One array; or several, each for an input of the network's of its name."""


class DatasetOptions(Frozen):
    """The own options of a data set; every field has a default or is required of the user."""


@dataclass(frozen=True)
class Places:
    """Folders in which a data set may look for its files."""

    home: Path | None = None
    """The folder that the user named for data files."""
    folder: Path = Path()
    """The folder of the study file."""
    task: str = DEFAULT
    """What the study takes the targets for, see `ablate.tasks`."""
    positive: Any = None
    """The class whose probability a network shall give, where a study names it."""
    folded: bool = False
    """Whether no test part is to be drawn, because folds of the training part are tested on."""
    chronological: bool = False
    """Whether a test part that is drawn is to be the last in time."""


@dataclass(frozen=True)
class Fitted:
    """What is learnt of the columns of a table, from the training rows of each split."""

    scaled: tuple[bool, ...]
    """For each column whether its mean is taken off, and what is left divided by its deviation."""
    filled: tuple[bool, ...]
    """For each column whether what is missing, NaN, gets the median."""


@dataclass(frozen=True)
class Examples:
    """A data set as it was made: nothing drawn, split off or scaled beyond 0 to 1.

    Examples lie along the first axis. Examples are ``(n, height, width, channels)``, uint8 (0 to 255)
    or float32; other examples may have any shape, and whole numbers stay whole. Labels are int64
    ``(n,)``, from 0 to ``len(class_names) - 1``; of several labels int64 ``(n, labels)`` of 0 and 1;
    numbers float64 ``(n, numbers)``.

    An array that is mapped read-only, ``np.memmap``, and fills its file to the end is used where it
    lies and not copied; images may then be floats of any size.
    """

    x_train: Inputs
    y_train: NDArray[Any]
    x_test: Inputs
    y_test: NDArray[Any]
    class_names: tuple[str, ...]
    """Of classes, of several labels, or of the numbers that a network gives."""
    fitted: Fitted | None = None
    """Of a table."""
    x_val: Inputs | None = None
    y_val: NDArray[Any] | None = None
    """Its own validation part, where it has one."""
    groups: NDArray[Any] | None = None
    """Of each training example the group that it belongs to, whole numbers or text ``(n,)``; examples
    of one are kept together."""
    weights: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """How much each example counts, float64 ``(n,)``, of ``train``, ``val`` and ``test``; none where
    all count alike."""
    used: Used | None = None
    """The files that a user's function made them of; None of any other data set."""
