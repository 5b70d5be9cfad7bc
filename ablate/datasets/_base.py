"""What a data-set file must hold.

A file ``ablate/datasets/NAME.py`` makes the data set ``NAME``. It defines:

- ``Options``, a `DatasetOptions`: the set's own keys of a study's ``[data]`` table;
- ``source(options, places) -> str``: where the images come from, in words that change when the
  images do (a cached copy is kept under a hash of it);
- ``shape(options, places) -> DataShape``: the sizes, found without loading the images;
- ``load(options, places) -> Images``: the images themselves.

All raise `InputError` for files that are missing or wrong. Nothing heavy is imported at module level.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.spec.space import Frozen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class DatasetOptions(Frozen):
    """The own options of a data set; every field has a default or is required of the user."""


@dataclass(frozen=True)
class Places:
    """Folders in which a data set may look for its files."""

    home: Path | None = None
    """The folder that the user named for data files."""
    folder: Path = Path()
    """The folder of the study file."""


@dataclass(frozen=True)
class Images:
    """A data set as it was made: nothing drawn, split off or scaled beyond 0 to 1.

    Images are ``(n, height, width, channels)``, uint8 (0 to 255) or float32; labels are
    int64 ``(n,)``, from 0 to ``len(class_names) - 1``.

    An array that is mapped read-only, ``np.memmap``, and fills its file to the end is used where it
    lies and not copied; images may then be floats of any size.
    """

    x_train: NDArray[Any]
    y_train: NDArray[np.int64]
    x_test: NDArray[Any]
    y_test: NDArray[np.int64]
    class_names: tuple[str, ...]
