"""Arrays that a user keeps in files, and that are used where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.errors import InputError, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class InPlace:
    """An array in a file of the user's, which is not copied."""

    file: str
    dtype: str
    offset: int
    """Bytes before the array; it reaches from there to the end of the file."""
    shape: tuple[int, ...]
    size: int
    """Bytes of the whole file."""
    modified: int
    """When it was written last, in nanoseconds."""

    @classmethod
    def of(cls, array: NDArray[Any]) -> InPlace | None:
        """Where an array lies; None unless it is mapped read-only as its file holds it."""
        import numpy as np

        if not isinstance(array, np.memmap) or array.filename is None or array.mode != "r":
            return None
        status = Path(array.filename).stat()
        if not array.flags.c_contiguous or array.offset + array.nbytes != status.st_size:
            return None
        return cls(
            file=str(array.filename),
            dtype=array.dtype.str,
            offset=array.offset,
            shape=array.shape,
            size=status.st_size,
            modified=status.st_mtime_ns,
        )

    def open(self) -> NDArray[Any]:
        """The array, memory-mapped, read-only.

        Raises:
            InputError: its file is gone, or another than the one that was prepared.
        """
        import numpy as np

        path = Path(self.file)
        if not path.is_file():
            rule = "is gone; the examples are read from it, there is no copy"
            raise InputError(Problem(self.file, rule, hint="put it back and run again"))
        status = path.stat()
        if (status.st_size, status.st_mtime_ns) != (self.size, self.modified):
            rule = "was changed since the data set was prepared; the examples are read from it"
            hint = "put it back, or run again, and the data set is prepared anew"
            raise InputError(Problem(self.file, rule, hint=hint))
        return np.memmap(self.file, self.dtype, "r", self.offset, self.shape)
